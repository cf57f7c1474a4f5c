// SPDX-License-Identifier: MIT
#include "joule/data/readers/image_folder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "joule/core/error.h"
#include "joule/data/image/read_image.h"
#include "joule/io/input_file.h"

namespace joule {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 14> kImageSuffixes = {
    ".jpg", ".jpeg", ".jpe",  ".png",  ".ppm", ".pgm",  ".pbm",
    ".pnm", ".bmp",  ".webp", ".tiff", ".tif", ".heic", ".gif"};

bool is_named_as_image(const fs::path& path) {
  std::string suffix = path.extension().string();
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::ranges::find(kImageSuffixes, suffix) != kImageSuffixes.end();
}

bool is_image(const fs::path& path) {
  InputFile file(path.string());
  std::array<char, kImageMagic> first;
  const std::string_view bytes(first.data(), file.read(first.data(), first.size()));
  if (format_of(bytes)) return true;
  if (is_named_as_image(path)) {
    throw DataError(str(path.string(),
                        bytes.empty() ? ": the file is empty" : ": no image that Joule reads",
                        ", expected JPEG, PNG, PPM, PGM or PBM"));
  }
  return false;
}

/// What lies in a folder, by name; what is hidden does not count.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!at->path().filename().string().starts_with('.')) entries.push_back(at->path());
  }
  if (error) throw DataError(str(folder.string(), ": cannot be read: ", error.message()));
  std::ranges::sort(entries, {}, [](const fs::path& path) { return path.native(); });
  return entries;
}

/// A class's images.  `above`: the folders that lead there.
void collect(const fs::path& folder, std::vector<fs::path>& above, std::vector<fs::path>& images) {
  std::error_code none;
  const fs::path real = fs::canonical(folder, none);
  if (std::ranges::count(above, real)) {
    throw DataError(folder.string() + ": a link to a folder that it lies in");
  }
  above.push_back(real);
  for (const fs::path& entry : entries_of(folder)) {
    if (fs::is_directory(entry, none)) {
      collect(entry, above, images);
    } else if (is_image(entry)) {
      images.push_back(entry);
    }
  }
  above.pop_back();
}

std::vector<ImageFile> images_of(const fs::path& folder) {
  std::vector<fs::path> above, images;
  collect(folder, above, images);
  if (images.empty()) throw DataError(folder.string() + ": the class has no image");
  std::ranges::sort(images, [](const fs::path& a, const fs::path& b) {
    const int folders = a.parent_path().native().compare(b.parent_path().native());
    return folders != 0 ? folders < 0 : a.native() < b.native();
  });
  std::vector<ImageFile> files;
  for (const fs::path& image : images) files.push_back({.path = image.string()});
  return files;
}

std::vector<std::string> classes_of(const fs::path& half) {
  std::vector<std::string> names;
  std::error_code none;
  for (const fs::path& entry : entries_of(half)) {
    if (fs::is_directory(entry, none)) {
      names.push_back(entry.filename().string());
    } else if (is_image(entry)) {
      throw DataError(str(entry.string(), ": an image of no class, expected it in a folder of ",
                          half.string()));
    }
  }
  if (names.empty()) {
    throw DataError(half.string() + ": there is no folder of a class, expected one for each");
  }
  return names;
}

std::optional<fs::path> test_half(const fs::path& folder) {
  std::error_code none;
  for (const char* const name : {"test", "val"}) {
    if (fs::is_directory(folder / name, none)) return folder / name;
  }
  return std::nullopt;
}

ImageList read_half(const fs::path& half, const std::vector<std::string>& classes) {
  std::vector<std::vector<ImageFile>> images;
  for (const std::string& name : classes) images.push_back(images_of(half / name));
  return in_turn(std::move(images));
}

}  // namespace

bool holds_image_folder(const fs::path& folder) {
  std::error_code none;
  return fs::is_directory(folder / "train", none) && test_half(folder);
}

ImageSplit read_image_folder(const fs::path& folder) {
  const fs::path train = folder / "train";
  const auto test = test_half(folder);
  std::error_code none;
  if (!fs::is_directory(train, none) || !test) {
    throw DataError(str(folder.string(), ": a folder of images has train/ and test/ (or val/), ",
                        "with a folder for each class"));
  }
  const std::vector<std::string> classes = classes_of(train), tested = classes_of(*test);
  for (const auto& [names, others, half] :
       {std::tuple(&classes, &tested, *test), std::tuple(&tested, &classes, train)}) {
    for (const std::string& name : *names) {
      if (!std::ranges::count(*others, name)) {
        throw DataError(str(half.string(), ": there is no folder of the class ", name,
                            ", but the other half has one"));
      }
    }
  }
  return {.train = read_half(train, classes),
          .test = read_half(*test, classes),
          .class_names = classes};
}

}  // namespace joule

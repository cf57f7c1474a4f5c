// SPDX-License-Identifier: MIT
#include "joule/data/readers/celeba.h"

#include <algorithm>
#include <array>
#include <optional>

#include "joule/core/error.h"
#include "joule/io/parse_number.h"

namespace joule {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kAttributes = {"Heavy_Makeup", "Smiling",
                                                         "Mouth_Slightly_Open"};
constexpr std::string_view kAttributeList = "list_attr_celeba";
constexpr std::string_view kPartition = "list_eval_partition";

/// The list of that name, as text or as CSV, in the folder or one of those below.
std::optional<fs::path> find_list(const fs::path& folder, std::string_view name) {
  std::error_code none;
  for (const char* const below : {"", "Anno", "Eval"}) {
    for (const char* const suffix : {".txt", ".csv"}) {
      const fs::path path = folder / below / (std::string(name) + suffix);
      if (fs::is_regular_file(path, none)) return path.lexically_normal();
    }
  }
  return std::nullopt;
}

fs::path require_list(const fs::path& folder, std::string_view name) {
  if (auto path = find_list(folder, name)) return *path;
  throw DataError(
      str(folder.string(), ": ", name, ".txt is missing, expected there, in Anno or in Eval"));
}

fs::path require_images(const fs::path& folder) {
  constexpr const char* kName = "img_align_celeba";
  std::error_code none;
  for (const fs::path& place : {folder / kName / kName, folder / "Img" / kName, folder / kName}) {
    if (fs::is_directory(place, none)) return place;
  }
  throw DataError(str(folder.string(), ": the images are missing, expected the folder ", kName,
                      " there or in Img"));
}

/// A list with a line for each image: its name, and what is said of it.
class ImageLines {
 public:
  explicit ImageLines(const fs::path& path)
      : lines_(path.string()), separator_(path.extension() == ".csv" ? ',' : ' ') {}

  const TextLines& lines() const { return lines_; }
  bool is_csv() const { return separator_ == ','; }
  /// The parts of the next line; empty after the last.
  std::vector<std::string_view> next() {
    std::string_view line;
    if (!lines_.next(line)) return {};
    auto parts = parts_of(line, separator_);
    if (count_ > 0 && parts.size() != count_) {
      lines_.fail(str(parts.size(), " parts, expected ", count_));
    }
    return parts;
  }
  /// Each of the lines to come has so many parts.
  void expect(std::size_t count) { count_ = count; }

 private:
  TextLines lines_;
  char separator_;
  std::size_t count_ = 0;
};

class AttributeReader {
 public:
  explicit AttributeReader(const fs::path& path) : list_(path) {}

  CelebaLabels read() {
    read_head();
    CelebaLabels said;
    for (auto parts = list_.next(); !parts.empty(); parts = list_.next()) {
      std::int32_t label = 0;
      for (const std::size_t column : columns_) label = 2 * label + value(parts[column]);
      said.names.emplace_back(parts[0]);
      said.labels.push_back(label);
    }
    if (!list_.is_csv() && std::ssize(said.names) != stated_) {
      throw DataError(str(list_.lines().path(), ": lists ", said.names.size(),
                          " images, its first line says ", stated_));
    }
    return said;
  }

 private:
  void read_head() {
    auto names = list_.next();
    std::size_t before = 0;  // of the names that stand for a column
    if (!list_.is_csv()) {
      try {
        stated_ =
            parse_number<std::int64_t>("the number of images", names.size() == 1 ? names[0] : "");
      } catch (const ArgumentError& error) {
        list_.lines().fail(error.what());
      }
      names = list_.next();
      before = 1;  // the name of the image is not named
    }
    for (std::size_t i = 0; i < kAttributes.size(); ++i) {
      const auto found = std::ranges::find(names, kAttributes[i]);
      if (found == names.end()) list_.lines().fail(str("there is no attribute ", kAttributes[i]));
      columns_[i] = static_cast<std::size_t>(found - names.begin()) + before;
    }
    list_.expect(names.size() + before);
  }

  std::int32_t value(std::string_view text) const {
    if (text == "1") return 1;
    if (text != "-1") list_.lines().fail(str("an attribute is '", text, "', expected 1 or -1"));
    return 0;
  }

  ImageLines list_;
  std::int64_t stated_ = 0;
  std::array<std::size_t, kAttributes.size()> columns_{};
};

/// Of each image, in the order of `names`: 0 training, 1 validation, 2 test.
std::vector<int> read_partition(const fs::path& path, const std::vector<std::string>& names) {
  ImageLines list(path);
  list.expect(2);
  if (list.is_csv()) list.next();  // "image_id,partition"
  std::vector<int> parts;
  for (auto line = list.next(); !line.empty(); line = list.next()) {
    const std::string_view expected =
        parts.size() < names.size() ? std::string_view(names[parts.size()]) : "no more";
    if (line[0] != expected) {
      list.lines().fail(
          str("image ", line[0], ", expected ", expected, " as in the list of attributes"));
    }
    if (line[1] != "0" && line[1] != "1" && line[1] != "2") {
      list.lines().fail(
          str("part '", line[1], "', expected 0 (training), 1 (validation) or 2 (test)"));
    }
    parts.push_back(line[1][0] - '0');
  }
  if (parts.size() != names.size()) {
    throw DataError(str(path.string(), ": lists ", parts.size(), " images, expected ", names.size(),
                        " as in the list of attributes"));
  }
  return parts;
}

std::vector<std::string> class_names() {
  std::vector<std::string> names;
  for (int label = 0; label < 8; ++label) {
    std::string name;
    const auto add = [&](int bit, const char* text) {
      if (label & bit) name += (name.empty() ? "" : ", ") + std::string(text);
    };
    add(4, "heavy make-up");
    add(2, "smiling");
    add(1, "mouth open");
    names.push_back(name.empty() ? "none of the three" : name);
  }
  return names;
}

void require_images_of(const ImageSplit& split, const fs::path& folder) {
  for (const auto* const half : {&split.train, &split.test}) {
    if (half->files.empty()) {
      throw DataError(str(folder.string(), ": there are no ",
                          half == &split.train ? "training" : "test", " images"));
    }
  }
  for (std::size_t label = 0; label < split.class_names.size(); ++label) {
    if (!std::ranges::count(split.train.labels, static_cast<std::int32_t>(label))) {
      throw DataError(str(folder.string(), ": of class ", label, " (", split.class_names[label],
                          ") there is no training image"));
    }
  }
}

}  // namespace

bool holds_celeba(const fs::path& folder) { return find_list(folder, kAttributeList).has_value(); }

CelebaLabels read_celeba_labels(const std::string& path) { return AttributeReader(path).read(); }

ImageSplit read_celeba(const fs::path& folder) {
  const fs::path list = require_list(folder, kAttributeList);
  const CelebaLabels said = read_celeba_labels(list.string());
  const auto parts = read_partition(require_list(folder, kPartition), said.names);
  const fs::path images = require_images(folder);
  ImageSplit split{.class_names = class_names()};
  std::error_code none;
  for (std::size_t i = 0; i < said.names.size(); ++i) {
    const std::string path = (images / said.names[i]).string();
    if (!fs::is_regular_file(path, none)) {
      throw DataError(str(path, ": no such file, but ", list.string(), " lists it"));
    }
    if (parts[i] == 1) continue;
    (parts[i] == 0 ? split.train : split.test).add({.path = path}, said.labels[i]);
  }
  require_images_of(split, folder);
  return split;
}

}  // namespace joule

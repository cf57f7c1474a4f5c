// SPDX-License-Identifier: MIT
#include "joule/data/readers/gtsrb.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "joule/core/error.h"
#include "joule/io/parse_number.h"

namespace joule {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kColumns = {"Filename", "Width",  "Height", "Roi.X1",
                                                      "Roi.Y1",   "Roi.X2", "Roi.Y2", "ClassId"};

constexpr std::array<std::string_view, kGtsrbClasses> kClassNames = {
    "Speed limit (20km/h)",
    "Speed limit (30km/h)",
    "Speed limit (50km/h)",
    "Speed limit (60km/h)",
    "Speed limit (70km/h)",
    "Speed limit (80km/h)",
    "End of speed limit (80km/h)",
    "Speed limit (100km/h)",
    "Speed limit (120km/h)",
    "No passing",
    "No passing for vehicles over 3.5 metric tons",
    "Right-of-way at the next intersection",
    "Priority road",
    "Yield",
    "Stop",
    "No vehicles",
    "Vehicles over 3.5 metric tons prohibited",
    "No entry",
    "General caution",
    "Dangerous curve to the left",
    "Dangerous curve to the right",
    "Double curve",
    "Bumpy road",
    "Slippery road",
    "Road narrows on the right",
    "Road work",
    "Traffic signals",
    "Pedestrians",
    "Children crossing",
    "Bicycles crossing",
    "Beware of ice/snow",
    "Wild animals crossing",
    "End of all speed and passing limits",
    "Turn right ahead",
    "Turn left ahead",
    "Ahead only",
    "Go straight or right",
    "Go straight or left",
    "Keep right",
    "Keep left",
    "Roundabout mandatory",
    "End of no passing",
    "End of no passing by vehicles over 3.5 metric tons"};

/// "00007".
std::string folder_of(int label) {
  std::string name = std::to_string(label);
  return std::string(5 - name.size(), '0') + name;
}

std::optional<fs::path> first_folder(const fs::path& folder,
                                     std::initializer_list<const char*> names) {
  std::error_code none;
  for (const char* const name : names) {
    if (fs::is_directory(folder / name, none)) return folder / name;
  }
  return std::nullopt;
}

std::optional<fs::path> training_folder(const fs::path& folder) {
  for (const fs::path& above : {folder, folder / "GTSRB"}) {
    for (const char* const name : {"Final_Training/Images", "Training"}) {
      if (first_folder(above / name, {"00000"})) return above / name;
    }
  }
  return std::nullopt;
}

/// The numbers of one line, in the order of kColumns.
struct Row {
  std::string_view name;
  std::array<std::int64_t, kColumns.size()> numbers{};
};

class ListReader {
 public:
  ListReader(const std::string& path, const fs::path& images) : lines_(path), images_(images) {}

  ImageList read() {
    std::string_view line;
    if (!lines_.next(line)) throw DataError(lines_.path() + ": the list is empty");
    find_columns(line);
    ImageList list;
    while (lines_.next(line)) {
      const Row row = row_of(line);
      const std::int64_t label = row.numbers[7];
      if (label < 0 || label >= kGtsrbClasses) {
        lines_.fail(str("class ", label, ", expected 0 to ", kGtsrbClasses - 1));
      }
      list.add(file_of(row), static_cast<std::int32_t>(label));
    }
    if (list.files.empty()) throw DataError(lines_.path() + ": lists no image");
    return list;
  }

 private:
  void find_columns(std::string_view line) {
    const auto names = parts_of(line, ';');
    parts_ = names.size();
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const auto found = std::ranges::find(names, kColumns[i]);
      if (found == names.end()) {
        lines_.fail(str("there is no column ", kColumns[i], ", expected Filename;Width;Height;",
                        "Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"));
      }
      columns_[i] = static_cast<std::size_t>(found - names.begin());
    }
  }

  Row row_of(std::string_view line) {
    const auto parts = parts_of(line, ';');
    if (parts.size() != parts_) {
      lines_.fail(str(parts.size(), " parts, expected ", parts_, " as in the first line"));
    }
    Row row{.name = parts[columns_[0]]};
    for (std::size_t i = 1; i < kColumns.size(); ++i) {
      try {
        row.numbers[i] = parse_number<int>(kColumns[i], parts[columns_[i]]);
      } catch (const ArgumentError& error) {
        lines_.fail(error.what());
      }
    }
    return row;
  }

  ImageFile file_of(const Row& row) {
    const auto& [unused, width, height, x1, y1, x2, y2, label] = row.numbers;
    if (width < 1 || height < 1) lines_.fail(str("an image of ", height, "x", width));
    if (x1 < 0 || y1 < 0 || x2 <= x1 || y2 <= y1 || x2 > width || y2 > height) {
      lines_.fail(str("the region of interest from ", x1, ",", y1, " to ", x2, ",", y2,
                      " is not in an image ", width, " wide and ", height, " high"));
    }
    if (row.name.empty() || row.name.starts_with('.') ||
        row.name.find('/') != std::string_view::npos) {
      lines_.fail(str("'", row.name, "' is no name of an image beside it"));
    }
    if (!names_.emplace(row.name).second) lines_.fail(str(row.name, " comes twice"));
    return {.path = (images_ / row.name).string(),
            .size = Size2{height, width},
            .region = Box{y1, x1, y2 - y1, x2 - x1}};
  }

  TextLines lines_;
  fs::path images_;
  std::size_t parts_ = 0;
  std::array<std::size_t, kColumns.size()> columns_{};
  std::set<std::string, std::less<>> names_;
};

/// Whatever is listed is there, and whatever is there is listed; what is hidden, and lists, do not
/// count.
void check_files(const ImageList& list, const fs::path& folder, const std::string& list_path) {
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.') && !name.ends_with(".csv")) there.insert(entry.path().string());
  }
  for (const ImageFile& file : list.files) {
    if (there.erase(file.path) == 0) {
      throw DataError(str(file.path, ": no such file, but ", list_path, " lists it"));
    }
  }
  if (!there.empty()) {
    throw DataError(str(*there.begin(), ": ", list_path, " does not list it, nor ",
                        there.size() - 1, " others of ", list.files.size() + there.size()));
  }
}

std::vector<ImageFile> read_class(const fs::path& training, int label) {
  const fs::path folder = training / folder_of(label);
  std::error_code none;
  if (!fs::is_directory(folder, none)) {
    throw DataError(str(folder.string(), ": no such folder, expected the images of class ", label));
  }
  const std::string path = (folder / ("GT-" + folder_of(label) + ".csv")).string();
  ImageList list = read_gtsrb_list(path, folder);
  for (const std::int32_t said : list.labels) {
    if (said != label) {
      throw DataError(str(path, ": lists an image of class ", said, ", expected ", label));
    }
  }
  check_files(list, folder, path);
  return std::move(list.files);
}

ImageList read_test(const fs::path& folder) {
  std::error_code none;
  const auto images = first_folder(folder, {"Final_Test/Images", "GTSRB/Final_Test/Images"});
  if (!images) {
    throw DataError(str(folder.string(), ": the test images are missing, expected ",
                        "Final_Test/Images or GTSRB/Final_Test/Images there"));
  }
  constexpr const char* kList = "GT-final_test.csv";
  for (const fs::path& place :
       {folder, folder / "GTSRB", *images, images->parent_path(), folder.parent_path()}) {
    if (!fs::exists(place / kList, none)) continue;
    ImageList list = read_gtsrb_list((place / kList).string(), *images);
    check_files(list, *images, (place / kList).string());
    return list;
  }
  throw DataError(str(folder.string(), ": the labels of the test images are missing, expected ",
                      kList, " there, beside Final_Test, or beside the test images"));
}

}  // namespace

bool holds_gtsrb(const fs::path& folder) { return training_folder(folder).has_value(); }

ImageList read_gtsrb_list(const std::string& path, const fs::path& images) {
  return ListReader(path, images).read();
}

ImageSplit read_gtsrb(const fs::path& folder) {
  const auto training = training_folder(folder);
  if (!training) {
    throw DataError(str(folder.string(), ": the training images are missing, expected ",
                        "Final_Training/Images/00000 or Training/00000 there or in GTSRB"));
  }
  std::vector<std::vector<ImageFile>> classes;
  for (int label = 0; label < kGtsrbClasses; ++label) {
    classes.push_back(read_class(*training, label));
  }
  return {.train = in_turn(std::move(classes)),
          .test = read_test(folder),
          .class_names = {kClassNames.begin(), kClassNames.end()}};
}

}  // namespace joule

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/data/image_files.h"

namespace joule {

/// Image files and their labels, as the readers of image sets list them.
struct ImageList {
  std::vector<ImageFile> files;
  std::vector<std::int32_t> labels;

  void add(ImageFile file, std::int32_t label) {
    files.push_back(std::move(file));
    labels.push_back(label);
  }
};

struct ImageSplit {
  ImageList train, test;
  std::vector<std::string> class_names;
};

/// The images of the classes in turn: the first of each class, then the second of each, ..., so
/// that the first n images cover all classes.  classes[k] are the images of label k.
ImageList in_turn(std::vector<std::vector<ImageFile>> classes);

/// The lines of a text file, without line ends (LF or CRLF) and without a byte order mark; empty
/// lines at the end are ignored.
///
/// Errors    DataError as read_file(), or for a zero byte.
class TextLines {
 public:
  explicit TextLines(std::string path);

  const std::string& path() const { return path_; }
  /// The next line; false after the last.
  bool next(std::string_view& line);

  /// Throws DataError with the path, the line that next() returned last, and `what`.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::string path_, text_;
  std::size_t at_ = 0;
  std::int64_t number_ = 0;
};

/// The fields of a line, each ended by a separator or the end of the line; spaces around a field
/// are removed.  With ' ' as the separator, any number of spaces counts as one, and spaces at both
/// ends of the line are ignored.
std::vector<std::string_view> parts_of(std::string_view line, char separator);

}  // namespace joule

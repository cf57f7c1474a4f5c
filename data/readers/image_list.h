// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/data/image_files.h"

namespace joule {

/// Image files and their labels, as the readers of sets of images list them.
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

/// The images of the classes in turn, the first of each, then the second, ..., so that the first n
/// images are of all classes.  classes[k] are the images of label k.
ImageList in_turn(std::vector<std::vector<ImageFile>> classes);

/// The lines of a text file, without their ends (LF or CRLF) and without a byte order mark; empty
/// lines at the end are none.
///
/// Errors    DataError as read_file(); a byte of 0.
class TextLines {
 public:
  explicit TextLines(std::string path);

  const std::string& path() const { return path_; }
  /// The next line; false after the last.
  bool next(std::string_view& line);

  /// Throws DataError: the path, the line that next() gave last, and `what`.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::string path_, text_;
  std::size_t at_ = 0;
  std::int64_t number_ = 0;
};

/// The parts of a line between separators: each of `separators` ends one; spaces around a part are
/// left out.  With ' ' as the separator any number of spaces is one, and none begins or ends a
/// line.
std::vector<std::string_view> parts_of(std::string_view line, char separator);

}  // namespace joule

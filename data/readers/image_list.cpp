// SPDX-License-Identifier: MIT
#include "joule/data/readers/image_list.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/io/input_file.h"

namespace joule {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

}  // namespace

ImageList in_turn(std::vector<std::vector<ImageFile>> classes) {
  std::size_t most = 0;
  for (const auto& images : classes) most = std::max(most, images.size());
  ImageList list;
  for (std::size_t i = 0; i < most; ++i) {
    for (std::size_t k = 0; k < classes.size(); ++k) {
      if (i < classes[k].size()) list.add(std::move(classes[k][i]), static_cast<std::int32_t>(k));
    }
  }
  return list;
}

TextLines::TextLines(std::string path) : path_(std::move(path)), text_(read_file(path_)) {
  if (text_.find('\0') != std::string::npos) {
    throw DataError(str(path_, ": at byte ", text_.find('\0'), ": a byte of 0, expected text"));
  }
  if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  text_.erase(std::max(at_, text_.find_last_not_of(" \t\r\n") + 1));
}

bool TextLines::next(std::string_view& line) {
  if (at_ >= text_.size()) return false;
  const std::size_t end = std::min(text_.find('\n', at_), text_.size());
  line = std::string_view(text_).substr(at_, end - at_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  at_ = end + 1;
  ++number_;
  return true;
}

void TextLines::fail(const std::string& what) const {
  throw DataError(str(path_, ": line ", number_, ": ", what));
}

std::vector<std::string_view> parts_of(std::string_view line, char separator) {
  std::vector<std::string_view> parts;
  if (separator == ' ') line = trimmed(line);
  while (true) {
    const std::size_t end = std::min(line.find(separator), line.size());
    parts.push_back(trimmed(line.substr(0, end)));
    if (end == line.size()) return parts;
    line.remove_prefix(end + 1);
    if (separator == ' ') line = trimmed(line);
  }
}

}  // namespace joule

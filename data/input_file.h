// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace joule {

/// A regular file that is being read from its beginning to its end.
///
/// Errors    DataError if it is missing, not a regular file, or cannot be opened or read.
class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  /// Bytes, when it was opened.
  std::uint64_t size() const { return size_; }
  /// Reads `bytes` bytes, fewer only at the end of the file.  Returns how many.
  std::size_t read(void* to, std::size_t bytes);

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// The whole contents.  Errors: DataError as InputFile.
std::string read_file(const std::string& path);

}  // namespace joule

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace joule {

/// The default limit for texts that Joule reads as a whole.
inline constexpr std::uint64_t kMaxTextBytes = std::uint64_t{64} << 20;

/// A regular file that is read from beginning to end.
///
/// Errors    DataError if it is missing, not a regular file, or cannot be opened or read.
class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  /// The size in bytes when it was opened.
  std::uint64_t size() const { return size_; }
  /// Reads `bytes` bytes; fewer only at the end of the file.  Returns the number.
  std::size_t read(void* to, std::size_t bytes);
  /// Reads from `offset` instead; does not change where read() continues.
  std::size_t read_at(std::uint64_t offset, void* to, std::size_t bytes) const;

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// The whole contents.  `what` is for the error message: "a profile".
///
/// Errors    DataError as InputFile, or if there are more than `max_bytes`.
std::string read_file(const std::string& path, std::uint64_t max_bytes = kMaxTextBytes,
                      std::string_view what = "such a file");

}  // namespace joule

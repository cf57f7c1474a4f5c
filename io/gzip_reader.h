// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "joule/core/error.h"
#include "joule/io/input_file.h"

namespace joule {

/// Reads the unpacked bytes of a file that may be gzipped (detected by its first bytes, 1f 8b).
///
/// Errors    DataError as InputFile, or if gzip data is damaged (checksums are verified), ends
///           early, or is followed by anything but zeros.
/// Source    RFC 1952; as with gzip(1), consecutive members form one file, and zeros after the last
///           (tape padding) belong to none.
class GzipReader {
 public:
  explicit GzipReader(const std::string& path);
  ~GzipReader();

  const std::string& path() const { return file_.path(); }
  /// The number of unpacked bytes returned so far.
  std::uint64_t offset() const { return offset_; }
  /// Reads `bytes` bytes; fewer only at the end, after verifying the checksums.  Returns
  /// the number.
  std::size_t read(void* to, std::size_t bytes);
  /// Reads up to `limit` bytes.  Memory grows with what arrives, not with the limit.
  std::vector<std::uint8_t> read_at_most(std::uint64_t limit);

  /// Throws DataError with the path, the offset and `what`.
  template <class... Ts>
  [[noreturn]] void fail(const Ts&... what) const {
    throw DataError(str(path(), ": at byte ", offset_, ": ", what...));
  }

 private:
  struct Inflate;
  bool refill();
  std::size_t read_plain(std::uint8_t* to, std::size_t bytes);
  std::size_t read_packed(std::uint8_t* to, std::size_t bytes);
  void skip_padding();

  InputFile file_;
  std::unique_ptr<Inflate> inflate_;  // null: the file is not packed
  std::array<std::uint8_t, 65536> input_;
  std::size_t next_ = 0, filled_ = 0;  // of input_
  std::uint64_t offset_ = 0;
};

}  // namespace joule

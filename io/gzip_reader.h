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

/// Reads a file that may be gzipped (told by its first two bytes, 1f 8b): the unpacked bytes.
///
/// Errors    DataError as InputFile, and for gzip data that is damaged (its check sums are
///           verified), ends early, or is followed by something else than zeros.
/// Source    RFC 1952; several members in a row are one file, and zeros to the end of the last
///           block of a tape belong to none, as for gzip(1).
class GzipReader {
 public:
  explicit GzipReader(const std::string& path);
  ~GzipReader();

  const std::string& path() const { return file_.path(); }
  /// Unpacked bytes that were handed out.
  std::uint64_t offset() const { return offset_; }
  /// Reads `bytes` bytes, fewer only at the end: then the check sums have been verified.  Returns
  /// how many.
  std::size_t read(void* to, std::size_t bytes);
  /// Reads up to `limit` bytes.  Memory grows with what arrives, not with the limit.
  std::vector<std::uint8_t> read_at_most(std::uint64_t limit);

  /// Throws DataError: the path, the offset and `what`.
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

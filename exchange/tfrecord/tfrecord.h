// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "joule/io/gzip_reader.h"

namespace joule::exchange {

/// The CRC with Castagnoli's polynomial 0x1EDC6F41, reflected, as in iSCSI (RFC 3720).
std::uint32_t crc32c(std::string_view bytes);

/// As in TFRecord files: rotated right by 15 bits, plus 0xa282ead8, so that the checksum of data
/// that contains checksums is not trivial.
std::uint32_t masked_crc32c(std::string_view bytes);

/// A record of a TFRecord file: the length of the data (8 bytes, little-endian), the masked CRC of
/// those 8 bytes (4), the data, and the masked CRC of the data (4).
///
/// Source    tensorflow.org/tutorials/load_data/tfrecord, "TFRecords format details".
std::string tfrecord(std::string_view data);

/// Reads a TFRecord file, which may be gzipped.
class TfRecordReader {
 public:
  static constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;  // of a record's data

  /// Errors    DataError as GzipReader.
  explicit TfRecordReader(const std::string& path) : file_(path) {}

  /// The next record; false at the end of the file.
  ///
  /// Errors    DataError (path, position of the record, what is wrong): a wrong checksum, a record
  ///           longer than kMostBytes, or a truncated one.
  bool next(std::string& data);

  /// Where the last record began.
  std::uint64_t offset() const { return start_; }
  /// Throws DataError: path, offset() and what is wrong.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  void read(void* to, std::size_t bytes);
  GzipReader file_;
  std::uint64_t start_ = 0;
};

}  // namespace joule::exchange

// SPDX-License-Identifier: MIT
#include "joule/exchange/tfrecord/tfrecord.h"

#include <array>
#include <bit>
#include <boost/crc.hpp>
#include <cstring>

#include "joule/core/error.h"

namespace joule::exchange {
namespace {

/// `bytes` as a little-endian number.
template <class T>
T little_endian(const char* bytes) {
  T number = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    number = static_cast<T>(number << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return number;
}

template <class T>
std::string little_endian_bytes(T number) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(number >> (8 * i) & 0xff);
  return bytes;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8U;
}

std::string tfrecord(std::string_view data) {
  const std::string length = little_endian_bytes(static_cast<std::uint64_t>(data.size()));
  return str(length, little_endian_bytes(masked_crc32c(length)), data,
             little_endian_bytes(masked_crc32c(data)));
}

void TfRecordReader::fail(const std::string& what) const {
  throw DataError(str(file_.path(), ": record at byte ", start_, ": ", what));
}

void TfRecordReader::read(void* to, std::size_t bytes) {
  if (file_.read(to, bytes) != bytes) fail("the file ends within it");
}

bool TfRecordReader::next(std::string& data) {
  start_ = file_.offset();
  std::array<char, 12> head{};
  const std::size_t read_bytes = file_.read(head.data(), head.size());
  if (read_bytes == 0) return false;
  if (read_bytes != head.size()) fail("the file ends within it");
  const auto length = little_endian<std::uint64_t>(head.data());
  if (masked_crc32c({head.data(), 8}) != little_endian<std::uint32_t>(head.data() + 8)) {
    fail("the check sum of its length is wrong: damaged, or no TFRecord file");
  }
  if (length > kMostBytes)
    fail(str("is of ", length, " bytes, more than the ", kMostBytes, " that one may have"));
  data.resize(static_cast<std::size_t>(length));
  read(data.data(), data.size());
  std::array<char, 4> sum{};
  read(sum.data(), sum.size());
  if (masked_crc32c(data) != little_endian<std::uint32_t>(sum.data())) {
    fail("the check sum of its data is wrong: damaged");
  }
  return true;
}

}  // namespace joule::exchange

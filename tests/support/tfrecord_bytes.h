// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// TFRecord files, written bit by bit as their description says.
namespace joule::test {

/// CRC-32C, a bit at a time.
inline std::uint32_t slow_crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
  }
  return ~crc;
}

inline std::string little_endian(std::uint64_t number, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(number >> (8 * i) & 0xff);
  return text;
}

inline std::string masked_sum(std::string_view bytes) {
  const std::uint32_t crc = slow_crc32c(bytes);
  return little_endian(static_cast<std::uint32_t>((crc >> 15 | crc << 17) + 0xa282ead8), 4);
}

/// The length of a record and its check sum.
inline std::string tfrecord_head(std::uint64_t length) {
  const std::string text = little_endian(length, 8);
  return text + masked_sum(text);
}

inline std::string tfrecord(std::string_view data) {
  return tfrecord_head(data.size()) + std::string(data) + masked_sum(data);
}

}  // namespace joule::test

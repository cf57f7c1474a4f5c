// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

// The contents of files of each format.
namespace joule::test {

/// As gzip would write it.
inline std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::logic_error("deflate: no end");
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

/// Some bytes that are all different from their neighbours.
inline std::string counting_bytes(std::size_t count, int first = 0) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(first + i * 7);
  return bytes;
}

/// An IDX file of images of the given extents, or of labels.
inline std::string idx_images(std::uint32_t n, std::uint32_t h, std::uint32_t w,
                              std::string_view pixels) {
  return big_endian(0x803) + big_endian(n) + big_endian(h) + big_endian(w) + std::string(pixels);
}
inline std::string idx_labels(std::uint32_t n, std::string_view labels) {
  return big_endian(0x801) + big_endian(n) + std::string(labels);
}

/// Arrays in arrays, `depth` of them.
inline std::string nested_json(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

/// A safetensors file of this header and these data.
inline std::string safetensors_file(std::string_view header, std::string_view data) {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + std::string(header) + std::string(data);
}

}  // namespace joule::test

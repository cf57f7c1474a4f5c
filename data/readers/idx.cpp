// SPDX-License-Identifier: MIT
#include "joule/data/readers/idx.h"

#include <array>
#include <iomanip>

#include "joule/core/error.h"
#include "joule/io/gzip_reader.h"

namespace joule {
namespace {

std::uint32_t read_big_endian(GzipReader& file) {
  std::array<std::uint8_t, 4> b{};
  if (file.read(b.data(), b.size()) < b.size()) file.fail("the file ends within the IDX header");
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

Shape read_shape(GzipReader& file, int rank) {
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  for (int i = 0; i < rank; ++i) dims[i] = read_big_endian(file);
  try {
    return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(rank)));
  } catch (const ArgumentError& error) {
    file.fail("the IDX header promises too much: ", error.what());
  }
}

}  // namespace

Idx read_idx(const std::string& path, int rank) {
  require(rank >= 1 && rank <= Shape::kMaxRank, "read_idx: rank must be 1 to 4, got ", rank);
  GzipReader file(path);
  const std::uint32_t magic = read_big_endian(file);
  const std::uint32_t expected = 0x0800 + static_cast<std::uint32_t>(rank);  // 08: unsigned bytes
  if (magic != expected) {
    throw DataError(str(path, ": at byte 0: the magic number is 0x", std::hex, std::setfill('0'),
                        std::setw(8), magic, ", expected 0x", std::setw(8), expected,
                        " (IDX, unsigned bytes, ", rank,
                        rank == 1 ? " dimension)" : " dimensions)"));
  }
  Idx idx{.shape = read_shape(file, rank), .values = {}};
  const auto promised = static_cast<std::uint64_t>(idx.shape.numel());
  if (promised > kMaxIdxBytes) {
    file.fail("the IDX header promises ", idx.shape, " = ", promised, " bytes, expected at most ",
              kMaxIdxBytes);
  }
  idx.values = file.read_at_most(promised);
  if (idx.values.size() < promised) {
    file.fail("the file is truncated: the header promises ", idx.shape, " = ", promised,
              " bytes, there are ", idx.values.size());
  }
  if (std::uint8_t beyond = 0; file.read(&beyond, 1) > 0) {
    file.fail("the file goes on after the ", idx.shape, " = ", promised,
              " bytes that the header promises");
  }
  return idx;
}

}  // namespace joule

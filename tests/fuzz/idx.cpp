// SPDX-License-Identifier: MIT
#include "joule/data/readers/idx.h"

#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) {
  for (const int rank : {1, 3}) {
    try {
      const Idx idx = read_idx(file_in_memory(bytes), rank);
      require(idx.shape.rank() == rank, "another rank");
      require(static_cast<std::uint64_t>(idx.shape.numel()) == idx.values.size(), "another size");
    } catch (const DataError&) {
    }
  }
}

std::vector<std::string> seeds() {
  const std::string images = test::idx_images(2, 2, 3, test::counting_bytes(12));
  const std::string labels = test::idx_labels(3, "\1\2\3");
  return {images,
          labels,
          test::gzipped(images),
          test::gzipped(labels) + std::string(5, '\0'),
          test::gzipped(images.substr(0, 9)) + test::gzipped(images.substr(9)),
          test::idx_images(0xffffffff, 0xffffffff, 0xffffffff, "")};
}

}  // namespace

const Reader kIdx{.name = "idx", .read = read, .seeds = seeds};

}  // namespace joule::fuzz

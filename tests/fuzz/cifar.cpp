// SPDX-License-Identifier: MIT
#include "joule/data/readers/cifar.h"

#include "joule/core/error.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) {
  for (const CifarFormat& format : {kCifar10, kCifar100}) {
    try {
      const std::string path = file_in_memory(bytes);
      const Dataset set = read_cifar({&path, 1}, format);
      require(set.size() > 0 && set.shape.numel() == std::ssize(*set.pixels), "another size");
    } catch (const DataError&) {
    }
  }
}

std::vector<std::string> seeds() {
  const std::string one = "\3" + test::counting_bytes(3072);
  const std::string fine = "\1\62" + test::counting_bytes(3072);
  return {one + one, fine, test::gzipped(one), test::gzipped(fine + fine)};
}

}  // namespace

const Reader kCifar{.name = "cifar", .read = read, .seeds = seeds};

}  // namespace joule::fuzz

// SPDX-License-Identifier: MIT
#include "joule/data/readers/cifar.h"

#include <vector>

#include "joule/io/gzip_reader.h"

namespace joule {
namespace {

constexpr std::size_t kCifarPlane = 32 * 32;
constexpr std::size_t kCifarChannels = 3;

void append_file(const std::string& path, const CifarFormat& format,
                 std::vector<std::uint8_t>& pixels, std::vector<std::int32_t>& labels) {
  GzipReader file(path);
  const auto label_bytes = static_cast<std::size_t>(format.label_bytes);
  std::vector<std::uint8_t> record(label_bytes + kCifarChannels * kCifarPlane);
  const std::uint8_t* const planes = record.data() + label_bytes;
  const std::size_t before = labels.size();
  while (const std::size_t got = file.read(record.data(), record.size())) {
    if (got < record.size()) {
      file.fail("the file is truncated: its last record has ", got, " bytes, expected ",
                record.size());
    }
    if (labels.size() - before == static_cast<std::size_t>(format.max_records)) {
      file.fail("the file goes on after ", format.max_records, " images, the most that one has");
    }
    const int label = record[label_bytes - 1];
    if (label >= format.classes) {
      file.fail("the record that ends here has label ", label, ", expected 0 to ",
                format.classes - 1);
    }
    labels.push_back(label);
    for (std::size_t i = 0; i < kCifarPlane; ++i) {
      for (std::size_t c = 0; c < kCifarChannels; ++c)
        pixels.push_back(planes[c * kCifarPlane + i]);
    }
  }
  if (file.offset() == 0) file.fail("the file is empty, expected records of CIFAR images");
}

}  // namespace

Dataset read_cifar(std::span<const std::string> paths, const CifarFormat& format) {
  Dataset set;
  std::vector<std::uint8_t> pixels;
  for (const std::string& path : paths) append_file(path, format, pixels, set.labels);
  set.shape = {static_cast<std::int64_t>(set.labels.size()), 32, 32, kCifarChannels};
  set.pixels = std::make_shared<const std::vector<std::uint8_t>>(std::move(pixels));
  return set;
}

}  // namespace joule

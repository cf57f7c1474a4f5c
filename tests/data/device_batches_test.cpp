// SPDX-License-Identifier: MIT
#include "joule/data/device_batches.h"

#include <algorithm>

#include "joule/core/backend/memory.h"
#include "joule/data/synthetic.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

Dataset small_set(std::int64_t images) {
  return make_synthetic({.train = images, .test = 1, .classes = 5, .size = {6, 7}, .channels = 3})
      .train;
}

/// On the CPU, and on the device that is here, if one is.
class DeviceBatchesOn : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (const std::string why = unavailable(GetParam()); !why.empty()) GTEST_SKIP() << why;
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, DeviceBatchesOn, testing::Values(Device::cpu, Device::cuda));

TEST_P(DeviceBatchesOn, AreThoseOfTheLoader) {
  DataLoader loader(small_set(50), {.batch = 8, .transforms = {horizontal_flip()}});
  loader.set_epoch(1, 2);
  std::vector<Batch> batches;
  for (const Batch& batch : DeviceBatches(loader, GetParam())) batches.push_back(batch);
  std::size_t i = 0;
  for (const Batch& expected : loader) {
    ASSERT_LT(i, batches.size());
    EXPECT_EQ(batches[i].images.device(), GetParam());
    EXPECT_EQ(batches[i].labels.device(), GetParam());
    expect_same_bits(batches[i].images.to(Device::cpu), expected.images);
    EXPECT_TRUE(std::ranges::equal(batches[i].labels.to(Device::cpu).values<std::int32_t>(),
                                   expected.labels.values<std::int32_t>()));
    ++i;
  }
  EXPECT_EQ(i, batches.size());
}

TEST_P(DeviceBatchesOn, AnErrorComesOutAtItsBatch) {
  const Transform fails_later = [](const Image& image, Generator&) {
    if (image.pixels[0] == 1.0f) throw ArgumentError("a transform failed");
  };
  Dataset set = small_set(50);
  auto pixels = *set.pixels;
  for (std::size_t i = 0; i < 50; ++i) pixels[i * 6 * 7 * 3] = i == 20 ? 255 : 0;
  set.pixels = std::make_shared<const std::vector<std::uint8_t>>(pixels);
  const DataLoader loader(set, {.batch = 8, .shuffle = false, .transforms = {fails_later}});
  int batches = 0;
  EXPECT_EQ(error_of([&] {
              for ([[maybe_unused]] const Batch& batch : DeviceBatches(loader, GetParam())) {
                ++batches;
              }
            }),
            "a transform failed");
  EXPECT_EQ(batches, 2);
}

TEST_P(DeviceBatchesOn, LeavingTheLoopEarlyLeavesNothingBehind) {
  const DataLoader loader(small_set(50), {.batch = 4});
  const std::int64_t before = memory_stats(GetParam()).in_use;
  for (int stop_at = 1; stop_at < 10; ++stop_at) {
    int batches = 0;
    for ([[maybe_unused]] const Batch& batch : DeviceBatches(loader, GetParam())) {
      if (++batches == stop_at) break;
    }
  }
  EXPECT_EQ(memory_stats(GetParam()).in_use, before);
}

}  // namespace
}  // namespace joule

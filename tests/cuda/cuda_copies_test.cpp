// SPDX-License-Identifier: MIT
// Copies beside other work and through pinned memory, in many of the orders that CUDA allows: on
// the executor of tests/simt, whose seed draws them.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/backend/read_back.h"
#include "joule/core/tensor.h"
#include "joule/tests/simt/simt.h"

namespace joule {
namespace {

constexpr std::int64_t kNumbers = 20000;
constexpr std::size_t kBytes = kNumbers * sizeof(float);

class CudaCopies : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    simt::set_seed(GetParam());
    pinned_ = reinterpret_cast<float*>(backend(Device::cuda).allocate_pinned(kBytes));
  }
  void TearDown() override {
    backend(Device::cuda).free_pinned(reinterpret_cast<std::byte*>(pinned_), kBytes);
    simt::set_seed(0);
  }

  float* pinned_ = nullptr;
};

TEST_P(CudaCopies, EveryValueIsThatOfItsRound) {
  Backend& device = backend(Device::cuda);
  const Tensor beside({kNumbers}, DType::f32, Device::cuda);
  const Tensor staged({kNumbers}, DType::f32, Device::cuda);
  std::vector<float> values(kNumbers);
  for (int round = 1; round <= 10; ++round) {
    const auto number = static_cast<float>(round);
    std::fill_n(pinned_, kNumbers, number);
    const std::int64_t copy = device.copy_in_beside(beside.mutable_raw(), pinned_, kBytes);
    std::ranges::fill(values, -number);
    device.copy_in(staged.mutable_raw(), values.data(), kBytes);
    std::ranges::fill(values, 0.0f);
    device.finish(copy);
    std::fill_n(pinned_, kNumbers, 0.0f);
    const Tensor another = beside.clone();
    ReadBack read(Device::cuda);
    const Tensor first = read.add(another), second = read.add(staged);
    read.wait();
    for (const std::int64_t i : {std::int64_t{0}, kNumbers / 2, kNumbers - 1}) {
      ASSERT_EQ(first.data<float>()[i], number);
      ASSERT_EQ(second.data<float>()[i], -number);
    }
    ASSERT_EQ(another.slice(kNumbers - 1, 1).item(), number);
  }
}

TEST_P(CudaCopies, TheCopyBesideComesBehindWhatIsQueued) {
  Backend& device = backend(Device::cuda);
  for (int round = 0; round < 5; ++round) {
    const Tensor x = Tensor::full({kNumbers}, 1, Device::cuda);
    const Tensor before = x.clone();
    std::fill_n(pinned_, kNumbers, 2.0f);
    device.finish(device.copy_in_beside(x.mutable_raw(), pinned_, kBytes));
    EXPECT_EQ(before.slice(0, 1).item(), 1);
    EXPECT_EQ(x.slice(kNumbers - 1, 1).item(), 2);
  }
}

TEST_P(CudaCopies, MoreThanThePinnedMemoryHoldsIsOnItsWay) {
  std::vector<float> values(1 << 18);  // a piece of it
  std::vector<Tensor> there;
  for (int i = 0; i < 9; ++i) {
    const Tensor& x = there.emplace_back(Shape{1 << 18}, DType::f32, Device::cuda);
    std::ranges::fill(values, static_cast<float>(i));
    backend(Device::cuda).copy_in(x.mutable_raw(), values.data(), x.bytes());
  }
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(there[static_cast<std::size_t>(i)].slice((1 << 18) - 1, 1).item(), i);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CudaCopies, testing::Range<std::uint64_t>(0, 8));

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "joule/core/autograd/accumulate.h"
#include "joule/core/backend/backend.h"
#include "joule/core/backend/read_back.h"
#include "joule/energy/ledger.h"
#include "joule/tests/support/op_test.h"

// The CUDA backend below the operations.  Their own tests run their CUDA rows.
namespace joule {
namespace {

using namespace test;

class Cuda : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(Cuda, ValuesAndMasksGoThereAndBack) {
  const Tensor x = random_tensor({3, 70}, 1, 0.5);
  auto mask = std::make_shared<ZeroMask>(3, 70, Device::cpu);
  std::fill_n(mask->words(), 6, 0);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    if (x.data<float>()[i] != 0) mask->words(i / 70)[i % 70 / 64] |= 1ull << (i % 70 % 64);
  }
  mask->set_nonzeros(x.nonzeros());
  x.attach(mask);
  const Tensor there = x.to(Device::cuda);
  EXPECT_EQ(there.device(), Device::cuda);
  EXPECT_EQ(there.nonzeros(), x.nonzeros());
  const Tensor back = there.to(Device::cpu);
  expect_same_bits(back, x);
  expect_mask_matches(back);
  expect_same_bits(there.clone().to(Device::cpu), x);
  expect_same_bits(there.to(DType::f64).to(DType::f32).to(Device::cpu), x);
}

TEST_F(Cuda, EveryTypeIsFilled) {
  for (const DType dtype : {DType::f32, DType::i32, DType::f64}) {
    const Tensor x({1000}, dtype, Device::cuda);
    x.fill(-7);
    const Tensor back = x.to(Device::cpu).to(DType::f32);
    for (std::int64_t i = 0; i < back.numel(); ++i) ASSERT_EQ(back.data<float>()[i], -7.0f);
    EXPECT_EQ(x.slice(999, 1).item(), -7.0);
  }
}

TEST_F(Cuda, MovingMovesEveryHandle) {
  Tensor x = random_tensor({5}, 1);
  const Tensor before = x.clone();
  const Tensor other = x;
  x.set_requires_grad();
  x.set_grad(before);
  x.move(Device::cuda);
  EXPECT_EQ(other.device(), Device::cuda);
  EXPECT_FALSE(x.grad().defined());
  EXPECT_TRUE(x.requires_grad());
  expect_same_bits(other.to(Device::cpu), before);
}

TEST_F(Cuda, ManyValuesAreWaitedForOnce) {
  for (const std::int64_t large : {7, 70000}) {  // more than the pinned memory holds
    const Tensor floats = random_tensor({large}, 1), whole = Tensor::full({2}, 3).to(DType::i32);
    const Tensor doubles = random_tensor({3}, 2).to(DType::f64), here = Tensor::full({1}, 5);
    ZeroMask mask(2, 70, Device::cuda), on_host(1, 64, Device::cpu);
    const std::uint64_t count = 11;
    backend(Device::cuda).copy_in(mask.device_count(), &count, sizeof count);
    on_host.set_nonzeros(4);
    const Tensor there[] = {floats.to(Device::cuda), whole.to(Device::cuda),
                            doubles.to(Device::cuda)};
    const std::int64_t waits = backend(Device::cuda).waits();
    ReadBack read(Device::cuda);
    const Tensor a = read.add(there[0]), b = read.add(there[1]), c = read.add(there[2]);
    const std::int64_t &nonzeros = read.add(mask), &of_host = read.add(on_host);
    EXPECT_TRUE(read.add(here).same_storage(here));
    read.wait();
    EXPECT_EQ(backend(Device::cuda).waits(), waits + 1);
    expect_same_bits(a, floats);
    EXPECT_EQ(b.values<std::int32_t>()[1], 3);
    EXPECT_EQ(c.values<double>()[2], doubles.values<double>()[2]);
    EXPECT_EQ(nonzeros, 11);
    EXPECT_EQ(of_host, 4);
  }
}

// From any memory, not only from pinned memory, of which CUDA promises nothing.
TEST_F(Cuda, HostMemoryMayBeReusedWhenACopyReturns) {
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{5000}, std::int64_t{3} << 20}) {
    const Tensor there = Tensor::zeros({n}, DType::f32, Device::cuda);
    std::vector<float> values(static_cast<std::size_t>(n));
    std::iota(values.begin(), values.end(), 1.0f);
    const std::size_t bytes = values.size() * sizeof(float);
    backend(Device::cuda).copy_in(there.mutable_data<float>(), values.data(), bytes);
    std::fill(values.begin(), values.end(), -1.0f);
    const Tensor back = there.to(Device::cpu);
    for (std::int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(back.data<float>()[i], static_cast<float>(i + 1)) << n;
    }
  }
}

// Together more than the memory that they go through.
TEST_F(Cuda, ManySmallCopiesKeepTheirValues) {
  constexpr std::int64_t kRows = 3000, kColumns = 501;
  const Tensor there = Tensor::zeros({kRows, kColumns}, DType::f32, Device::cuda);
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::vector<float> values(kColumns, static_cast<float>(row));
    backend(Device::cuda)
        .copy_in(there.mutable_data<float>() + row * kColumns, values.data(),
                 values.size() * sizeof(float));
  }
  const Tensor back = there.to(Device::cpu);
  for (std::int64_t i = 0; i < back.numel(); ++i) {
    ASSERT_EQ(back.data<float>()[i], static_cast<float>(i / kColumns));
  }
}

TEST_F(Cuda, HostAccessIsRefused) {
  const Tensor x = Tensor::full({2}, 1, Device::cuda);
  EXPECT_EQ(
      error_of([&] { x.values<float>(); }),
      "tensor [2]: values() needs it on the CPU, it is on cuda; copy it with to(Device::cpu)");
}

TEST_F(Cuda, AnOperationWithoutARowIsAnErrorThatNamesIt) {
  const Tensor x = Tensor::zeros({2}, DType::f64, Device::cuda);
  const std::string error =
      error_of([&] { dispatch(ops::Accumulate{.sum = x, .addend = x.clone()}); });
  EXPECT_NE(error.find("accumulate: no implementation"), std::string::npos) << error;
  EXPECT_NE(error.find("reference: is for another device"), std::string::npos) << error;
}

TEST_F(Cuda, MemoryInUseAndItsPeakAreCounted) {
  const std::int64_t before = memory_stats(Device::cuda).in_use;
  reset_peak_memory(Device::cuda);
  {
    const Tensor x({1000}, DType::f32, Device::cuda);
    EXPECT_EQ(memory_stats(Device::cuda).in_use, before + 4000);
  }
  EXPECT_EQ(memory_stats(Device::cuda).in_use, before);
  EXPECT_EQ(memory_stats(Device::cuda).peak, before + 4000);
}

TEST_F(Cuda, OutOfMemoryNamesTheLargestTensors) {
  const Tensor held({1 << 20}, DType::f32, Device::cuda);
  const std::string error =
      error_of<OutOfMemory>([] { Tensor({std::int64_t{1} << 45}, DType::f32, Device::cuda); });
  EXPECT_EQ(error.find("out of memory on cuda: 128.0 TiB asked for, "), 0u) << error;
  EXPECT_NE(error.find("a smaller batch needs less. The largest: 4.0 MiB in no layer"),
            std::string::npos)
      << error;
  EXPECT_EQ(Tensor::full({1}, 3, Device::cuda).item(), 3) << "the device works on";
}

TEST_F(Cuda, TheTimeOfEveryRunReachesTheLedger) {
  energy::Ledger ledger;
  const Tensor x = Tensor::full({1000}, 1, Device::cuda);
  {
    energy::Recording recording(ledger);
    for (int i = 0; i < 3000; ++i) dispatch(ops::Accumulate{.sum = x, .addend = x});
  }
  const energy::Totals total = ledger.total();
  EXPECT_EQ(total.calls, 3000);
  EXPECT_GT(total.tally.nanoseconds, 3000);
}

TEST_F(Cuda, GradientsOfSeveralUsesAddUp) {
  const Tensor sum = random_tensor({1000}, 1).to(Device::cuda), addend = random_tensor({1000}, 2);
  const Tensor before = sum.to(Device::cpu);
  dispatch(ops::Accumulate{.sum = sum, .addend = addend.to(Device::cuda)});
  dispatch(ops::Accumulate{.sum = before, .addend = addend});
  expect_same_bits(sum.to(Device::cpu), before);
}

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/core/tensor.h"

#include "joule/layers/functions.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

Tensor counting(const Shape& shape) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return Tensor::from(values, shape);
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  const Tensor a = counting({2, 3});
  const Tensor b = a;
  const Tensor c = a.clone();
  b.mutable_data<float>()[0] = 7;
  EXPECT_EQ(a.data<float>()[0], 7);
  EXPECT_EQ(c.data<float>()[0], 0);
  EXPECT_TRUE(a.same_storage(b));
  EXPECT_FALSE(a.same_storage(c));
}

TEST(Tensor, ReshapeAndSliceSeeTheSameStorage) {
  const Tensor a = counting({4, 3});
  EXPECT_EQ(a.reshape({2, 6}).data<float>()[7], 7);
  const Tensor rows = a.slice(1, 2);
  EXPECT_EQ(rows.shape(), Shape({2, 3}));
  EXPECT_EQ(rows.data<float>()[0], 3);
  EXPECT_EQ(rows.slice(1, 1).data<float>()[0], 6);
  rows.mutable_data<float>()[0] = 9;
  EXPECT_EQ(a.data<float>()[3], 9);
}

TEST(Tensor, ConversionKeepsValues) {
  const Tensor a = counting({3});
  EXPECT_EQ(a.to(DType::f64).data<double>()[2], 2.0);
  EXPECT_EQ(a.to(DType::i32).data<std::int32_t>()[2], 2);
  const Tensor handle = a;
  a.convert(DType::f64);
  EXPECT_EQ(handle.dtype(), DType::f64);
  EXPECT_EQ(handle.data<double>()[1], 1.0);
}

TEST(Tensor, CountsNonZerosWithAndWithoutAMask) {
  const Tensor a = counting({2, 70});
  EXPECT_EQ(a.nonzeros(), 139);
  auto mask = std::make_shared<ZeroMask>(2, 70, Device::cpu);
  mask->set_nonzeros(5);
  a.attach(mask);
  EXPECT_EQ(a.nonzeros(), 5) << "the mask's count is taken";
  EXPECT_EQ(a.reshape({140}).nonzeros(), 5);
  EXPECT_EQ(a.slice(0, 1).nonzeros(), 69) << "a slice has no mask";
  a.mutable_data<float>();
  EXPECT_EQ(a.nonzeros(), 139) << "a write voids the mask";
}

TEST(Tensor, DerivedValuesAreMadeOncePerWrite) {
  const Tensor a = counting({4});
  int made = 0;
  const auto sum = [&] {
    return *a.derived<float>("sum", [&] {
      ++made;
      float total = 0;
      for (const float x : a.values<float>()) total += x;
      return std::make_shared<const float>(total);
    });
  };
  EXPECT_EQ(sum(), 6);
  EXPECT_EQ(sum(), 6);
  EXPECT_EQ(made, 1);
  a.mutable_data<float>()[0] = 4;
  EXPECT_EQ(sum(), 10);
  EXPECT_EQ(made, 2);
}

TEST(Tensor, BorrowedMemoryIsReadInPlaceAndKeptAlive) {
  auto owner = std::make_shared<std::vector<float>>(6, 1.0f);
  const std::weak_ptr<std::vector<float>> watched = owner;
  float* const values = owner->data();
  Tensor t =
      Tensor::over(std::shared_ptr<const void>(std::move(owner), values), {2, 3}, DType::f32);
  EXPECT_EQ(t.data<float>(), values);
  EXPECT_EQ(t.slice(1, 1).data<float>(), values + 3);
  EXPECT_FALSE(t.unique()) << "an operation would overwrite it";
  Tensor row = t.slice(1, 1);
  t = Tensor();
  EXPECT_FALSE(watched.expired());
  row = Tensor();
  EXPECT_TRUE(watched.expired());
}

TEST(Tensor, NothingDerivedFromBorrowedMemoryIsKept) {
  std::vector<float> values(64, 1.0f);
  const auto unowned = std::shared_ptr<const void>(std::shared_ptr<void>(), values.data());
  const Tensor t = Tensor::over(unowned, {1, 64}, DType::f32);
  const auto first = [&] { return std::make_shared<float>(t.data<float>()[0]); };
  EXPECT_EQ(*t.derived<float>("first", first), 1);
  auto mask = std::make_shared<ZeroMask>(1, 64, Device::cpu);
  mask->set_nonzeros(64);
  t.attach(mask);
  values[0] = 0;  // which no version counts
  EXPECT_EQ(*t.derived<float>("first", first), 0);
  EXPECT_EQ(t.zero_mask(), nullptr);
  EXPECT_EQ(t.nonzeros(), 63);
}

TEST(Tensor, BorrowedMemoryIsNeverWritten) {
  const std::vector<float> values(4, -1.0f);
  const auto unowned = std::shared_ptr<const void>(std::shared_ptr<void>(), values.data());
  const Tensor t = Tensor::over(unowned, {4}, DType::f32);
  const std::string refused =
      "tensor [4]: its memory belongs to the caller and is read-only; clone() it to write";
  EXPECT_EQ(error_of([&] { t.fill(0); }), refused);
  EXPECT_EQ(error_of([&] { t.mutable_data<float>(); }), refused);
  EXPECT_EQ(error_of([&] { t.copy_from(t.clone()); }), refused);
  EXPECT_EQ(relu(Tensor::over(unowned, {4}, DType::f32)).data<float>()[0], 0)
      << "moved in, not overwritten";
  EXPECT_EQ(values[0], -1);
  EXPECT_EQ(error_of([] { Tensor::over(nullptr, {2}, DType::f32); }),
            "tensor [2]: there is no memory to read it from");
}

TEST(Tensor, ErrorsNameShapesAndTypes) {
  const Tensor a = counting({2, 3});
  EXPECT_EQ(error_of([&] { a.data<double>(); }), "tensor [2,3]: holds f32, read as f64");
  EXPECT_EQ(error_of([&] { a.reshape({4}); }), "reshape: [2,3] has 6 elements, [4] needs 4");
  EXPECT_EQ(error_of([&] { a.slice(1, 2); }), "slice: 2 rows from row 1 on of a tensor [2,3]");
  EXPECT_EQ(error_of([&] { a.item(); }), "tensor: item() needs one element, this has shape [2,3]");
  EXPECT_EQ(error_of([] { Tensor().shape(); }), "tensor: used before it was defined");
  EXPECT_EQ(error_of([&] { a.copy_from(counting({3})); }),
            "copy_from: expected f32 [2,3], got f32 [3]");
  EXPECT_EQ(error_of([] {
              Tensor::from(std::vector<float>{1, 2}, {3});
            }),
            "tensor: 2 values given for shape [3]");
  EXPECT_EQ(error_of([] {
              Tensor(Shape{2, -1});
            }),
            "shape: extents must not be negative, got [2,-1]");
  EXPECT_EQ(error_of([] {
              Tensor(Shape{1 << 20, 1 << 20, 1 << 20});
            }),
            "shape: too many elements, got [1048576,1048576,1048576]");
}

TEST(Tensor, RefusesDimensionsAndRowsThatAreNotThere) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const Tensor a = counting({2, 3});
  EXPECT_EQ(a.dim(-2), 2);
  for (const int i : {2, 7, -3}) {
    EXPECT_EQ(error_of([&] { a.dim(i); }), str("shape [2,3]: there is no dimension ", i));
  }
  EXPECT_EQ(error_of([] { Tensor(Shape{}).dim(-1); }), "shape []: there is no dimension -1");
  EXPECT_EQ(error_of([&] { a.slice(1, kMost); }),
            "slice: 9223372036854775807 rows from row 1 on of a tensor [2,3]");
  for (const auto& [first, count] : {std::pair{kMost, std::int64_t{1}},
                                     {kMost, kMost},
                                     {std::int64_t{3}, std::int64_t{0}},
                                     {std::int64_t{-1}, std::int64_t{1}},
                                     {std::int64_t{0}, std::int64_t{-1}}}) {
    EXPECT_FALSE(error_of([&, first = first, count = count] { a.slice(first, count); }).empty())
        << first << " " << count;
  }
  EXPECT_EQ(a.slice(2, 0).shape(), Shape({0, 3}));
  EXPECT_FALSE(error_of([&] { Shape{kMost, kMost}; }).empty());
  EXPECT_FALSE(error_of([&] { a.reshape({std::int64_t{1} << 62, 4, 0}); }).empty());
}

TEST(Tensor, RefusesWhatIsNoNumberOfI32) {
  const Tensor labels({1}, DType::i32);
  for (const double bad : {2147483648.0, -2147483649.0, double{NAN}, double{INFINITY}}) {
    EXPECT_FALSE(error_of([&] { labels.fill(bad); }).empty()) << bad;
    const Tensor x = Tensor::zeros({1}, DType::f64);
    x.fill(bad);
    EXPECT_FALSE(error_of([&] { x.to(DType::i32); }).empty()) << bad;
  }
  labels.fill(-2147483648.0);
  EXPECT_EQ(labels.values<std::int32_t>()[0], std::numeric_limits<std::int32_t>::min());
}

TEST(Tensor, OnADeviceThatIsNotThereTheErrorSaysWhy) {
  const std::string why = unavailable(Device::cuda);
  if (why.empty()) GTEST_SKIP() << "there is a device";
  EXPECT_EQ(error_of<DeviceError>([] { Tensor({2}, DType::f32, Device::cuda); }), why);
  EXPECT_EQ(error_of<DeviceError>([] { synchronize(Device::cuda); }), why);
}

TEST(Memory, BlocksAreReusedAndThePeakIsSeen) {
  release_cached_memory();
  const MemoryStats before = memory_stats();
  reset_peak_memory();
  const void* first;
  {
    const Tensor a({1000, 1000});
    first = a.data<float>();
    EXPECT_GE(memory_stats().in_use, before.in_use + 4000000);
  }
  EXPECT_EQ(memory_stats().in_use, before.in_use);
  EXPECT_GE(memory_stats().peak, before.in_use + 4000000);
  EXPECT_GE(memory_stats().cached, 4000000);
  EXPECT_EQ(Tensor({1000, 999}).data<float>(), first) << "same size class, same block";
  release_cached_memory();
  EXPECT_EQ(memory_stats().cached, 0);
}

TEST(Memory, EveryBlockIsAligned) {
  for (const std::int64_t n : {0, 1, 17, 1000, 1000000}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(Tensor({n}).data<float>()) % 64, 0u) << n;
  }
}

TEST(Memory, TooMuchIsAnErrorThatSaysHowMuch) {
  const std::string text = error_of<OutOfMemory>([] { Tensor(Shape{std::int64_t{1} << 45}); });
  EXPECT_EQ(text.substr(0, 43), "out of memory: 140737488355328 bytes asked ");
}

TEST(Tensor, NegativeAndUndefinedNumbersAreNoZeros) {
  const Tensor x = Tensor::from(std::vector<float>{-1, 0, -0.0f, NAN, 2}, {5});
  EXPECT_EQ(x.nonzeros(), 3);
  EXPECT_EQ(x.density(), 0.6);
}

TEST(Tensor, ConversionForgetsMaskOffsetAndGradient) {
  const Tensor rows = counting({4, 3}).slice(2, 2);
  auto mask = std::make_shared<ZeroMask>(2, 3, Device::cpu);
  mask->set_nonzeros(1);
  rows.attach(mask);
  Tensor leaf = rows;
  leaf.set_requires_grad().set_grad(Tensor({2, 3}));
  rows.convert(DType::f64);
  EXPECT_EQ(rows.values<double>()[0], 6);
  EXPECT_EQ(rows.nonzeros(), 6) << "the mask was of the old values";
  EXPECT_FALSE(leaf.grad().defined());
}

TEST(Tensor, DerivedValuesAreFreedOnceTheyAreVoid) {
  const Tensor a = counting({4});
  const auto make = [] { return std::make_shared<const int>(1); };
  const std::weak_ptr<const int> old = a.derived<int>("old", make);
  EXPECT_FALSE(old.expired());
  a.fill(2);
  a.derived<int>("other", make);
  EXPECT_TRUE(old.expired());
}

TEST(Tensor, CopyFromAndFillWriteEveryType) {
  const Tensor a({3}), labels({2}, DType::i32), exact({2}, DType::f64);
  a.copy_from(counting({3}));
  EXPECT_EQ(a.values<float>()[2], 2);
  labels.fill(7);
  EXPECT_EQ(labels.values<std::int32_t>()[1], 7);
  exact.fill(0.1);
  EXPECT_EQ(exact.values<double>()[1], 0.1);
}

}  // namespace
}  // namespace joule

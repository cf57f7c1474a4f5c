// SPDX-License-Identifier: MIT
#include "joule/parallel/gradient_sum.h"

#include <cmath>

#include "joule/layers/functions.h"
#include "joule/tests/support/op_test.h"

namespace joule::parallel {
namespace {

using namespace test;

/// Remembers what was summed, and when; as if the other ranks had nothing but zeros.
class Recorder final : public Communicator {
 public:
  Recorder() : Communicator(0, 1, "here") {}
  std::vector<std::string> gather(std::string_view mine) override { return {std::string(mine)}; }
  std::vector<double> gather(std::span<const double> mine) override {
    return {mine.begin(), mine.end()};
  }
  void meet() override {}
  void start_sum(std::span<float> values, Order) override {
    sizes.push_back(values.size());
    started_in_backward.push_back(in_backward);
  }
  void progress() override { ++progressed; }
  void wait() override { ++waited; }

  bool in_backward = false;
  std::vector<std::size_t> sizes;
  std::vector<bool> started_in_backward;
  int progressed = 0, waited = 0;
};

Tensor parameter(const Shape& shape, std::uint64_t seed) {
  Tensor t = random_tensor(shape, seed);
  t.set_requires_grad();
  return t;
}

/// A net of three weights.
struct Weights {
  Tensor first = parameter({8, 5}, 1), second = parameter({8, 8}, 2), third = parameter({1, 8}, 3);

  std::vector<NamedTensor> named() const {
    return {{"first", first}, {"second", second}, {"third", third}};
  }
  void backward(const Tensor& images) const {
    const Tensor y = linear(relu(linear(relu(linear(images, first, {})), second, {})), third, {});
    y.backward(Tensor::full(y.shape(), 1));
  }
};

TEST(GradientSum, BucketsStartAsSoonAsTheyAreFullWhileBackwardGoesOn) {
  const Weights net;
  Recorder ranks;
  GradientSum sum(ranks, net.named(), {}, Order::any, 1);  // a bucket a parameter
  ASSERT_EQ(sum.buckets(), 3u);
  const float one = 1;
  sum.sum(std::span(&one, 1), [&](std::size_t) {
    ranks.in_backward = true;
    net.backward(random_tensor({4, 5}, 4));
    ranks.in_backward = false;
  });
  EXPECT_EQ(ranks.sizes, (std::vector<std::size_t>{16, 64, 48}));  // the last layer's first
  EXPECT_EQ(ranks.started_in_backward, (std::vector{true, true, true}));
  EXPECT_EQ(ranks.progressed, 3);
  EXPECT_EQ(ranks.waited, 1);
}

TEST(GradientSum, OneBucketStartsAtTheEnd) {
  const Weights net;
  Recorder ranks;
  GradientSum sum(ranks, net.named(), {}, Order::any);
  EXPECT_EQ(sum.buckets(), 1u);
}

TEST(GradientSum, TheGradientsAreThoseOfBackward) {
  const Weights net, plain;
  const Tensor images = random_tensor({4, 5}, 4);
  plain.backward(images);
  const auto ranks = alone();
  GradientSum sum(*ranks, net.named(), {}, Order::any);
  const float one = 1;
  for (int step = 0; step < 2; ++step) {
    for (const NamedTensor& p : net.named()) p.tensor.zero_grad();
    sum.sum(std::span(&one, 1), [&](std::size_t) { net.backward(images); });
    expect_same_bits(net.first.grad().clone(), plain.first.grad());
    expect_same_bits(net.second.grad().clone(), plain.second.grad());
    expect_same_bits(net.third.grad().clone(), plain.third.grad());
  }
}

/// The sum of the gradients of `count` slices from `first` on, by the formula.
std::vector<float> tree(std::int64_t first, std::int64_t count) {
  if (count == 1) {
    const Weights net;
    net.backward(random_tensor({2, 5}, 100 + static_cast<std::uint64_t>(first)));
    const auto grad = net.second.grad().values<float>();
    return {grad.begin(), grad.end()};
  }
  std::vector<float> left = tree(first, count / 2);
  const std::vector<float> right = tree(first + count / 2, count / 2);
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
  return left;
}

TEST(GradientSum, SlicesAreAddedAsATreeWhoseBitsDoNotDependOnTheBuckets) {
  for (const std::size_t slices : {1u, 2u, 4u, 8u}) {
    for (const std::int64_t bucket_bytes : {1, 1 << 20}) {
      const Weights net;
      const auto ranks = alone();
      GradientSum sum(*ranks, net.named(), {}, Order::tree, bucket_bytes);
      sum.sum(std::vector<float>(slices, 1), [&](std::size_t i) {
        net.backward(random_tensor({2, 5}, 100 + i));
      });
      const std::vector<float> expected = tree(0, static_cast<std::int64_t>(slices));
      EXPECT_TRUE(std::ranges::equal(net.second.grad().values<float>(), expected)) << slices;
    }
  }
}

TEST(GradientSum, AveragedTensorsBeginEachSliceAnew) {
  const Weights net;
  const Tensor statistic = Tensor::full({3}, 10);
  const auto ranks = alone();
  GradientSum sum(*ranks, net.named(), {{"statistic", statistic}}, Order::tree);
  std::vector<double> seen;
  sum.sum(std::vector<float>{0.25, 0.75}, [&](std::size_t i) {
    seen.push_back(statistic.data<float>()[0]);
    statistic.fill(i == 0 ? 4 : 8);
    net.backward(random_tensor({2, 5}, i));
  });
  EXPECT_EQ(seen, (std::vector<double>{10, 10}));
  EXPECT_EQ(statistic.data<float>()[2], 7);
}

TEST(GradientSum, AParameterWithoutAGradientHasNone) {
  const Weights net;
  Tensor unused = parameter({4}, 9);
  std::vector<NamedTensor> all = net.named();
  all.push_back({"unused", unused});
  Recorder ranks;
  GradientSum sum(ranks, all, {}, Order::any, 1);
  const float one = 1;
  sum.sum(std::span(&one, 1), [&](std::size_t) { net.backward(random_tensor({2, 5}, 1)); });
  EXPECT_FALSE(unused.grad().defined());
  EXPECT_TRUE(net.first.grad().defined());
  EXPECT_EQ(ranks.sizes.size(), 4u);  // the others may have one
}

TEST(GradientSum, RefusesWhatItCannotSum) {
  Weights net;
  const auto ranks = alone();
  EXPECT_EQ(error_of([&] {
              GradientSum(*ranks, {{"wide", Tensor({2}, DType::f64)}}, {}, Order::any);
            }),
            "sum of gradients: wide is f64 on cpu: expected f32 on the CPU");
  GradientSum sum(*ranks, net.named(), {}, Order::tree);
  EXPECT_EQ(error_of([&] { sum.sum(std::vector<float>(3, 1), [](std::size_t) {}); }),
            "sum of gradients: expected a power of two of slices, got 3");
}

}  // namespace
}  // namespace joule::parallel

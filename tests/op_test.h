// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/op.h"
#include "core/random.h"
#include "core/tensor.h"
#include "core/threads.h"

// What every test of an operation needs.  An op's test iterates its table: a new implementation is
// tested by being listed.
namespace joule::test {

/// A float that counts the multiplications done with it: run the reference on it, and the count
/// must be work().macs.
struct Counted {
  float value = 0;
  static inline std::int64_t multiplications = 0;
  friend Counted operator*(Counted x, Counted y) {
    ++multiplications;
    return {x.value * y.value};
  }
  friend Counted operator+(Counted x, Counted y) { return {x.value + y.value}; }
  Counted& operator+=(Counted o) {
    value += o.value;
    return *this;
  }
};

/// Higham's gamma_n = n u / (1 - n u) for float: n roundings cost at most this relative error.
inline double gamma(std::int64_t n) {
  const double nu = static_cast<double>(n) * std::numeric_limits<float>::epsilon() / 2;
  return nu / (1 - nu);
}

/// Uniform in [-1, 1), a fraction `density` of it non-zero.
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed, double density = 1.0) {
  const Tensor t(shape);
  float* const x = t.mutable_data<float>();
  std::vector<float> keep(static_cast<std::size_t>(t.numel()));
  Generator generator(seed);
  generator.uniform({x, keep.size()}, -1.0f, 1.0f);
  generator.uniform(keep);
  for (std::size_t i = 0; i < keep.size(); ++i) x[i] = keep[i] < density ? x[i] : 0.0f;
  return t;
}

/// Whole numbers in [-3, 3], many of them zero: sums of products of these are exact in float, so
/// every implementation must agree with the reference bit for bit.
inline Tensor integer_tensor(const Shape& shape, std::uint64_t seed) {
  const Tensor t(shape);
  float* const x = t.mutable_data<float>();
  Generator generator(seed);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    x[i] = static_cast<float>(generator.below(7)) - 3.0f;
  }
  return t;
}

/// A tensor of NaN between guard words.
class Guarded {
 public:
  explicit Guarded(const Shape& shape)
      : whole_(Shape{shape.numel() + 2 * kGuard}),
        tensor_(whole_.slice(kGuard, shape.numel()).reshape(shape)) {
    whole_.fill(kWord);
    tensor_.fill(std::numeric_limits<double>::quiet_NaN());
  }
  const Tensor& tensor() const { return tensor_; }
  bool intact() const {
    const auto words = whole_.values<float>();
    for (std::int64_t i = 0; i < kGuard; ++i) {
      if (words[i] != kWord || words[words.size() - 1 - i] != kWord) return false;
    }
    return true;
  }

 private:
  static constexpr std::int64_t kGuard = 64;
  static constexpr float kWord = 12345.0f;
  Tensor whole_, tensor_;
};

/// Keeps the last record and its tally.
class LastRecord final : public WorkSink {
 public:
  Tally* record(const OpRun& run, const Work& nominal) override {
    implementation = run.implementation;
    work = nominal;
    tally = {};
    return &tally;
  }
  std::string implementation;
  Work work;
  Tally tally;
};

/// Runs `op` by the row named `name`, counting.
template <Operation Op>
Tally run(const Op& op, std::string_view name) {
  LastRecord sink;
  Context ctx{.sink = &sink, .force = name};
  dispatch(op, ctx);
  EXPECT_EQ(sink.implementation, name);
  return sink.tally;
}

/// body(name) for every row of the table that can run `op`.
template <Operation Op, class Body>
void for_each_implementation(const Op& op, Body&& body) {
  for (const auto& impl : Op::implementations()) {
    if (passed_over(impl, op, Context{})) continue;
    SCOPED_TRACE(std::string(Op::kName) + " by " + std::string(impl.name));
    body(impl.name);
  }
}

/// body() once per instruction set that this machine has: AVX-512, AVX2, scalar.
template <class Body>
void for_each_target(Body&& body) {
  for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
    const std::int64_t target = targets & -targets;
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    body();
    hwy::SetSupportedTargetsForTest(0);
  }
}

inline void expect_same_bits(const Tensor& actual, const Tensor& expected) {
  ASSERT_EQ(actual.shape(), expected.shape());
  for (std::int64_t i = 0; i < actual.numel(); ++i) {
    const float a = actual.data<float>()[i], e = expected.data<float>()[i];
    ASSERT_EQ(std::memcmp(&a, &e, sizeof a), 0) << "element " << i << ": " << a << ", not " << e;
  }
}

/// |actual - expected| <= bound for every element; expected and bound are f64.
inline void expect_within(const Tensor& actual, const Tensor& expected, const Tensor& bound) {
  for (std::int64_t i = 0; i < actual.numel(); ++i) {
    const double a = actual.data<float>()[i], e = expected.data<double>()[i];
    ASSERT_LE(std::abs(a - e), bound.data<double>()[i])
        << "element " << i << ": " << a << ", not " << e;
  }
}

/// The attached zero mask describes the data.
inline void expect_mask_matches(const Tensor& t) {
  const auto mask = t.zero_mask();
  ASSERT_NE(mask, nullptr);
  const std::int64_t channels = mask->channels();
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    const std::int64_t c = i % channels;
    const bool live = mask->words(i / channels)[c / 64] >> (c % 64) & 1;
    ASSERT_EQ(live, t.data<float>()[i] != 0.0f) << "element " << i;
    count += live;
  }
  EXPECT_EQ(mask->nonzeros(), count);
}

/// body() with 1 and with 2 threads.
template <class Body>
void for_each_thread_count(Body&& body) {
  const int before = num_threads();
  for (int threads : {1, 2}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    set_num_threads(threads);
    body();
  }
  set_num_threads(before);
}

/// What the exception of type Error that body() throws says.
template <class Error = ArgumentError, class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace joule::test

// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "joule/core/random.h"
#include "joule/core/tensor.h"

// The tensors that tests put into an operation, and what they expect of those that come out.
namespace joule::test {

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

/// Higham's gamma_n = n u / (1 - n u) for float: n roundings cost at most this relative error.
inline double gamma(std::int64_t n) {
  const double nu = static_cast<double>(n) * std::numeric_limits<float>::epsilon() / 2;
  return nu / (1 - nu);
}

inline Tensor to64(const Tensor& t) { return t.to(DType::f64); }
/// |t|; f64.
inline Tensor absolute(const Tensor& t) {
  const Tensor copy = to64(t);
  for (double& v : std::span(copy.mutable_data<double>(), copy.numel())) v = std::abs(v);
  return copy;
}
/// share * t; t and the result are f64.
inline Tensor scaled(const Tensor& t, double share) {
  const Tensor copy = t.clone();
  for (double& v : std::span(copy.mutable_data<double>(), copy.numel())) v *= share;
  return copy;
}
/// gamma(n) * t, and `rounding` * t if an operand of the products is rounded first.
inline Tensor bound(const Tensor& t, std::int64_t n, double rounding = 0) {
  return scaled(t, gamma(n) * (1 + rounding) + rounding);
}

/// The relative error that rounding to the 8 bits of bf16 makes at most.
inline constexpr double kBf16Rounding = 0x1p-8;

/// The nearest float with 8 significant bits, of two the even one.
inline float nearest_bf16(float value) {
  int exponent = 0;
  const double mantissa = std::frexp(static_cast<double>(value), &exponent);
  return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8));
}

inline Tensor rounded_to_bf16(const Tensor& t) {
  const Tensor rounded = t.clone();
  float* const x = rounded.mutable_data<float>();
  for (std::int64_t i = 0; i < t.numel(); ++i) x[i] = nearest_bf16(x[i]);
  return rounded;
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
  std::int64_t bits = 0;
  for (std::int64_t i = 0; i < mask->rows() * mask->words_per_row(); ++i) {
    bits += std::popcount(mask->words()[i]);
  }
  EXPECT_EQ(bits, count) << "there are bits beyond the last channel";
}

}  // namespace joule::test

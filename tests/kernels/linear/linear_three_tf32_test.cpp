// SPDX-License-Identifier: MIT
//
// f32 by three products of TF32 (kernels/product/mma_f32_cuda.h) on operands that are hard on it.
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "joule/tests/kernels/linear/linear_cases.h"

namespace joule {
namespace {

using namespace linear_cases;

constexpr std::string_view kRow = "cuda.tiled_64x64_mma_3xtf32", kInF32 = "cuda.tiled_64x64";
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class LinearByThreeTf32 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
    const auto row =
        std::ranges::find(ops::Linear::implementations(), kRow, &Implementation<ops::Linear>::name);
    const Layer layer({2, 32, 2}, integer_tensor);
    if (!can_run(*row, layer.forward())) GTEST_SKIP() << "needs tensor cores";
  }
};

using Draw = std::function<float(std::mt19937_64&)>;

Tensor drawn(const Shape& shape, std::uint64_t seed, const Draw& draw) {
  std::mt19937_64 random(seed);
  const Tensor t(shape);
  for (float& value : std::span(t.mutable_data<float>(), t.numel())) value = draw(random);
  return t;
}

/// All bits of the mantissa and both signs, times 2^lowest to 2^highest.
Draw of_exponents(int lowest, int highest) {
  return [=](std::mt19937_64& random) {
    const float mantissa = 1 + static_cast<float>(random() % (1 << 23)) * 0x1p-23f;
    const auto exponents = static_cast<std::uint64_t>(highest - lowest + 1);
    const int exponent = lowest + static_cast<int>(random() % exponents);
    return std::ldexp(random() % 2 == 0 ? mantissa : -mantissa, exponent);
  };
}

/// The three operations within gamma_n |a| |b|, the bound of multiply-adds in f32 for sums of n
/// terms, and what products below the normal numbers cost.
void expect_the_bound_of_f32(const Layer& layer) {
  const Tensor x = to64(layer.x), weight = to64(layer.weight), grad_y = to64(layer.grad_y);
  const Tensor x_size = absolute(x), weight_size = absolute(weight), grad_size = absolute(grad_y);
  const auto check = [](const auto& op, const Tensor& seen, const Tensor& exact, const Tensor& size,
                        std::int64_t terms) {
    run(op, kRow);
    const Tensor most = bound(size, terms);
    for (double& value : std::span(most.mutable_data<double>(), most.numel())) {
      value += static_cast<double>(4 * terms) * 0x1p-126;
    }
    expect_within(seen, exact, most);
  };
  const auto product = [](const Tensor& a, bool a_across, const Tensor& b, bool b_across) {
    const auto at = [](const Tensor& t, bool across, std::int64_t i, std::int64_t k) {
      return t.data<double>()[across ? k * t.dim(1) + i : i * t.dim(1) + k];
    };
    const std::int64_t m = a.dim(a_across ? 1 : 0), n = b.dim(b_across ? 1 : 0);
    const Tensor c({m, n}, DType::f64);
    for (std::int64_t i = 0; i < m * n; ++i) {
      double& sum = c.mutable_data<double>()[i] = 0;
      for (std::int64_t k = 0; k < a.dim(a_across ? 0 : 1); ++k) {
        sum += at(a, a_across, i / n, k) * at(b, b_across, i % n, k);
      }
    }
    return c;
  };
  check(layer.forward(false), layer.y.tensor(), product(x, false, weight, false),
        product(x_size, false, weight_size, false), x.dim(1));
  check(layer.grad_input(), layer.grad_x.tensor(), product(grad_y, false, weight, true),
        product(grad_size, false, weight_size, true), weight.dim(0));
  check(layer.grad_weights(false), layer.grad_weight.tensor(), product(grad_y, true, x, true),
        product(grad_size, true, x_size, true), x.dim(0));
}

TEST_F(LinearByThreeTf32, IsWithinTheBoundOfF32OverWideRangesOfExponents) {
  const int ranges[][2] = {{0, 0}, {-3, 3}, {-20, 20}, {-50, 50}, {-103, -60}, {20, 55}};
  for (const auto& [lowest, highest] : ranges) {
    SCOPED_TRACE(lowest);
    expect_the_bound_of_f32(Layer({40, 33, 67}, [&](const Shape& shape, std::uint64_t seed) {
      return drawn(shape, seed, of_exponents(lowest, highest));
    }));
    expect_the_bound_of_f32(Layer({33, 300, 34}, [&](const Shape& shape, std::uint64_t seed) {
      return drawn(shape, seed, of_exponents(lowest, highest));
    }));
  }
}

// Neighbours cancel but for a millionth: the sum of magnitudes is what the error may depend on.
TEST_F(LinearByThreeTf32, IsWithinTheBoundOfF32WhereSumsCancel) {
  const Layer layer({36, 256, 36}, [](const Shape& shape, std::uint64_t seed) {
    return drawn(shape, seed, of_exponents(0, 3));
  });
  const auto pair_up = [](const Tensor& t, float factor) {
    const std::span values(t.mutable_data<float>(), t.numel());
    for (std::size_t i = 0; i + 1 < values.size(); i += 2) values[i + 1] = factor * values[i];
  };
  pair_up(layer.x, 1);
  pair_up(layer.weight, -1 + 0x1p-20f);
  pair_up(layer.grad_y, -1);
  expect_the_bound_of_f32(layer);
}

// The largest errors that the parts can have: all bits that are left out are ones.
TEST_F(LinearByThreeTf32, IsWithinTheBoundOfF32WhereAllProductsLoseMost) {
  for (const float low : {0x1.001p0f, 0x1.000ffep0f, 0x1.001002p0f, 0x1.001ffep0f}) {
    expect_the_bound_of_f32(Layer(
        {32, 32, 32}, [&](const Shape& shape, std::uint64_t) { return Tensor::full(shape, low); }));
  }
}

// Otherwise the tests above would be of multiply-adds.
TEST_F(LinearByThreeTf32, ComputesUsualOperandsOnTensorCores) {
  const Layer layer({8, 200, 8}, [](const Shape& shape, std::uint64_t seed) {
    return drawn(shape, seed, of_exponents(-3, 3));
  });
  run(layer.forward(false), kInF32);
  const Tensor in_f32 = layer.y.tensor().clone();
  run(layer.forward(false), kRow);
  EXPECT_FALSE(std::ranges::equal(layer.y.tensor().values<float>(), in_f32.values<float>()));
}

// Such tiles are computed again by multiply-adds, in the order of the other row.
TEST_F(LinearByThreeTf32, GivesTheBitsOfMultiplyAddsForUnusualOperands) {
  const float least = std::numeric_limits<float>::min();
  const float most = std::numeric_limits<float>::max();
  const float unusual[][2] = {{kInfinity, 1},
                              {-kInfinity, 1 + 0x1p-23f},
                              {kInfinity, 0},
                              {std::numeric_limits<float>::quiet_NaN(), 1},
                              {std::bit_cast<float>(0x7FFFFFFFu), 1},
                              {std::bit_cast<float>(0xFFFFFFFFu), 1},
                              {most, 0x1p-10f},
                              {most, 3},
                              {0x1.ffeffep127f, 0.5f},
                              {least * 0x1.234568p0f, 0x1.234568p100f},
                              {0x1.234568p-104f, 0x1.234568p100f},
                              {std::numeric_limits<float>::denorm_min(), 1}};
  for (const auto& [of_x, of_weight] : unusual) {
    for (const bool swapped : {false, true}) {
      const Layer layer({70, 200, 70}, [](const Shape& shape, std::uint64_t seed) {
        return drawn(shape, seed, of_exponents(-3, 3));
      });
      layer.x.mutable_data<float>()[66 * 200 + 77] = swapped ? of_weight : of_x;
      layer.weight.mutable_data<float>()[67 * 200 + 77] = swapped ? of_x : of_weight;
      SCOPED_TRACE(str(of_x, " * ", of_weight));
      run(layer.forward(), kInF32);
      const Tensor in_f32 = layer.y.tensor().clone();
      run(layer.forward(), kRow);
      // The tile of rows 64 to 69 and columns 64 to 69.
      for (std::int64_t i = 64; i < 70; ++i) {
        for (std::int64_t j = 64; j < 70; ++j) {
          const float seen = layer.y.tensor().data<float>()[i * 70 + j];
          const float expected = in_f32.data<float>()[i * 70 + j];
          EXPECT_TRUE(seen == expected || (std::isnan(seen) && std::isnan(expected)))
              << i << ' ' << j << ": " << seen << ", not " << expected;
        }
      }
      for (const std::int64_t at : {0, 63 * 70 + 63}) {
        EXPECT_TRUE(std::isfinite(layer.y.tensor().data<float>()[at]));
      }
    }
  }
}

TEST_F(LinearByThreeTf32, NeedsAsManyTermsAsItsBoundAsksFor) {
  const auto on_cuda = [](const Shape& shape) { return Tensor(shape, DType::f32, Device::cuda); };
  const auto why_not = [&](std::int64_t terms) {
    return explain(
        ops::Linear{.x = on_cuda({5, terms}), .weight = on_cuda({4, terms}), .y = on_cuda({5, 4})},
        Context{});
  };
  const std::string text = str(kRow, ": needs sums of at least 32 terms");
  EXPECT_NE(why_not(31).find(text), std::string::npos) << why_not(31);
  EXPECT_EQ(why_not(32).find(text), std::string::npos) << why_not(32);
}

}  // namespace
}  // namespace joule

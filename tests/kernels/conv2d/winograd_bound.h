// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "joule/core/tensor.h"
#include "joule/kernels/conv2d/conv2d.h"

// The bound of the errors of Winograd's convolutions.
namespace joule::test {

/// The matrices of the magnitudes |B^T|, |G| and |A^T| of Lavin and Gray's notation, by the points
/// 0, 1, -1 and 0, +-sqrt(1/2), +-sqrt(2).
struct WinogradMagnitudes {
  std::vector<std::vector<double>> input, weights, output;

  explicit WinogradMagnitudes(std::int64_t m) {
    if (m == 2) {
      input = {{1, 0, 1, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 1, 0, 1}};
      weights = {{1, 0, 0}, {.5, .5, .5}, {.5, .5, .5}, {0, 0, 1}};
      output = {{1, 1, 1, 0}, {0, 1, 1, 1}};
      return;
    }
    const double a = std::sqrt(0.5), b = std::sqrt(2.0);
    input = {{1, 0, 2.5, 0, 1, 0},    {0, 2 * a, 2, a, 1, 0},  {0, 2 * a, 2, a, 1, 0},
             {0, b / 2, .5, b, 1, 0}, {0, b / 2, .5, b, 1, 0}, {0, 1, 0, 2.5, 0, 1}};
    weights = {{1, 0, 0},
               {2.0 / 3, 2 * a / 3, 1.0 / 3},
               {2.0 / 3, 2 * a / 3, 1.0 / 3},
               {1.0 / 6, b / 6, 1.0 / 3},
               {1.0 / 6, b / 6, 1.0 / 3},
               {0, 0, 1}};
    output = {{1, 1, 1, 1, 1, 0},
              {0, a, a, b, b, 0},
              {0, .5, .5, 2, 2, 0},
              {0, a / 2, a / 2, 2 * b, 2 * b, 1}};
  }
};

/// One pass: of images x [N,H,W,C], f64, to y [N,P,Q,O].
struct WinogradSums {
  std::int64_t m;
  Size2 padding;
  const Tensor& x;
  Shape y;

  /// |A^T| [ sum_c |G| |g_c| |G^T| * |B^T| |d_c| |B| ] |A|, where g is weight(o, r, s, c); f64.
  template <class Weight>
  Tensor magnitudes(Weight&& weight) const {
    std::vector<std::vector<double>> kernels;  // [O][C, side, side]
    for (std::int64_t o = 0; o < y[3]; ++o) {
      kernels.push_back(
          transformed(by.weights, 3, [&](auto r, auto s, auto c) { return weight(o, r, s, c); }));
    }
    const Tensor sizes = Tensor::zeros(y, DType::f64);
    for (std::int64_t n = 0; n < y[0]; ++n) {
      for (std::int64_t top = 0; top < y[1]; top += m) {
        for (std::int64_t left = 0; left < y[2]; left += m) {
          const auto inputs = transformed(by.input, m + 2, [&](auto i, auto j, auto c) {
            return pixel(n, top - padding.h + i, left - padding.w + j, c);
          });
          for (std::int64_t o = 0; o < y[3]; ++o) add(sizes, {n, top, left, o}, inputs, kernels[o]);
        }
      }
    }
    return sizes;
  }

  WinogradMagnitudes by{m};

  double pixel(std::int64_t n, std::int64_t i, std::int64_t j, std::int64_t c) const {
    const bool inside = i >= 0 && i < x.dim(1) && j >= 0 && j < x.dim(2);
    return inside ? x.data<double>()[((n * x.dim(1) + i) * x.dim(2) + j) * x.dim(3) + c] : 0;
  }

  /// [C, side, side]: |M| |v_c| |M^T| of v_c[i][j] = value(i, j, c), i, j < count.
  template <class Value>
  std::vector<double> transformed(const std::vector<std::vector<double>>& matrix,
                                  std::int64_t count, Value&& value) const {
    std::vector<double> sums;
    for (std::int64_t c = 0; c < x.dim(3); ++c) {
      for (const auto& down : matrix) {
        for (const auto& across : matrix) {
          double& sum = sums.emplace_back();
          for (std::int64_t i = 0; i < count; ++i) {
            for (std::int64_t j = 0; j < count; ++j) {
              const double size = down[i] * across[j];
              if (size != 0) sum += size * std::abs(value(i, j, c));
            }
          }
        }
      }
    }
    return sums;
  }

  /// The outputs of one tile of an output channel.
  struct Tile {
    std::int64_t image, top, left, channel;
  };
  void add(const Tensor& sizes, const Tile& t, const std::vector<double>& inputs,
           const std::vector<double>& kernel) const {
    const std::int64_t side = m + 2;
    std::vector<double> products(static_cast<std::size_t>(side * side));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      products[i % products.size()] += inputs[i] * kernel[i];
    }
    for (std::int64_t p = t.top; p < std::min(t.top + m, y[1]); ++p) {
      for (std::int64_t q = t.left; q < std::min(t.left + m, y[2]); ++q) {
        double& sum =
            sizes.mutable_data<double>()[((t.image * y[1] + p) * y[2] + q) * y[3] + t.channel];
        for (std::int64_t at = 0; at < side * side; ++at) {
          sum += by.output[p - t.top][at / side] * by.output[q - t.left][at % side] *
                 products[static_cast<std::size_t>(at)];
        }
      }
    }
  }
};

}  // namespace joule::test

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>
#include <vector>

#include "joule/kernels/pool/avg_pool2d.h"
#include "joule/kernels/pool/global_avg_pool.h"
#include "joule/kernels/pool/max_pool2d.h"
#include "joule/kernels/pool/pool_shape.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Geometry {
  Shape x;
  Size2 kernel, stride, padding;
  bool ceil_mode = false;
};

// Disjoint, overlapping, with gaps, padded, not square; channels around the vectors and the words.
const Geometry kGeometries[] = {
    {{1, 7, 5, 3}, 2, 2, 0},
    {{2, 6, 6, 2}, 3, 1, 1},
    {{1, 9, 8, 5}, 2, 3, 0},
    {{1, 5, 7, 3}, {3, 2}, {1, 2}, {1, 0}},
    {{1, 4, 4, 1}, 4, 4, 2},
    {{2, 6, 4, 64}, 2, 2, 0},
    {{2, 5, 6, 70}, 3, 2, 1},
    {{2, 5, 7, 130}, {3, 2}, {1, 2}, {1, 0}},
    {{1, 1, 1, 33}, 1, 1, 0},
    // In ceil mode: a window more per row, per column, both, cut at the padding; a window that
    // would begin in it; an image that is smaller than the kernel.
    {{2, 5, 7, 3}, 2, 2, 0, true},
    {{1, 4, 7, 5}, 3, 2, 1, true},
    {{1, 3, 3, 2}, 2, 2, 1, true},
    {{1, 6, 6, 70}, {3, 2}, {2, 3}, {1, 0}, true},
    {{1, 1, 2, 3}, 3, 3, 0, true},
};

// Of these the central differences do not take long.
const std::vector<Geometry> kSmallGeometries = [] {
  std::vector<Geometry> small;
  for (const Geometry& g : kGeometries) {
    if (g.x[-1] <= 5) small.push_back(g);
  }
  return small;
}();

Shape output_of(const Geometry& g) {
  return pool_shape("test", g.x, g.kernel, g.stride, g.padding, g.ceil_mode).output();
}

Tensor index_for(const Shape& y) { return Tensor(ops::MaxPool2d::index_shape(y), DType::i32); }

/// The tap that won element (pixel, channel).
int tap_of(const Tensor& index, std::int64_t pixel, std::int64_t channel) {
  const std::int32_t word = index.data<std::int32_t>()[pixel * index.dim(3) + channel / 4];
  return word >> (channel % 4 * 8) & 255;
}

/// A row of zeros and ones, so that most windows hold ties.
Tensor tied_tensor(const Shape& shape, std::uint64_t seed) {
  const Tensor t = random_tensor(shape, seed, 0.4);
  for (float& v : std::span(t.mutable_data<float>(), t.numel())) v = v > 0 ? 1.0f : 0.0f;
  return t;
}

TEST(PoolShape, CountsTheWindowsThatFit) {
  const PoolShape s = pool_shape("test", {2, 7, 10, 3}, {3, 2}, {2, 3}, {1, 0});
  EXPECT_EQ(s.output(), (Shape{2, 4, 3, 3}));
}

// By the rule of PyTorch: rounded up, but no window begins in the padding behind the image.
TEST(PoolShape, InCeilModeCountsTheWindowThatIsCut) {
  const auto rows = [](std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                       std::int64_t padding, bool ceil_mode) {
    return pool_shape("test", {1, extent, 8, 1}, {kernel, 1}, {stride, 1}, {padding, 0}, ceil_mode)
        .out_h;
  };
  EXPECT_EQ(rows(5, 2, 2, 0, false), 2);
  EXPECT_EQ(rows(5, 2, 2, 0, true), 3);
  EXPECT_EQ(rows(6, 2, 2, 0, true), 3) << "nothing is left over";
  EXPECT_EQ(rows(4, 3, 2, 1, true), 3) << "windows begin at -1, 1, 3";
  EXPECT_EQ(rows(3, 2, 2, 1, true), 2) << "a third would begin at 3, in the padding";
  EXPECT_EQ(rows(1, 2, 2, 0, true), 1) << "the kernel is larger than the image";
  EXPECT_EQ(error_of([&] { rows(1, 2, 2, 0, false); }),
            "test: kernel 2x1 is larger than the image [1,1,8,1] with padding 0x0");
  EXPECT_EQ(error_of([&] { rows(1, 4, 2, 0, true); }),
            "test: kernel 4x1 is larger than the image [1,1,8,1] with padding 0x0");
}

TEST(AvgPool2d, InCeilModeDividesByTheTapsThatAreNotBehindThePadding) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4}, {1, 4, 1, 1});
  // Windows at -1, 1, 3 of rows [0 1 2 3] and a row of padding at each end: the last one holds the
  // value 4 and one row of padding.
  const auto means = [&](bool include) {
    const Tensor y({1, 3, 1, 1});
    const ops::AvgPool2d op{.x = x,
                            .y = y,
                            .kernel = {3, 1},
                            .stride = {2, 1},
                            .padding = {1, 0},
                            .count_include_pad = include,
                            .ceil_mode = true};
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      EXPECT_EQ(y.data<float>()[0], include ? 1.0f : 1.5f);
      EXPECT_EQ(y.data<float>()[1], 3.0f);
      EXPECT_EQ(y.data<float>()[2], include ? 2.0f : 4.0f);
    });
  };
  means(true);
  means(false);
}

TEST(PoolShape, WindowsAreTheInverseOfTaps) {
  for (const Geometry& g : kGeometries) {
    const PoolShape s = pool_shape("test", g.x, g.kernel, g.stride, g.padding, g.ceil_mode);
    for (std::int64_t h = 0; h < s.in_h; ++h) {
      for (std::int64_t p = 0; p < s.out_h; ++p) {
        const std::int64_t tap = h + g.padding.h - p * g.stride.h;
        const bool covers = tap >= 0 && tap < g.kernel.h;
        EXPECT_EQ(covers, p >= s.windows_h(h).first && p < s.windows_h(h).last);
        EXPECT_EQ(covers, tap >= s.taps_h(p).first && tap < s.taps_h(p).last);
      }
    }
  }
}

TEST(PoolShape, ErrorsNameTheGeometry) {
  const Shape x{1, 4, 4, 2};
  EXPECT_EQ(error_of([&] {
              pool_shape("pool", {4, 4, 2}, 2, 2, 0);
            }),
            "pool: expects images [N,H,W,C], got [4,4,2]");
  EXPECT_EQ(error_of([&] {
              pool_shape("pool", {1, 0, 4, 2}, 2, 2, 1);
            }),
            "pool: expects images of at least one pixel, got [1,0,4,2]");
  EXPECT_EQ(error_of([&] {
              pool_shape("pool", x, {0, 2}, 2, 0);
            }),
            "pool: kernel must be at least 1, got 0x2");
  EXPECT_EQ(error_of([&] {
              pool_shape("pool", x, 2, {1, 0}, 0);
            }),
            "pool: stride must be at least 1, got 1x0");
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  EXPECT_EQ(error_of([&] {
              pool_shape("pool", x, 3, 1, {kHuge, 0});
            }),
            "pool: padding must be from 0 to half of the kernel 3x3, got 4611686018427387904x0");
  EXPECT_EQ(error_of([&] {
              pool_shape("pool", x, {kHuge, 2}, 1, kHuge / 2);
            }),
            "pool: kernel must be at most 2147483647, got 4611686018427387904x2");
  EXPECT_EQ(error_of([&] { pool_shape("pool", x, 2, kHuge, 0); }),
            "pool: stride must be at most 2147483647, got 4611686018427387904x4611686018427387904");
  EXPECT_EQ(pool_shape("pool", x, kMostOfWindow, kMostOfWindow, kMostOfWindow / 2).output(),
            Shape({1, 1, 1, 2}));
  EXPECT_EQ(error_of([&] { pool_shape("pool", x, 3, 1, 2); }),
            "pool: padding must be from 0 to half of the kernel 3x3, got 2x2");
  EXPECT_EQ(error_of([&] { pool_shape("pool", x, 7, 1, 1); }),
            "pool: kernel 7x7 is larger than the image [1,4,4,2] with padding 1x1");
}

TEST(MaxPool2d, TakesTheFirstMaximumOfEachWindowAndWritesTheMask) {
  for_each_target([] {
    for (const Geometry& g : kGeometries) {
      for (const Tensor& x : {random_tensor(g.x, 1, 0.5), tied_tensor(g.x, 2)}) {
        const PoolShape s = pool_shape("test", g.x, g.kernel, g.stride, g.padding, g.ceil_mode);
        const Guarded y(s.output());
        for (const Tensor& index : {index_for(s.output()), Tensor()}) {
          const ops::MaxPool2d op{.x = x,
                                  .y = y.tensor(),
                                  .index = index,
                                  .kernel = g.kernel,
                                  .stride = g.stride,
                                  .padding = g.padding,
                                  .ceil_mode = g.ceil_mode};
          for_each_implementation(op, [&](std::string_view name) {
            y.tensor().fill(kNan);
            run(op, name);
            for (std::int64_t i = 0; i < op.y.numel(); ++i) {
              const std::int64_t c = i % s.channels, pixel = i / s.channels;
              const std::int64_t q = pixel % s.out_w, p = pixel / s.out_w % s.out_h;
              float best = -kInf;
              int tap = 0;
              for (int t = 0; t < g.kernel.h * g.kernel.w; ++t) {
                const std::int64_t h = p * g.stride.h - g.padding.h + t / g.kernel.w;
                const std::int64_t w = q * g.stride.w - g.padding.w + t % g.kernel.w;
                if (h < 0 || h >= s.in_h || w < 0 || w >= s.in_w) continue;
                const std::int64_t n = pixel / s.out_w / s.out_h;
                const float v = x.data<float>()[((n * s.in_h + h) * s.in_w + w) * s.channels + c];
                if (v > best) best = v, tap = t;
              }
              ASSERT_EQ(op.y.data<float>()[i], best);
              if (index) {
                ASSERT_EQ(tap_of(index, pixel, c), tap);
              }
            }
            expect_mask_matches(op.y);
            EXPECT_TRUE(y.intact());
          });
        }
      }
    }
  });
}

TEST(MaxPool2d, NanWinsAndMinusInfinityIsAValue) {
  constexpr std::int64_t kChannels = 37;  // in whole vectors and in the rest
  const float pixels[] = {1, kNan, -kInf, -kInf, kNan, 2, -kInf, -kInf};
  const Tensor x({1, 2, 4, kChannels});
  for (std::int64_t i = 0; i < x.numel(); ++i) x.mutable_data<float>()[i] = pixels[i / kChannels];
  const Shape out{1, 1, 2, kChannels};
  const ops::MaxPool2d op{.x = x, .y = Tensor(out), .index = index_for(out)};
  for_each_target([&] {
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      for (std::int64_t c = 0; c < kChannels; ++c) {
        EXPECT_TRUE(std::isnan(op.y.data<float>()[c]));
        EXPECT_EQ(tap_of(op.index, 0, c), 2);
        EXPECT_EQ(op.y.data<float>()[kChannels + c], -kInf);
        EXPECT_EQ(tap_of(op.index, 1, c), 0);
      }
      EXPECT_EQ(op.y.nonzeros(), 2 * kChannels);
    });
  });
}

TEST(MaxPool2dGrad, SendsEachGradientToTheWinner) {
  for_each_target([] {
    for (const Geometry& g : kGeometries) {
      const Tensor x = tied_tensor(g.x, 3);
      const Shape y = output_of(g);
      const Tensor index = index_for(y);
      dispatch(ops::MaxPool2d{.x = x,
                              .y = Tensor(y),
                              .index = index,
                              .kernel = g.kernel,
                              .stride = g.stride,
                              .padding = g.padding,
                              .ceil_mode = g.ceil_mode});
      const Tensor grad_y = integer_tensor(y, 4);
      const PoolShape s = pool_shape("test", g.x, g.kernel, g.stride, g.padding, g.ceil_mode);
      const Tensor expected = Tensor::zeros(g.x);
      for (std::int64_t i = 0; i < grad_y.numel(); ++i) {
        const std::int64_t c = i % s.channels, pixel = i / s.channels;
        const std::int64_t q = pixel % s.out_w, p = pixel / s.out_w % s.out_h;
        const int tap = tap_of(index, pixel, c);
        const std::int64_t h = p * g.stride.h - g.padding.h + tap / g.kernel.w;
        const std::int64_t w = q * g.stride.w - g.padding.w + tap % g.kernel.w;
        const std::int64_t n = pixel / s.out_w / s.out_h;
        expected.mutable_data<float>()[((n * s.in_h + h) * s.in_w + w) * s.channels + c] +=
            grad_y.data<float>()[i];
      }
      const Guarded grad_x(g.x);
      const ops::MaxPool2dGrad op{.index = index,
                                  .grad_y = grad_y,
                                  .grad_x = grad_x.tensor(),
                                  .kernel = g.kernel,
                                  .stride = g.stride,
                                  .padding = g.padding,
                                  .ceil_mode = g.ceil_mode};
      for_each_implementation(op, [&](std::string_view name) {
        grad_x.tensor().fill(kNan);
        run(op, name);
        for (std::int64_t i = 0; i < expected.numel(); ++i) {
          ASSERT_EQ(op.grad_x.data<float>()[i], expected.data<float>()[i]) << "element " << i;
        }
        EXPECT_TRUE(grad_x.intact());
      });
    }
  });
}

TEST(MaxPool2d, AgreesWithCentralDifferencesInDouble) {
  for (const Geometry& g : kSmallGeometries) {
    const Tensor x = random_tensor(g.x, 5).to(DType::f64);
    const Shape out = output_of(g);
    const Tensor y(out, DType::f64), r = random_tensor(out, 6).to(DType::f64);
    const ops::MaxPool2d forward{.x = x,
                                 .y = y,
                                 .index = index_for(out),
                                 .kernel = g.kernel,
                                 .stride = g.stride,
                                 .padding = g.padding,
                                 .ceil_mode = g.ceil_mode};
    const ops::MaxPool2dGrad backward{.index = forward.index,
                                      .grad_y = r,
                                      .grad_x = Tensor(g.x, DType::f64),
                                      .kernel = g.kernel,
                                      .stride = g.stride,
                                      .padding = g.padding,
                                      .ceil_mode = g.ceil_mode};
    dispatch(forward);
    dispatch(backward);
    // Steps too small to change a winner: random values are multiples of 2^-23.
    expect_central_differences(x, backward.grad_x, 0x1p-26, 1e-6, [&] {
      dispatch(forward);
      return inner_product(r, y);
    });
  }
}

TEST(MaxPool2d, ErrorsNameTheOperandAndWhatWasExpected) {
  const Tensor x({2, 6, 6, 5}), y({2, 3, 3, 5});
  EXPECT_EQ(error_of([&] {
              dispatch(ops::MaxPool2d{.x = x, .y = Tensor({2, 6, 6, 5})});
            }),
            "max_pool2d: y is f32 [2,6,6,5] on cpu, expected f32 [2,3,3,5] on cpu");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::MaxPool2d{.x = x, .y = y, .index = Tensor(y.shape(), DType::i32)});
            }),
            "max_pool2d: index is i32 [2,3,3,5] on cpu, expected i32 [2,3,3,2] on cpu");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::MaxPool2d{.x = Tensor({1, 17, 17, 4}),
                                      .y = Tensor({1, 1, 1, 4}),
                                      .index = Tensor({1, 1, 1, 1}, DType::i32),
                                      .kernel = 17});
            }),
            "max_pool2d: an index holds at most 256 taps, kernel is 17x17");
  EXPECT_EQ(error_of([&] { dispatch(ops::MaxPool2dGrad{.grad_y = y, .grad_x = x}); }),
            "max_pool2d_grad: index is undefined");
}

TEST(AvgPool2d, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Geometry& g : kGeometries) {
      for (const bool include : {true, false}) {
        const PoolShape s = pool_shape("test", g.x, g.kernel, g.stride, g.padding, g.ceil_mode);
        const Tensor x = random_tensor(g.x, 7);
        const Guarded y(s.output());
        const ops::AvgPool2d op{.x = x,
                                .y = y.tensor(),
                                .kernel = g.kernel,
                                .stride = g.stride,
                                .padding = g.padding,
                                .count_include_pad = include,
                                .ceil_mode = g.ceil_mode};
        run(op, kReference);
        const Tensor expected = op.y.clone();
        for_each_implementation(op, [&](std::string_view name) {
          y.tensor().fill(kNan);
          run(op, name);
          expect_same_bits(op.y, expected);
          for (std::int64_t i = 0; i < op.y.numel(); ++i) {
            const std::int64_t c = i % s.channels, pixel = i / s.channels;
            const std::int64_t q = pixel % s.out_w, p = pixel / s.out_w % s.out_h;
            double sum = 0, size = 0;
            int inside = 0, padded = 0;
            for (int t = 0; t < g.kernel.h * g.kernel.w; ++t) {
              const std::int64_t h = p * g.stride.h - g.padding.h + t / g.kernel.w;
              const std::int64_t w = q * g.stride.w - g.padding.w + t % g.kernel.w;
              padded += h < s.in_h + g.padding.h && w < s.in_w + g.padding.w;
              if (h < 0 || h >= s.in_h || w < 0 || w >= s.in_w) continue;
              const std::int64_t n = pixel / s.out_w / s.out_h;
              const float v = x.data<float>()[((n * s.in_h + h) * s.in_w + w) * s.channels + c];
              sum += v, size += std::abs(v), ++inside;
            }
            const double count = include ? padded : inside;
            ASSERT_NEAR(op.y.data<float>()[i], sum / count, gamma(inside + 1) * size / count);
          }
          EXPECT_TRUE(y.intact());
        });
      }
    }
  });
}

TEST(AvgPool2d, AgreesWithCentralDifferencesInDouble) {
  for (const Geometry& g : kSmallGeometries) {
    for (const bool include : {true, false}) {
      const Tensor x = random_tensor(g.x, 8).to(DType::f64);
      const Shape out = output_of(g);
      const Tensor y(out, DType::f64), r = random_tensor(out, 9).to(DType::f64);
      const ops::AvgPool2dGrad backward{.grad_y = r,
                                        .grad_x = Tensor(g.x, DType::f64),
                                        .kernel = g.kernel,
                                        .stride = g.stride,
                                        .padding = g.padding,
                                        .count_include_pad = include,
                                        .ceil_mode = g.ceil_mode};
      dispatch(backward);
      expect_central_differences(x, backward.grad_x, 1e-3, 1e-9, [&] {
        dispatch(ops::AvgPool2d{.x = x,
                                .y = y,
                                .kernel = g.kernel,
                                .stride = g.stride,
                                .padding = g.padding,
                                .count_include_pad = include,
                                .ceil_mode = g.ceil_mode});
        return inner_product(r, y);
      });
    }
  }
}

TEST(AvgPool2dGrad, EveryImplementationGivesTheReference) {
  for_each_target([] {
    for (const Geometry& g : kGeometries) {
      for (const bool include : {true, false}) {
        const Guarded grad_x(g.x);
        const ops::AvgPool2dGrad op{.grad_y = random_tensor(output_of(g), 10),
                                    .grad_x = grad_x.tensor(),
                                    .kernel = g.kernel,
                                    .stride = g.stride,
                                    .padding = g.padding,
                                    .count_include_pad = include,
                                    .ceil_mode = g.ceil_mode};
        run(op, kReference);
        const Tensor expected = grad_x.tensor().clone();
        for_each_implementation(op, [&](std::string_view name) {
          grad_x.tensor().fill(kNan);
          run(op, name);
          expect_same_bits(op.grad_x, expected);
          EXPECT_TRUE(grad_x.intact());
        });
      }
    }
  });
}

TEST(GlobalAvgPool, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Shape& shape : {Shape{2, 4, 4, 64}, Shape{3, 7, 5, 21}, Shape{1, 1, 1, 1}}) {
      const std::int64_t pixels = shape[1] * shape[2], channels = shape[3];
      const Tensor x = random_tensor(shape, 11);
      const Guarded y({shape[0], channels}), grad_x(shape);
      const ops::GlobalAvgPool op{.x = x, .y = y.tensor()};
      run(op, kReference);
      const Tensor expected = op.y.clone();
      for_each_implementation(op, [&](std::string_view name) {
        y.tensor().fill(kNan);
        run(op, name);
        expect_same_bits(op.y, expected);
        for (std::int64_t i = 0; i < op.y.numel(); ++i) {
          double sum = 0, size = 0;
          for (std::int64_t k = 0; k < pixels; ++k) {
            const float v = x.data<float>()[(i / channels * pixels + k) * channels + i % channels];
            sum += v, size += std::abs(v);
          }
          ASSERT_NEAR(op.y.data<float>()[i], sum / pixels, gamma(pixels + 1) * size / pixels);
        }
        EXPECT_TRUE(y.intact());
      });
      const ops::GlobalAvgPoolGrad grad{.grad_y = random_tensor(y.tensor().shape(), 12),
                                        .grad_x = grad_x.tensor()};
      for_each_implementation(grad, [&](std::string_view name) {
        grad_x.tensor().fill(kNan);
        run(grad, name);
        for (std::int64_t i = 0; i < x.numel(); ++i) {
          const std::int64_t at = i / channels / pixels * channels + i % channels;
          ASSERT_EQ(grad.grad_x.data<float>()[i], grad.grad_y.data<float>()[at] / pixels);
        }
        EXPECT_TRUE(grad_x.intact());
      });
    }
  });
}

TEST(GlobalAvgPool, AgreesWithCentralDifferencesInDouble) {
  const Tensor x = random_tensor({2, 3, 4, 5}, 13).to(DType::f64);
  const Tensor y({2, 5}, DType::f64), r = random_tensor({2, 5}, 14).to(DType::f64);
  const ops::GlobalAvgPoolGrad backward{.grad_y = r, .grad_x = Tensor(x.shape(), DType::f64)};
  dispatch(backward);
  expect_central_differences(x, backward.grad_x, 1e-3, 1e-9, [&] {
    dispatch(ops::GlobalAvgPool{.x = x, .y = y});
    return inner_product(r, y);
  });
}

TEST(Pool, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({16, 14, 14, 32}, 15);
  const Shape half{16, 7, 7, 32};
  std::vector<std::vector<Tensor>> results;
  for_each_thread_count([&] {
    const Tensor max(half), avg(half), global({16, 32}), index = index_for(half);
    const Tensor grad_max(x.shape()), grad_avg(x.shape()), grad_global(x.shape());
    dispatch(ops::MaxPool2d{.x = x, .y = max, .index = index, .kernel = 3, .padding = 1});
    dispatch(ops::MaxPool2dGrad{
        .index = index, .grad_y = max, .grad_x = grad_max, .kernel = 3, .padding = 1});
    dispatch(ops::AvgPool2d{.x = x, .y = avg, .kernel = 3, .padding = 1});
    dispatch(ops::AvgPool2dGrad{.grad_y = avg, .grad_x = grad_avg, .kernel = 3, .padding = 1});
    dispatch(ops::GlobalAvgPool{.x = x, .y = global});
    dispatch(ops::GlobalAvgPoolGrad{.grad_y = global, .grad_x = grad_global});
    results.push_back({max, grad_max, avg, grad_avg, global, grad_global});
    EXPECT_EQ(max.nonzeros(), max.clone().nonzeros());
  });
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    expect_same_bits(results[1][i], results[0][i]);
  }
}

TEST(Pool, HasNoMacsAndMovesEachOperandOnce) {
  const Tensor x({2, 4, 4, 16}), y({2, 2, 2, 16}), index = index_for(y.shape());
  EXPECT_EQ((ops::MaxPool2d{.x = x, .y = y, .index = index}.work()),
            (Work{.bytes_read = 2048, .bytes_written = 512 + 16 + 128}));
  EXPECT_EQ((ops::MaxPool2dGrad{.index = index, .grad_y = y, .grad_x = x}.work()),
            (Work{.bytes_read = 512 + 128, .bytes_written = 2048}));
  EXPECT_EQ((ops::AvgPool2d{.x = x, .y = y}.work()),
            (Work{.bytes_read = 2048, .bytes_written = 512}));
  EXPECT_EQ((ops::AvgPool2dGrad{.grad_y = y, .grad_x = x}.work()),
            (Work{.bytes_read = 512, .bytes_written = 2048}));
  EXPECT_EQ((ops::GlobalAvgPool{.x = x, .y = Tensor({2, 16})}.work()),
            (Work{.bytes_read = 2048, .bytes_written = 128}));
  EXPECT_EQ((ops::GlobalAvgPoolGrad{.grad_y = Tensor({2, 16}), .grad_x = x}.work()),
            (Work{.bytes_read = 128, .bytes_written = 2048}));
}

TEST(Pool, ErrorsNameTheOperandAndWhatWasExpected) {
  const Tensor x({2, 4, 4, 3});
  EXPECT_EQ(error_of([&] { dispatch(ops::AvgPool2d{.x = x, .y = x}); }),
            "avg_pool2d: y is f32 [2,4,4,3] on cpu, expected f32 [2,2,2,3] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(ops::AvgPool2dGrad{.grad_y = x, .grad_x = x}); }),
            "avg_pool2d_grad: grad_y is f32 [2,4,4,3] on cpu, expected f32 [2,2,2,3] on cpu");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::GlobalAvgPool{.x = x, .y = Tensor({2, 4})});
            }),
            "global_avg_pool: y is f32 [2,4] on cpu, expected f32 [2,3] on cpu");
  EXPECT_EQ(
      error_of([&] {
        dispatch(ops::GlobalAvgPoolGrad{.grad_y = Tensor({2, 3}), .grad_x = Tensor({2, 0, 4, 3})});
      }),
      "global_avg_pool_grad: grad_x must be images [N,H,W,C] with at least one pixel, got "
      "[2,0,4,3]");
}

}  // namespace
}  // namespace joule

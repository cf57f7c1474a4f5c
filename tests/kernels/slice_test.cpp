// SPDX-License-Identifier: MIT
#include "joule/kernels/slice/slice.h"

#include <limits>

#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

struct Case {
  Shape box, of;
  Offsets first;
};
const Case kCases[] = {
    {{3}, {5}, {0, 0, 0, 2}},
    {{5}, {5}, {}},
    {{2, 3, 3, 17}, {2, 3, 3, 64}, {0, 0, 0, 40}},
    {{2, 3, 4, 5}, {2, 5, 8, 5}, {0, 1, 2, 0}},
    {{1, 2, 3, 4}, {3, 4, 5, 6}, {2, 1, 2, 1}},
    {{70, 40}, {70, 300}, {0, 0, 0, 200}},
    {{4, 0}, {4, 3}, {0, 0, 0, 3}},
    {{}, {}, {}},
};

/// Whether element i of the larger one lies in the box, and where there.
std::pair<bool, std::int64_t> in_box(const Case& of, std::int64_t i) {
  bool inside = true;
  std::int64_t at = 0, stride = 1;
  for (int d = 1; d <= of.of.rank(); ++d) {
    const std::int64_t index = i % of.of[-d] - of.first[static_cast<std::size_t>(4 - d)];
    i /= of.of[-d];
    inside = inside && index >= 0 && index < of.box[-d];
    at += index * stride;
    stride *= of.box[-d];
  }
  return {inside, at};
}

TEST(Slice, EveryImplementationCutsTheBoxOut) {
  for (const Case& of : kCases) {
    SCOPED_TRACE(str(of.box, " of ", of.of));
    const Tensor x = random_tensor(of.of, 1);
    const Guarded y(of.box);
    const ops::Slice op{.x = x, .y = y.tensor(), .first = of.first};
    for_each_implementation(op, [&](std::string_view name) {
      y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        const auto [inside, at] = in_box(of, i);
        if (!inside) continue;
        ASSERT_EQ(op.y.data<float>()[at], x.data<float>()[i]);
      }
      EXPECT_TRUE(y.intact());
    });
  }
}

TEST(Pad, EveryImplementationPutsZerosAroundTheBox) {
  for (const Case& of : kCases) {
    SCOPED_TRACE(str(of.box, " in ", of.of));
    const Tensor x = random_tensor(of.box, 1);
    const Guarded y(of.of);
    const ops::Pad op{.x = x, .y = y.tensor(), .first = of.first};
    for_each_implementation(op, [&](std::string_view name) {
      y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      for (std::int64_t i = 0; i < op.y.numel(); ++i) {
        const auto [inside, at] = in_box(of, i);
        ASSERT_EQ(op.y.data<float>()[i], inside ? x.data<float>()[at] : 0.0f);
      }
      EXPECT_TRUE(y.intact());
    });
  }
}

TEST(SliceFunctions, HaveGradients) {
  const Tensor x = random_tensor({2, 3, 4, 5}, 1);
  expect_gradients([](Inputs in) { return slice_channels(in[0], 1, 3); }, {x});
  expect_gradients([](Inputs in) { return pad_channels(in[0], 1, 2); }, {x});
  expect_gradients([](Inputs in) { return pad2d(in[0], {1, 2}); }, {x});
  expect_gradients([](Inputs in) { return pad2d(in[0], {1, 0}, {0, 3}); }, {x});
  expect_gradients([](Inputs in) { return pad2d(in[0], {-1, 2}, {1, -1}); }, {x});
}

TEST(Pad2d, AddsZerosOrTakesAwayOnEachSide) {
  const auto image = [](const std::vector<float>& values, const Shape& shape) {
    return Tensor::from(values, shape);
  };
  const Tensor x = image({1, 2, 3, 4, 5, 6}, {1, 2, 3, 1});
  expect_same_bits(pad2d(x, {1, 0}, {0, 2}),
                   image({0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0}, {1, 3, 5, 1}));
  expect_same_bits(pad2d(x, {-1, 0}, {0, -1}), image({4, 5}, {1, 1, 2, 1}));
  expect_same_bits(pad2d(x, {0, -2}, {1, 1}), image({3, 0, 6, 0, 0, 0}, {1, 3, 2, 1}));
  expect_same_bits(pad2d(x, 0, 0), x);
}

TEST(SliceFunctions, CostAndErrors) {
  const Tensor x({2, 8}), y({2, 3});
  EXPECT_EQ((ops::Slice{.x = x, .y = y}.work()), (Work{.bytes_read = 24, .bytes_written = 24}));
  EXPECT_EQ((ops::Pad{.x = y, .y = x}.work()), (Work{.bytes_read = 24, .bytes_written = 64}));
  EXPECT_EQ(error_of([&] { slice_channels(x, 6, 3); }),
            "slice_channels: x is [2,8], it has no 3 channels from 6 on");
  EXPECT_EQ(error_of([&] { pad_channels(x, -1, 3); }),
            "pad_channels: before and after must be from 0 to 2147483647, got -1 and 3");
  EXPECT_EQ(error_of([&] { pad2d(x, 1); }), "pad2d: x must have 4 dimensions, got [2,8]");
  EXPECT_EQ(error_of([&] { pad2d(x, 1, 1); }), "pad2d: x must have 4 dimensions, got [2,8]");
  const Tensor image = Tensor::zeros({1, 3, 4, 2});
  EXPECT_EQ(error_of([&] {
              pad2d(image, {-1, 0}, {-2, 0});
            }),
            "pad2d: of an image of 3x4 nothing would be left");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::Slice{.x = x, .y = y, .first = {0, 0, 0, 6}});
            }),
            "slice: y is [2,3], which does not lie in x, [2,8], from 6 on in dimension -1");
  EXPECT_EQ(error_of([&] { dispatch(ops::Pad{.x = y, .y = Tensor({3})}); }),
            "pad: x is [2,3], y is [3]: the dimensions must be as many");
}

}  // namespace
}  // namespace joule

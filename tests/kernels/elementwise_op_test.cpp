// SPDX-License-Identifier: MIT
#include "joule/kernels/pointwise/elementwise_op.h"

#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

struct Cube {
  template <class T>
  T operator()(T x) const {
    return x * x * x;
  }
};
struct ThreeSquares {
  template <class T>
  T operator()(T x) const {
    return 3 * x * x;
  }
};
const auto kCube = elementwise_op<"cube">(Cube(), ThreeSquares());
using CubeOp = Elementwise<"cube", false, Cube, CpuOnly>;
using CubeGrad = Elementwise<"cube", true, ThreeSquares, CpuOnly>;

TEST(ElementwiseOp, EveryImplementationGivesTheDefinition) {
  for (const Shape& shape : {Shape{0}, Shape{3, 5}, Shape{40, 1037}}) {
    const Tensor x = integer_tensor(shape, 1), g = integer_tensor(shape, 2);
    const Guarded y(shape), grad_x(shape);
    const CubeOp op{.x = x, .grad = {}, .y = y.tensor(), .f = {}};
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        const float v = x.data<float>()[i];
        ASSERT_EQ(op.y.data<float>()[i], v * v * v);
      }
      EXPECT_TRUE(y.intact());
    });
    const CubeGrad grad{.x = x, .grad = g, .y = grad_x.tensor(), .f = {}};
    for_each_implementation(grad, [&](std::string_view name) {
      run(grad, name);
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        const float v = x.data<float>()[i];
        ASSERT_EQ(grad.y.data<float>()[i], g.data<float>()[i] * 3 * v * v);
      }
      EXPECT_TRUE(grad_x.intact());
    });
  }
}

TEST(ElementwiseOp, IsAccountedUnderItsName) {
  EXPECT_EQ(CubeOp::kName, "cube");
  EXPECT_EQ(CubeGrad::kName, "cube_grad");
  LastRecord sink;
  context().sink = &sink;
  kCube(Tensor({8, 4}));
  context().sink = nullptr;
  EXPECT_EQ(sink.implementation, "cpu.parallel");
  EXPECT_EQ(sink.work, (Work{.bytes_read = 128, .bytes_written = 128}));
  const Tensor t({8, 4});
  EXPECT_EQ((CubeGrad{.x = t, .grad = t, .y = t, .f = {}}.work()),
            (Work{.bytes_read = 256, .bytes_written = 128}));
}

TEST(ElementwiseOp, HasTheGradientThatItWasGiven) {
  expect_gradients([](Inputs in) { return kCube(in[0]); }, {random_tensor({3, 4}, 1)});
  const auto lambda =
      elementwise_op<"scaled">([a = 3](auto x) { return a * x; }, [a = 3](auto) { return a; });
  expect_gradients([&](Inputs in) { return lambda(in[0]); }, {random_tensor({3, 4}, 1)});
}

TEST(ElementwiseOp, ErrorsNameTheOperation) {
  EXPECT_EQ(error_of([] { kCube(Tensor()); }), "cube: x is undefined");
  EXPECT_EQ(error_of([] { kCube(Tensor({2}, DType::i32)); }),
            "cube: x must be floating-point, got i32");
}

TEST(ElementwiseOp, HasNoRowForADeviceThatItWasNotWrittenFor) {
  for (const auto& row : CubeOp::implementations()) EXPECT_EQ(row.device, Device::cpu);
  if (!unavailable(Device::cuda).empty()) return;
  const std::string error = error_of([] { kCube(Tensor({2}, DType::f32, Device::cuda)); });
  EXPECT_TRUE(error.starts_with("cube: no implementation for this on cuda")) << error;
}

}  // namespace
}  // namespace joule

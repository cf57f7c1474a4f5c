// SPDX-License-Identifier: MIT
// The implementations by cuDNN (kernels/conv2d/cuda/cudnn.cu) on the executor, with a stand-in for
// the library.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "joule/kernels/conv2d/impl.h"
#include "joule/tests/kernels/conv2d/conv2d_layer.h"
#include "joule/tests/simt/cudnn/stand_in.h"

namespace joule {
namespace {

using namespace test;

class CudnnRows : public testing::Test {
 protected:
  void SetUp() override { cudnn_stand_in() = {}; }
};
using CudnnRowsDeathTest = CudnnRows;  // each in a process of its own

void run_by_cudnn(const ops::Conv2d& op, Context& ctx) { cudnn::conv2d(op, ctx, nullptr); }
void run_by_cudnn(const ops::Conv2dGradInput& op, Context& ctx) {
  cudnn::conv2d_grad_input(op, ctx, nullptr);
}
void run_by_cudnn(const ops::Conv2dGradWeight& op, Context& ctx) {
  cudnn::conv2d_grad_weight(op, ctx, nullptr);
}

/// By cuDNN, and by the definition into `result`.
template <class Op>
void expect_exact_by_cudnn(const Op& op, const Guarded& result) {
  run(op, kReference);
  const Tensor expected = result.tensor().clone();
  fill_with_nan(result);
  const OnDevice<Op> there(op, Device::cuda);
  const char* const why = cudnn::unsupported(*there);
  ASSERT_EQ(why, nullptr);
  Context ctx;
  run_by_cudnn(*there, ctx);
  there.copy_back();
  expect_same_bits(result.tensor(), expected);
}

TEST_F(CudnnRows, AreExactOnIntegers) {
  for (const ConvCase& c : cases()) {
    SCOPED_TRACE(std::string(c.what));
    const ConvLayer layer(c, integer_tensor);
    expect_exact_by_cudnn(layer.forward(), layer.y);
    expect_exact_by_cudnn(layer.forward_relu(), layer.y);
    expect_exact_by_cudnn(layer.grad_input(), layer.grad_x);
    expect_exact_by_cudnn(layer.grad_weights(), layer.grad_weight);
    expect_exact_by_cudnn(layer.grad_weights(), layer.grad_bias);
  }
}

/// A convolution on the device, of a shape that no other test has.
struct Convolution {
  explicit Convolution(std::int64_t side)
      : op{.x = Tensor::full({1, side, side, 2}, 1, Device::cuda),
           .weight = Tensor::full({3, 1, 1, 2}, 1, Device::cuda),
           .y = Tensor::full({1, side, side, 3}, 7, Device::cuda)} {}

  std::string why_not() const {
    const char* const why = cudnn::unsupported(op);
    return why ? why : "";
  }
  float result() const { return op.y.slice(0, 1).to(Device::cpu).data<float>()[0]; }

  ops::Conv2d op;
};

TEST_F(CudnnRows, OnlyF32KeepsTheOperandsFromBeingRounded) {
  const Convolution c(20);
  for (const auto& [precision, math] :
       {std::pair{Precision::f32, CUDNN_FMA_MATH}, std::pair{Precision::tf32, CUDNN_DEFAULT_MATH},
        std::pair{Precision::bf16, CUDNN_DEFAULT_MATH}}) {
    Context ctx{.precision = precision};
    run_by_cudnn(c.op, ctx);
    EXPECT_EQ(cudnn_stand_in().math, math) << name(precision);
    EXPECT_EQ(c.result(), 2);
  }
}

TEST_F(CudnnRows, ArePlannedOnceAShapeByARunThatLeavesTheResultAlone) {
  const Convolution c(21);
  EXPECT_EQ(c.why_not(), "");
  EXPECT_EQ(cudnn_stand_in().runs, 1);
  EXPECT_EQ(c.result(), 7);
  EXPECT_EQ(c.why_not(), "");
  Context ctx;
  run_by_cudnn(c.op, ctx);
  EXPECT_EQ(c.result(), 2);
  EXPECT_EQ(cudnn_stand_in().rankings, 1);
  EXPECT_EQ(cudnn_stand_in().runs, 2);
}

// The size of its workspace is no promise.
TEST_F(CudnnRows, TakeTheNextAlgorithmIfOneFailsWhenItRuns) {
  cudnn_stand_in().failing = {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM};
  const Convolution c(22);
  EXPECT_EQ(c.why_not(), "");
  Context ctx;
  run_by_cudnn(c.op, ctx);
  EXPECT_EQ(cudnn_stand_in().algorithm, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM);
  EXPECT_EQ(c.result(), 2);
}

TEST_F(CudnnRows, ArePassedOverWithTheReasonIfNoneRuns) {
  cudnn_stand_in().failing = {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                              CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM};
  const Convolution c(23);
  const std::string why = c.why_not();
  EXPECT_EQ(why.find("cuDNN has no other algorithm of fixed order for it; cudnnConvolutionForward "
                     "failed: another status at "),
            0u)
      << why;
  EXPECT_EQ(c.result(), 7);
  Context ctx;
  EXPECT_EQ(error_of<DeviceError>([&] { run_by_cudnn(c.op, ctx); }),
            "cudnnConvolutionForward: " + why);
}

TEST_F(CudnnRows, ArePassedOverWithTheReasonIfCudnnReportsAnError) {
  cudnn_stand_in().rank = CUDNN_STATUS_BAD_PARAM;
  const std::string rank = Convolution(24).why_not();
  EXPECT_EQ(rank.find("cudnnGetConvolutionForwardAlgorithm_v7 failed: bad parameter at "), 0u)
      << rank;
  cudnn_stand_in() = {.describe = CUDNN_STATUS_BAD_PARAM};
  const std::string describe = Convolution(25).why_not();
  EXPECT_EQ(describe.find("cudnnSetConvolution2dDescriptor failed: bad parameter at "), 0u)
      << describe;
  cudnn_stand_in() = {.workspace = CUDNN_STATUS_BAD_PARAM};
  const std::string workspace = Convolution(26).why_not();
  EXPECT_NE(workspace.find("WorkspaceSize failed: bad parameter at "), std::string::npos)
      << workspace;
  EXPECT_EQ(cudnn_stand_in().runs, 0);
}

// What cuDNN plans for it knows no address.
TEST_F(CudnnRows, NeedAlignedOperands) {
  Convolution c(31);
  EXPECT_EQ(c.why_not(), "");
  const Tensor y = c.op.y;
  c.op.y = Tensor({y.numel() + 1}, DType::f32, Device::cuda).slice(1, y.numel()).reshape(y.shape());
  EXPECT_EQ(c.why_not(), "needs operands at addresses that are multiples of 16");
}

TEST_F(CudnnRows, PlanNothingDuringACapture) {
  const Convolution known(27), fresh(28);
  EXPECT_EQ(known.why_not(), "");
  std::string of_known = "?", of_fresh;
  backend(Device::cuda).capture(16, [&] {
    of_known = known.why_not();
    of_fresh = fresh.why_not();
  });
  EXPECT_EQ(of_known, "");
  EXPECT_EQ(of_fresh, "cuDNN has not run this before, and captured work cannot try it");
  EXPECT_EQ(fresh.why_not(), "");
}

TEST_F(CudnnRowsDeathTest, ArePassedOverWithTheReasonIfCudnnDoesNotStart) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        cudnn_stand_in().create = CUDNN_STATUS_BAD_PARAM;
        const std::string why = Convolution(29).why_not();
        std::fprintf(stderr, "%s\n", why.c_str());
        std::exit(Convolution(30).why_not() == why ? 0 : 1);
      },
      testing::ExitedWithCode(0), "^cudnnCreate failed: bad parameter at ");
}

}  // namespace
}  // namespace joule

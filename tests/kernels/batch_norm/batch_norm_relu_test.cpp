// SPDX-License-Identifier: MIT
#include "joule/kernels/batch_norm/batch_norm.h"

#include <limits>
#include <string_view>
#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/reduce/sum.h"
#include "joule/kernels/relu/relu.h"
#include "joule/tests/kernels/batch_norm/batch_norm_cases.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace batch_norm_cases;

constexpr float kSigma = 1e-2f;

/// The implementation of Relu on the device, and of the kind, of one of BatchNorm.
std::string_view relu_beside(std::string_view norm) {
  return norm.starts_with("cuda") ? "cuda.masked_rows" : norm;
}

/// What a batch norm with ReLU gives when norm, sum and ReLU run one after the other.
struct Apart {
  Tensor y, l0_sum{Shape{}};

  Apart(const ops::BatchNorm& fused, std::string_view name) : y(fused.x.shape()) {
    ops::BatchNorm norm = fused;
    norm.addend = norm.l0_sum = Tensor();
    norm.relu = false;
    norm.threshold = 0;
    norm.y = y;
    run(norm, name);
    if (fused.addend) {
      float* const values = y.mutable_data<float>();
      for (std::int64_t i = 0; i < y.numel(); ++i) values[i] += fused.addend.data<float>()[i];
    }
    run(ops::Relu{.x = y,
                  .y = y,
                  .sigma = fused.sigma,
                  .l0_sum = fused.l0_sum ? l0_sum : Tensor(),
                  .threshold = fused.threshold},
        relu_beside(name));
  }
};

void expect_as_apart(const ops::BatchNorm& op) {
  for_each_implementation(op, [&](std::string_view name) {
    const Apart apart(op, name);
    op.y.fill(std::numeric_limits<double>::quiet_NaN());
    run(op, name);
    expect_same_bits(op.y, apart.y);
    expect_mask_matches(op.y);
    if (op.l0_sum) expect_same_bits(op.l0_sum, apart.l0_sum);
  });
}

TEST(BatchNormRelu, GivesTheBitsOfNormSumAndReluApart) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Layer layer(shape);
      for (const bool adds : {false, true}) {
        for (const float threshold : {0.0f, 0.3f}) {
          SCOPED_TRACE(str(shape, adds ? " with addend" : "", ", threshold ", threshold));
          ops::BatchNorm op = layer.training();
          op.relu = true;
          op.threshold = threshold;
          if (adds) op.addend = random_tensor(shape, 9);
          if (threshold == 0) op.sigma = kSigma, op.l0_sum = Tensor(Shape{});
          expect_as_apart(op);
        }
      }
      EXPECT_TRUE(layer.intact());
    }
  });
}

TEST(BatchNormRelu, AnAddendWithoutReluIsAdded) {
  const Layer layer({70, 40});
  const Tensor addend = random_tensor({70, 40}, 9);
  ops::BatchNorm op = layer.training();
  for_each_implementation(op, [&](std::string_view name) {
    op.addend = {};
    run(op, name);
    Tensor expected = op.y.clone();
    float* const values = expected.mutable_data<float>();
    for (std::int64_t i = 0; i < expected.numel(); ++i) values[i] += addend.data<float>()[i];
    op.addend = addend;
    run(op, name);
    expect_same_bits(op.y, expected);
  });
}

TEST(BatchNormRelu, MayOverwriteInputAndAddend) {
  const Layer layer({50, 40});
  const Tensor addend = random_tensor({50, 40}, 9);
  for_each_implementation(layer.training(), [&](std::string_view name) {
    ops::BatchNorm op = layer.training();
    op.relu = true;
    op.addend = addend;
    run(op, name);
    const Tensor expected = op.y.clone();
    op.x = op.y = layer.x.clone();
    run(op, name);
    expect_same_bits(op.y, expected);
    op.x = layer.x;
    op.addend = op.y = addend.clone();
    run(op, name);
    expect_same_bits(op.y, expected);
  });
}

TEST(BatchNormRelu, SameBitsForAnyNumberOfThreads) {
  const Layer layer({900, 70});
  std::vector<std::vector<Tensor>> results;
  for_each_thread_count([&] {
    ops::BatchNorm op = layer.training();
    op.relu = true;
    op.sigma = kSigma;
    op.l0_sum = Tensor(Shape{});
    dispatch(op);
    ops::BatchNormGrad grad = layer.grad();
    grad.relu_mask = op.y.zero_mask();
    dispatch(grad);
    results.push_back({op.y.clone(), op.l0_sum, grad.grad_x.clone(), grad.grad_gamma.clone(),
                       grad.grad_beta.clone()});
  });
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    expect_same_bits(results[1][i], results[0][i]);
  }
}

TEST(BatchNormReluGrad, GivesTheBitsOfReluAndNormApart) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      SCOPED_TRACE(str(shape));
      const Layer layer(shape);
      ops::BatchNorm forward = layer.training();
      forward.relu = true;
      dispatch(forward);
      ops::BatchNormGrad fused = layer.grad();
      fused.relu_mask = forward.y.zero_mask();
      const Tensor rectified(shape);
      ops::BatchNormGrad apart = layer.grad();
      apart.grad_y = rectified;
      for_each_implementation(fused, [&](std::string_view name) {
        run(ops::ReluGrad{.y = forward.y, .grad_y = layer.grad_y, .grad_x = rectified},
            relu_beside(name));
        run(apart, name);
        const Tensor grad_x = apart.grad_x.clone(), grad_gamma = apart.grad_gamma.clone();
        const Tensor grad_beta = apart.grad_beta.clone();
        run(fused, name);
        expect_same_bits(fused.grad_x, grad_x);
        expect_same_bits(fused.grad_gamma, grad_gamma);
        expect_same_bits(fused.grad_beta, grad_beta);
      });
      EXPECT_TRUE(layer.intact());
    }
  });
}

TEST(BatchNormReluGrad, MayOverwriteTheGradient) {
  const Layer layer({50, 40});
  ops::BatchNorm forward = layer.training();
  forward.relu = true;
  dispatch(forward);
  ops::BatchNormGrad op = layer.grad();
  op.relu_mask = forward.y.zero_mask();
  for_each_implementation(op, [&](std::string_view name) {
    run(op, name);
    ops::BatchNormGrad over = op;
    over.grad_y = over.grad_x = layer.grad_y.clone();
    run(over, name);
    expect_same_bits(over.grad_x, op.grad_x);
  });
}

TEST(BatchNormRelu, WorkIsWhatIsReadAndWritten) {
  const Layer layer({6, 8});
  ops::BatchNorm op = layer.training();
  const Work plain = op.work();
  op.relu = true;
  EXPECT_EQ(op.work().bytes_written, plain.bytes_written + 48 / 8);
  EXPECT_EQ(op.work().bytes_read, plain.bytes_read);
  op.addend = layer.x;
  EXPECT_EQ(op.work().bytes_read, plain.bytes_read + 4 * 48);
  EXPECT_EQ(op.work().macs, plain.macs);
  ops::BatchNormGrad grad = layer.grad();
  const Work of_grad = grad.work();
  dispatch(op);
  grad.relu_mask = op.y.zero_mask();
  EXPECT_EQ(grad.work().bytes_read, of_grad.bytes_read + 48 / 8);
  EXPECT_EQ(grad.work().bytes_written, of_grad.bytes_written);
}

TEST(BatchNormRelu, ErrorsNameTheOperandAndWhatWasExpected) {
  const Layer layer({6, 5});
  const auto error = [&](auto&& change) {
    ops::BatchNorm op = layer.training();
    op.relu = true;
    change(op);
    return error_of([&] { dispatch(op); });
  };
  EXPECT_EQ(error([](ops::BatchNorm& op) {
              op.addend = Tensor({5, 6});
            }),
            "batch_norm: addend is f32 [5,6] on cpu, x is f32 [6,5] on cpu");
  EXPECT_EQ(error([](ops::BatchNorm& op) { op.threshold = -1; }),
            "batch_norm: threshold must be finite and not negative, got -1");
  EXPECT_EQ(error([](ops::BatchNorm& op) {
              op.relu = false;
              op.threshold = 1;
            }),
            "batch_norm: l0_sum and threshold are those of a ReLU, but relu is off");
  EXPECT_EQ(error([](ops::BatchNorm& op) { op.l0_sum = Tensor(Shape{}); }),
            str("batch_norm: sigma must be from ", kLeastSigma, " to ", kMostSigma, ", got 0"));
  EXPECT_EQ(error([](ops::BatchNorm& op) {
              op.sigma = kSigma;
              op.l0_sum = Tensor({2});
            }),
            "batch_norm: l0_sum must be a scalar");
  const Tensor other({5, 6});
  dispatch(ops::Relu{.x = other, .y = other});
  EXPECT_EQ(error_of([&] {
              ops::BatchNormGrad op = layer.grad();
              op.relu_mask = other.zero_mask();
              dispatch(op);
            }),
            "batch_norm_grad: the mask has 5 rows of 6 channels, x is [6,5]");
}

/// What the differentiable functions give for one loss: outputs, then gradients.
struct Differentiated {
  Tensor x, gamma, beta, addend, mean = Tensor::zeros({40}), var = Tensor::full({40}, 1);

  explicit Differentiated(bool adds) : Differentiated(random_tensor({3, 4, 5, 40}, 1), adds) {}
  Differentiated(const Tensor& images, bool adds)
      : x(images), gamma(random_tensor({40}, 2)), beta(random_tensor({40}, 3)) {
    if (adds) addend = random_tensor(x.shape(), 4);
    for (Tensor* const t : {&x, &gamma, &beta, &addend}) {
      if (*t) t->set_requires_grad();
    }
  }
  ReluOutput fused(const SmoothL0& l0) const {
    return batch_norm_relu(x, gamma, beta, mean, var, {}, l0, 0, addend);
  }
  ReluOutput apart(const SmoothL0& l0) const {
    Tensor y = batch_norm(x, gamma, beta, mean, var, true);
    if (addend) y = add(y, addend);
    return relu_with_l0(std::move(y), l0);
  }
  /// Of the sum of y times `weights`, and of the penalty if there is one; `weights` may be
  /// undefined.
  std::vector<Tensor> gradients_of(const ReluOutput& output, const Tensor& weights) const {
    Tensor loss = weights ? sum(mul(output.y, weights)) : output.l0_sum;
    if (weights && output.l0_sum) loss = add(loss, output.l0_sum);
    loss.backward();
    std::vector<Tensor> all{output.y, x.grad(), gamma.grad(), beta.grad(), mean, var};
    if (output.l0_sum) all.push_back(output.l0_sum);
    if (addend) all.push_back(addend.grad());
    return all;
  }
};

TEST(BatchNormRelu, TheFunctionHasTheGradientsOfTheFunctionsApart) {
  const Tensor weights = random_tensor({3, 4, 5, 40}, 6);
  for (const bool adds : {false, true}) {
    for (const SmoothL0& l0 : {SmoothL0{}, SmoothL0{kSigma}}) {
      for (const bool only_penalty : {false, true}) {
        if (only_penalty && l0.sigma == 0) continue;
        SCOPED_TRACE(
            str(adds ? "with addend" : "", ", sigma ", l0.sigma, only_penalty ? " only" : ""));
        const Tensor weight = only_penalty ? Tensor() : weights;
        const Differentiated one(adds), two(adds);
        const auto fused = one.gradients_of(one.fused(l0), weight);
        const auto apart = two.gradients_of(two.apart(l0), weight);
        ASSERT_EQ(fused.size(), apart.size());
        for (std::size_t i = 0; i < fused.size(); ++i) {
          SCOPED_TRACE(i);
          expect_same_bits(fused[i], apart[i]);
        }
        EXPECT_TRUE(grad_unused_at_zeros(one.fused(l0).y));
      }
    }
  }
}

TEST(BatchNormRelu, AnAddendThatNeedsNoGradientGetsNone) {
  Differentiated layer(true);
  layer.addend.set_requires_grad(false);
  sum(layer.fused({}).y).backward();
  EXPECT_FALSE(layer.addend.grad());
  EXPECT_TRUE(layer.x.grad());
}

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"
#include "joule/kernels/ops.h"
#include "joule/kernels/zero_mask_rows.h"
#include "joule/layers/containers.h"
#include "joule/layers/functions.h"
#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

/// What `forward` makes of the leaf is the input of a convolution.  Its gradients, with the row
/// named `grad_input`: of the leaf and of the weights.  Whole numbers, so that all rows agree to
/// the bit.
struct ConvGradients {
  Tensor x, weight;
};
using Function = std::function<Tensor(const Tensor&)>;
ConvGradients conv_gradients(const Function& forward, std::string_view grad_input) {
  Tensor x = integer_tensor({2, 6, 6, 4}, 1), weight = integer_tensor({3, 3, 3, 4}, 2);
  x.set_requires_grad();
  weight.set_requires_grad();
  const Tensor y = conv2d(forward(x), weight, {}, {.padding = 1});
  const struct Pinned {
    explicit Pinned(std::string_view name) { force_implementation("conv2d_grad_input", name); }
    ~Pinned() { force_implementation("conv2d_grad_input", ""); }
  } pinned(grad_input);
  y.backward(integer_tensor(y.shape(), 3));
  return {x.grad(), weight.grad()};
}

const Function kRelu = [](const Tensor& x) { return relu(x); };
Tensor same_size_pool(const Tensor& x) { return max_pool2d(x, 3, 1, 1); }
Tensor half_dropped(Tensor x) {
  Generator generator(5);
  return dropout(std::move(x), 0.5f, generator);
}

TEST(Gradients, AreNotComputedWhereTheReluIgnoresThem) {
  struct Net {
    std::string_view what;
    Function forward;
  };
  const Tensor identity = Tensor::from(
      std::vector<float>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, {4, 1, 1, 4});
  const Net nets[] = {
      {"relu", kRelu},
      {"conv2d_relu", [&](const Tensor& x) { return conv2d_relu(relu(x), identity, {}, {}).y; }},
      {"max_pool2d", [](const Tensor& x) { return same_size_pool(relu(x)); }},
      {"max_pool2d twice",
       [](const Tensor& x) { return max_pool2d(same_size_pool(relu(x)), 2, 2); }},
      {"dropout", [](const Tensor& x) { return half_dropped(relu(x)); }},
      {"dropout in place", [](const Tensor& x) { return half_dropped(same_size_pool(relu(x))); }},
      {"resize_nearest",
       [](const Tensor& x) {
         const Tensor y = resize_nearest(relu(x), {1, 0, 2, 1, 1, 1}, {1});
         y.attach(mask_of(y));
         return y;
       }},
      {"reshape",
       [](const Tensor& x) {
         return flatten(relu(x)).reshape({2, 4, 9, 4});
       }},
  };
  for (const Net& net : nets) {
    SCOPED_TRACE(std::string(net.what));
    const ConvGradients all = conv_gradients(net.forward, kReference);
    const ConvGradients wanted = conv_gradients(net.forward, "cpu.skip_unwanted");
    EXPECT_GT(all.x.nonzeros(), 20);
    expect_same_bits(wanted.x, all.x);
    expect_same_bits(wanted.weight, all.weight);
  }
}

TEST(Gradients, AreComputedWhereSomebodyUsesThem) {
  struct Net {
    std::string_view what;
    Function forward;
  };
  const Tensor gamma = Tensor::full({4}, 1), beta = Tensor::zeros({4});
  const Net nets[] = {
      {"leaf", [](const Tensor& x) { return x; }},
      {"max_pool2d", same_size_pool},
      {"dropout", half_dropped},
      {"reshape",
       [](const Tensor& x) {
         return x.reshape({2, 4, 9, 4});
       }},
      {"add", [](const Tensor& x) { return relu(x) + x; }},
      {"avg_pool2d", [](const Tensor& x) { return avg_pool2d(relu(x), 3, 1, 1); }},
      {"batch_norm",
       [&](const Tensor& x) {
         return batch_norm(relu(x), gamma, beta, beta.clone(), gamma.clone(), true);
       }},
  };
  const auto expect_nothing_told = [](const Function& forward) {
    EXPECT_NE(error_of([&] {
                conv_gradients(forward, "cpu.skip_unwanted");
              }).find("nothing tells which elements are wanted"),
              std::string::npos);
  };
  for (const Net& net : nets) {
    SCOPED_TRACE(std::string(net.what));
    const Function masked = [&](const Tensor& x) {
      const Tensor y = net.forward(x);
      y.attach(mask_of(y));  // it is not for want of a mask
      return y;
    };
    EXPECT_TRUE(conv_gradients(masked, kReference).x.defined());
    expect_nothing_told(masked);
  }
  const Function rewritten = [](const Tensor& x) {
    const Tensor y = relu(x);
    y.mutable_data<float>()[0] = 0;  // now its mask is void
    return y;
  };
  expect_nothing_told(rewritten);
  // The convolution saved the new y, the ReLU before it the mask of the old one.
  EXPECT_TRUE(conv_gradients(rewritten, kReference).x.defined());
}

// A leaf made of a ReLU's output has a gradient at its zeros, too.
TEST(Gradients, OfALeafAreComplete) {
  Tensor x = relu(integer_tensor({1, 5, 5, 64}, 1)), weight = integer_tensor({64, 3, 3, 64}, 2);
  ASSERT_TRUE(x.zero_mask());
  x.set_requires_grad();
  const Tensor y = conv2d(x, weight);
  y.backward(integer_tensor(y.shape(), 3));
  const Tensor expected(x.shape());
  dispatch(ops::Conv2dGradInput{
      .grad_y = integer_tensor(y.shape(), 3), .weight = weight, .grad_x = expected});
  expect_same_bits(x.grad(), expected);
}

TEST(Gradients, OfAReluThatSeveralUseAddUp) {
  const Function uses[] = {
      [](const Tensor& x) {
        const Tensor y = relu(x);
        return y + conv2d(y, integer_tensor({4, 3, 3, 4}, 7), {}, {.padding = 1});
      },
      [](const Tensor& x) {
        const Tensor y = relu(x);
        return relu(conv2d(y, integer_tensor({4, 1, 1, 4}, 7)) +
                    conv2d(y, integer_tensor({4, 3, 3, 4}, 8), {}, {.padding = 1}));
      },
  };
  for (const Function& forward : uses) {
    const auto gradient = [&](std::string_view name) {
      return conv_gradients([&](const Tensor& x) { return relu(forward(x)); }, name).x;
    };
    const Tensor expected = gradient(kReference);
    EXPECT_GT(expected.nonzeros(), 20);
    expect_same_bits(gradient("cpu.skip_unwanted"), expected);
  }
}

// The penalty's derivative is 0 where the activation is, whether the ReLU or a pass of its own has
// summed it.
TEST(Gradients, OfTheL0PenaltyAreNotLost) {
  for (const float sigma : {0.0f, 0.25f}) {
    const auto gradients = [&](std::string_view name) {
      Tensor x = integer_tensor({2, 6, 6, 4}, 1);
      x.set_requires_grad();
      const ReluOutput out = relu_with_l0(x, sigma);
      const Tensor y = conv2d(out.y, integer_tensor({3, 3, 3, 4}, 2));
      force_implementation("conv2d_grad_input", name);
      (cross_entropy(flatten(y), Tensor::zeros({2}, DType::i32)) +
       l0_penalty(std::vector<Tap>{{.value = out.y, .l0 = sigma, .l0_sum = out.l0_sum}},
                  {.sigma = 0.25f}))
          .backward();
      force_implementation("conv2d_grad_input", "");
      return x.grad();
    };
    const Tensor expected = gradients(kReference), actual = gradients("cpu.skip_unwanted");
    for (std::int64_t i = 0; i < expected.numel(); ++i) {
      // 27 products and as many sums of whole numbers up to 3 with probabilities.
      ASSERT_NEAR(actual.data<float>()[i], expected.data<float>()[i], 2 * gamma(54) * 27 * 3);
    }
    EXPECT_GT(expected.nonzeros(), 20);
  }
}

TEST(Gradients, ObserversSeeWhatWasComputed) {
  const auto seen = [](std::string_view name) {
    std::int64_t nonzeros = 0;
    const auto subscription = backward_observers().add([&](const BackwardEvent& event) {
      if (event.op == "conv2d") nonzeros = event.grad_inputs[0].nonzeros();
    });
    const ConvGradients gradients = conv_gradients(kRelu, name);
    return std::pair(nonzeros, gradients.x.nonzeros());
  };
  const auto [all, all_of_x] = seen(kReference);
  const auto [wanted, wanted_of_x] = seen("cpu.skip_unwanted");
  EXPECT_EQ(all_of_x, wanted_of_x);
  EXPECT_EQ(wanted, wanted_of_x);
  EXPECT_GT(all, wanted);
}

}  // namespace
}  // namespace joule

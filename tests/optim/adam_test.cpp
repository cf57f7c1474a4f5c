// SPDX-License-Identifier: MIT
#include "joule/optim/optimizers.h"

#include <functional>
#include <memory>
#include <set>

#include "joule/tests/optim/optimizers_cases.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace optimizers_cases;

TEST(Adam, IsAdamWBitForBitWhereNothingDecays) {
  for (const bool amsgrad : {false, true}) {
    const Parameters plain = make_parameters(), decoupled = make_parameters();
    Adam adam(plain, {.lr = 0.02, .amsgrad = amsgrad});
    AdamW adamw(decoupled, {.lr = 0.02, .weight_decay = 0, .amsgrad = amsgrad});
    for (int step = 0; step < 10; ++step) {
      for (Optimizer* const optimizer :
           {static_cast<Optimizer*>(&adam), static_cast<Optimizer*>(&adamw)}) {
        set_gradients(optimizer->parameters(), step);
        optimizer->step();
      }
    }
    for (std::size_t k = 0; k < plain.size(); ++k) {
      expect_same_bits(decoupled[k].tensor, plain[k].tensor);
    }
    const State a = adam.state(), w = adamw.state();
    ASSERT_EQ(a.tensors.size(), (amsgrad ? 3 : 2) * plain.size());
    for (const auto& [name, tensor] : a.tensors) expect_same_bits(w.tensors.at(name), tensor);
  }
}

TEST(Adam, WithDecoupledDecayIsAdamWByAnotherName) {
  const Parameters one = make_parameters(), two = make_parameters();
  Adam adam(one, {.lr = 0.02, .weight_decay = 0.05, .decoupled_weight_decay = true});
  AdamW adamw(two, {.lr = 0.02, .weight_decay = 0.05});
  for (int step = 0; step < 5; ++step) {
    set_gradients(adam.parameters(), step);
    adam.step();
  }
  EXPECT_EQ(adam.state().values.at("optimizer"), "adamw");
  adamw.load_state(snapshot(adam));  // one takes the other's state
  EXPECT_EQ(adamw.state().values, adam.state().values);
  Adam coupled(one, {.lr = 0.02, .weight_decay = 0.05});
  EXPECT_EQ(error_of([&] { coupled.load_state(adamw.state()); }),
            "adam: the state was saved with optimizer adamw, expected adam");
}

TEST(Adam, TheFirstStepOfALateParameterIsCorrectedAsAFirstStep) {
  const Tensor early = leaf(Tensor::full({1}, 0)), late = leaf(Tensor::full({1}, 0));
  Adam optimizer({{"early", early}, {"late", late}}, {.lr = 0.5});
  early.set_grad(Tensor::full({1}, 3));
  for (int step = 0; step < 20; ++step) optimizer.step();
  late.set_grad(Tensor::full({1}, -7));
  optimizer.step();
  EXPECT_NEAR(late.item(), 0.5, 1e-6);
}

TEST(ClipGradNorm, OnTheDeviceToo) {
  if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  const Parameters parameters{{"a", leaf(Tensor({2}, DType::f32, Device::cuda))},
                              {"b", leaf(Tensor({1}, DType::f32, Device::cuda))}};
  parameters[0].tensor.set_grad(Tensor::full({2}, 3, Device::cuda));
  parameters[1].tensor.set_grad(Tensor::full({1}, -4, Device::cuda));
  EXPECT_EQ(clip_grad_norm(parameters, 1), std::sqrt(34.0));
  EXPECT_NEAR(parameters[1].tensor.grad().item(), -4 / std::sqrt(34.0), 1e-7);
}

TEST(ClipGradNorm, WithoutGradientsIsZero) {
  EXPECT_EQ(clip_grad_norm(Parameters{{"a", leaf(Tensor({2}))}}, 1), 0);
}

TEST(ClipGradNorm, ScalesToTheNormAndReturnsWhatItWas) {
  const Parameters parameters{
      {"a", leaf(Tensor({2}))}, {"b", leaf(Tensor({1}))}, {"unused", leaf(Tensor({1}))}};
  parameters[0].tensor.set_grad(Tensor::from(std::vector<float>{3, 0}, {2}));
  parameters[1].tensor.set_grad(Tensor::full({1}, -4));
  EXPECT_EQ(clip_grad_norm(parameters, 5), 5);
  EXPECT_EQ(parameters[1].tensor.grad().item(), -4);
  EXPECT_EQ(clip_grad_norm(parameters, 1), 5);
  EXPECT_NEAR(parameters[0].tensor.grad().data<float>()[0], 0.6, 1e-7);
  EXPECT_NEAR(parameters[1].tensor.grad().item(), -0.8, 1e-7);
  EXPECT_FALSE(parameters[2].tensor.grad().defined());
}

TEST(ClipGradNorm, TheFactorMayBeSmallerThanAFloatCanBe) {
  struct Case {
    float gradient;
    double max_norm;
  };
  // The last factor is far below the range of float, its results are within it.
  for (const auto& [gradient, max_norm] :
       {Case{1e38f, 1}, Case{1e36f, 1e-3}, Case{1e33f, 1e-6}, Case{3e38f, 1e-30}}) {
    const Parameters parameters{{"a", leaf(Tensor({2}))}};
    parameters[0].tensor.set_grad(Tensor::full({2}, gradient));
    EXPECT_NEAR(clip_grad_norm(parameters, max_norm) / gradient, std::sqrt(2), 1e-7);
    const double expected = max_norm / std::sqrt(2);
    for (const double clipped : parameters[0].tensor.grad().values<float>()) {
      EXPECT_NEAR(clipped, expected, 1.5e-7 * expected) << gradient << " " << max_norm;
    }
  }
}

TEST(ClipGradNorm, RefusesWhatIsNotFiniteAndNamesIt) {
  const Parameters parameters{{"a", leaf(Tensor({1}))}, {"b", leaf(Tensor({2}))}};
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    parameters[0].tensor.set_grad(Tensor::full({1}, 3));
    parameters[1].tensor.set_grad(Tensor::from(std::vector<float>{3, bad}, {2}));
    EXPECT_EQ(error_of([&] { clip_grad_norm(parameters, 1); }),
              "clip_grad_norm: the gradient of b is not finite");
    EXPECT_EQ(parameters[0].tensor.grad().item(), 3);
  }
  EXPECT_EQ(error_of([&] { clip_grad_norm(parameters, 0); }),
            "clip_grad_norm: max_norm must be positive, got 0");
}

}  // namespace
}  // namespace joule

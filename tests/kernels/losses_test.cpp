// SPDX-License-Identifier: MIT
#include <limits>

#include "joule/kernels/losses/pointwise_loss.h"
#include "joule/kernels/losses/pointwise_loss_reference.h"
#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

template <LossFunction F>
struct Of {
  static constexpr LossFunction kFunction = F;
};
template <class T>
class Losses : public testing::Test {};
using Functions =
    testing::Types<Of<LossFunction::mse>, Of<LossFunction::l1>, Of<LossFunction::bce_with_logits>>;
TYPED_TEST_SUITE(Losses, Functions);

TYPED_TEST(Losses, EveryImplementationGivesTheDefinition) {
  constexpr LossFunction kFunction = TypeParam::kFunction;
  for (const Shape& shape : {Shape{1}, Shape{3, 5}, Shape{2, 3, 3, 64}, Shape{40, 1037}}) {
    for (const LossReduction reduction : {LossReduction::mean, LossReduction::sum}) {
      const Tensor x = random_tensor(shape, 1), target = random_tensor(shape, 2);
      const Guarded loss(Shape{}), grad_x(shape);
      const PointwiseLoss<kFunction> op{
          .x = x, .target = target, .loss = loss.tensor(), .reduction = reduction};
      const PointwiseLossGrad<kFunction> grad{.x = x,
                                              .target = target,
                                              .grad_loss = Tensor::full(Shape{}, 0.5f),
                                              .grad_x = grad_x.tensor(),
                                              .reduction = reduction};
      const double count = reduction == LossReduction::mean ? double(x.numel()) : 1;
      double exact = 0;
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        exact += reference::loss_of<kFunction>(x.data<float>()[i], target.data<float>()[i]);
      }
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        EXPECT_NEAR(op.loss.item(), exact / count, gamma(2) * exact / count);
        EXPECT_TRUE(loss.intact());
      });
      for_each_implementation(grad, [&](std::string_view name) {
        grad_x.tensor().fill(std::numeric_limits<double>::quiet_NaN());
        run(grad, name);
        for (std::int64_t i = 0; i < x.numel(); ++i) {
          const double slope =
              reference::loss_slope<kFunction>(x.data<float>()[i], target.data<float>()[i]);
          ASSERT_NEAR(grad.grad_x.template data<float>()[i], 0.5 * slope / count,
                      gamma(2) * std::abs(slope) / count);
        }
        EXPECT_TRUE(grad_x.intact());
      });
    }
  }
}

TYPED_TEST(Losses, SameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({100, 999}, 1), target = random_tensor({100, 999}, 2);
  std::vector<double> losses;
  for_each_thread_count([&] {
    const Tensor loss(Shape{});
    dispatch(PointwiseLoss<TypeParam::kFunction>{.x = x, .target = target, .loss = loss});
    losses.push_back(loss.item());
  });
  EXPECT_EQ(losses[0], losses[1]);
}

TYPED_TEST(Losses, CostAndErrors) {
  using Op = PointwiseLoss<TypeParam::kFunction>;
  using Grad = PointwiseLossGrad<TypeParam::kFunction>;
  const Tensor t({8, 4}), one(Shape{}), none(Shape{0, 4});
  EXPECT_EQ((Op{.x = t, .target = t, .loss = one}.work()),
            (Work{.bytes_read = 256, .bytes_written = 4}));
  EXPECT_EQ((Grad{.x = t, .target = t, .grad_loss = one, .grad_x = t}.work()),
            (Work{.bytes_read = 260, .bytes_written = 128}));
  const std::string op(Op::kName);
  EXPECT_EQ(error_of([&] { dispatch(Op{.x = t, .target = Tensor({4}), .loss = one}); }),
            op + ": target is f32 [4] on cpu, x is f32 [8,4] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(Op{.x = none, .target = none, .loss = one}); }),
            op + ": x must have at least one element, got [0,4]");
  EXPECT_EQ(error_of([&] { dispatch(Op{.x = t, .target = t, .loss = t}); }),
            op + ": loss must be a scalar of f32 on cpu, got f32 [8,4] on cpu");
}

TEST(LossFunctions, GiveWhatIsCountedByHand) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 5}, {3});
  const Tensor target = Tensor::from(std::vector<float>{1, 0, 1}, {3});
  EXPECT_EQ(mse_loss(x, target, LossReduction::sum).item(), 20);
  EXPECT_EQ(mse_loss(x, target).item(), static_cast<float>(20.0 / 3));
  EXPECT_EQ(l1_loss(x, target, LossReduction::sum).item(), 6);
  EXPECT_EQ(l1_loss(x, target).item(), 2);
  Tensor wants = x.clone();
  wants.set_requires_grad();
  l1_loss(wants, target, LossReduction::sum).backward();
  expect_same_bits(wants.grad(), Tensor::from(std::vector<float>{0, 1, 1}, {3}));
  const Tensor certain = Tensor::from(std::vector<float>{1000, -1000, 0}, {3});
  EXPECT_NEAR(binary_cross_entropy_with_logits(certain, target).item(), std::log(2.0) / 3, 1e-7);
}

TEST(LossFunctions, HaveGradientsOfTheInputAlone) {
  const Tensor target = to64(random_tensor({3, 4}, 2)), x = random_tensor({3, 4}, 1);
  for (const LossReduction reduction : {LossReduction::mean, LossReduction::sum}) {
    expect_gradients([&](Inputs in) { return mse_loss(in[0], target, reduction); }, {x});
    expect_gradients([&](Inputs in) { return l1_loss(in[0], target, reduction); }, {x});
    expect_gradients(
        [&](Inputs in) { return binary_cross_entropy_with_logits(in[0], target, reduction); }, {x});
  }
  Tensor wants = x.clone();
  wants.set_requires_grad();
  EXPECT_EQ(error_of([&] { mse_loss(x, wants); }),
            "mse_loss: target gets no gradient; detach() it");
}

}  // namespace
}  // namespace joule

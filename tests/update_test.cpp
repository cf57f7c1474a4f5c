// SPDX-License-Identifier: MIT
#include "kernels/update/update.h"

#include "tests/op_test.h"

namespace joule {
namespace {

using namespace test;

const Shape kShapes[] = {{1}, {3, 5}, {17, 3, 3, 7}, {5003}};

/// No result of one step takes more than 16 roundings of terms that sum to `magnitude`.
void expect_close(const Tensor& actual, std::int64_t i, double expected, double magnitude) {
  ASSERT_NEAR(actual.data<float>()[i], expected, gamma(16) * magnitude) << "element " << i;
}

TEST(SgdUpdate, EveryImplementationGivesTheDefinition) {
  struct Options {
    double momentum, weight_decay;
    bool nesterov;
  };
  for_each_target([] {
    for (const auto& [momentum, weight_decay, nesterov] :
         {Options{0, 0, false}, Options{0, 0.1, false}, Options{0.9, 0, false},
          Options{0.9, 0.1, false}, Options{0.9, 0.1, true}}) {
      for (const Shape& shape : kShapes) {
        const Tensor p0 = random_tensor(shape, 1), g0 = random_tensor(shape, 2);
        const Tensor v0 = random_tensor(shape, 3);
        const Guarded p(shape), v(shape);
        const SgdUpdate op{.parameter = p.tensor(),
                           .gradient = g0,
                           .velocity = momentum > 0 ? v.tensor() : Tensor(),
                           .lr = 0.3,
                           .momentum = momentum,
                           .weight_decay = weight_decay,
                           .nesterov = nesterov};
        for_each_implementation(op, [&](std::string_view name) {
          p.tensor().copy_from(p0);
          v.tensor().copy_from(v0);
          run(op, name);
          for (std::int64_t i = 0; i < p0.numel(); ++i) {
            const double param = p0.data<float>()[i], gradient = g0.data<float>()[i];
            const double g = gradient + weight_decay * param;
            double d = g;
            if (momentum > 0) {
              const double velocity = momentum * v0.data<float>()[i] + g;
              d = nesterov ? g + momentum * velocity : velocity;
              expect_close(v.tensor(), i, velocity, 2.1);
            }
            expect_close(p.tensor(), i, param - 0.3 * d, 1 + 0.3 * 4);
          }
          EXPECT_TRUE(p.intact() && v.intact());
        });
      }
    }
  });
}

TEST(AdamUpdate, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const bool decoupled : {false, true}) {
      for (const std::int64_t step : {1, 2, 1000}) {
        for (const Shape& shape : kShapes) {
          const Tensor p0 = random_tensor(shape, 1), g0 = random_tensor(shape, 2);
          const Tensor m0 = random_tensor(shape, 3), v0 = random_tensor(shape, 4);
          for (float& v : std::span(v0.mutable_data<float>(), v0.values<float>().size())) v *= v;
          const Guarded p(shape), m(shape), v(shape);
          const AdamUpdate op{.parameter = p.tensor(),
                              .gradient = g0,
                              .first_moment = m.tensor(),
                              .second_moment = v.tensor(),
                              .lr = 0.01,
                              .beta1 = 0.8,
                              .beta2 = 0.95,
                              .epsilon = 1e-3,
                              .weight_decay = 0.1,
                              .decoupled = decoupled,
                              .step = step};
          for_each_implementation(op, [&](std::string_view name) {
            p.tensor().copy_from(p0);
            m.tensor().copy_from(m0);
            v.tensor().copy_from(v0);
            run(op, name);
            const auto t = static_cast<double>(step);
            for (std::int64_t i = 0; i < p0.numel(); ++i) {
              const double param = p0.data<float>()[i];
              const double g = g0.data<float>()[i] + (decoupled ? 0 : 0.1 * param);
              const double first = 0.8 * m0.data<float>()[i] + (1 - 0.8) * g;
              const double second = 0.95 * v0.data<float>()[i] + (1 - 0.95) * g * g;
              expect_close(m.tensor(), i, first, 1.1);
              expect_close(v.tensor(), i, second, 1.3);
              const double hat = first / (1 - std::pow(0.8, t));
              const double root = std::sqrt(second / (1 - std::pow(0.95, t)));
              const double shrunk = decoupled ? param * (1 - 0.01 * 0.1) : param;
              // A relative error of `second` is halved by the root; that of `first` is not
              // relative to it where its terms cancel.
              expect_close(p.tensor(), i, shrunk - 0.01 * hat / (root + 1e-3),
                           1 + 0.01 * 1.1 / (1 - std::pow(0.8, t)) / (root + 1e-3));
            }
            EXPECT_TRUE(p.intact() && m.intact() && v.intact());
          });
        }
      }
    }
  });
}

TEST(RmsPropUpdate, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const double momentum : {0.0, 0.5}) {
      for (const Shape& shape : kShapes) {
        const Tensor p0 = random_tensor(shape, 1), g0 = random_tensor(shape, 2);
        const Tensor s0 = random_tensor(shape, 3), v0 = random_tensor(shape, 4);
        for (float& s : std::span(s0.mutable_data<float>(), s0.values<float>().size())) s *= s;
        const Guarded p(shape), s(shape), v(shape);
        const RmsPropUpdate op{.parameter = p.tensor(),
                               .gradient = g0,
                               .square_average = s.tensor(),
                               .velocity = momentum > 0 ? v.tensor() : Tensor(),
                               .lr = 0.01,
                               .alpha = 0.9,
                               .epsilon = 1e-3,
                               .momentum = momentum,
                               .weight_decay = 0.1};
        for_each_implementation(op, [&](std::string_view name) {
          p.tensor().copy_from(p0);
          s.tensor().copy_from(s0);
          v.tensor().copy_from(v0);
          run(op, name);
          for (std::int64_t i = 0; i < p0.numel(); ++i) {
            const double param = p0.data<float>()[i];
            const double g = g0.data<float>()[i] + 0.1 * param;
            const double square = 0.9 * s0.data<float>()[i] + (1 - 0.9) * g * g;
            expect_close(s.tensor(), i, square, 1.3);
            const double magnitude = 1.1 / (std::sqrt(square) + 1e-3);
            double d = g / (std::sqrt(square) + 1e-3);
            if (momentum > 0) {
              d += momentum * v0.data<float>()[i];
              expect_close(v.tensor(), i, d, 0.5 + magnitude);
            }
            expect_close(p.tensor(), i, param - 0.01 * d, 1 + 0.01 * (0.5 + magnitude));
          }
          EXPECT_TRUE(p.intact() && s.intact() && v.intact());
        });
      }
    }
  });
}

TEST(Update, VoidsWhatWasDerivedFromTheParameter) {
  const Tensor p = Tensor::full({10}, 1.0f);
  int made = 0;
  const auto derive = [&] {
    p.derived<int>("packed", [&] { return std::make_shared<int>(++made); });
  };
  derive();
  dispatch(SgdUpdate{.parameter = p, .gradient = p.clone(), .lr = 0.1});
  derive();
  EXPECT_EQ(made, 2);
}

TEST(Update, SameBitsForAnyNumberOfThreads) {
  const Shape shape{100003};
  std::vector<Tensor> results;
  for_each_thread_count([&] {
    const Tensor p = random_tensor(shape, 1), g = random_tensor(shape, 2);
    const Tensor m = Tensor::zeros(shape), v = Tensor::zeros(shape), w = Tensor::zeros(shape);
    dispatch(SgdUpdate{.parameter = p,
                       .gradient = g,
                       .velocity = w,
                       .lr = 0.1,
                       .momentum = 0.9,
                       .weight_decay = 0.01,
                       .nesterov = true});
    dispatch(AdamUpdate{.parameter = p,
                        .gradient = g,
                        .first_moment = m,
                        .second_moment = v,
                        .lr = 0.1,
                        .weight_decay = 0.01});
    dispatch(RmsPropUpdate{.parameter = p,
                           .gradient = g,
                           .square_average = v,
                           .velocity = w,
                           .lr = 0.1,
                           .momentum = 0.9,
                           .weight_decay = 0.01});
    results.push_back(p);
  });
  expect_same_bits(results[1], results[0]);
}

TEST(Update, WorkCountsEachTensorOnce) {
  const Tensor t({10});
  EXPECT_EQ((SgdUpdate{.parameter = t, .gradient = t}.work()),
            (Work{.bytes_read = 80, .bytes_written = 40}));
  EXPECT_EQ((SgdUpdate{.parameter = t, .gradient = t, .velocity = t}.work()),
            (Work{.bytes_read = 120, .bytes_written = 80}));
  EXPECT_EQ((AdamUpdate{.parameter = t, .gradient = t}.work()),
            (Work{.bytes_read = 160, .bytes_written = 120}));
}

TEST(Update, ErrorsNameTheOptionAndItsRange) {
  const Tensor p({3});
  const auto error = [](const auto& op) { return error_of([&] { dispatch(op); }); };
  EXPECT_EQ(error(SgdUpdate{.parameter = p, .gradient = Tensor({2})}),
            "sgd_update: gradient is f32 [2] on cpu, parameter is f32 [3] on cpu");
  EXPECT_EQ(error(SgdUpdate{.parameter = p, .gradient = p, .lr = -1}),
            "sgd_update: lr must be finite and not negative, got -1");
  EXPECT_EQ(error(SgdUpdate{.parameter = p, .gradient = p, .velocity = p, .momentum = 1}),
            "sgd_update: momentum must be in [0, 1), got 1");
  EXPECT_EQ(error(SgdUpdate{.parameter = p, .gradient = p, .momentum = 0.5}),
            "sgd_update: momentum is 0.5, velocity is undefined");
  EXPECT_EQ(error(SgdUpdate{.parameter = p, .gradient = p, .velocity = p}),
            "sgd_update: momentum is 0, velocity is given");
  EXPECT_EQ(error(SgdUpdate{.parameter = p, .gradient = p, .nesterov = true}),
            "sgd_update: nesterov needs momentum > 0");
  EXPECT_EQ(error(AdamUpdate{
                .parameter = p, .gradient = p, .first_moment = p, .second_moment = p, .step = 0}),
            "adam_update: step counts from 1, got 0");
  EXPECT_EQ(error(AdamUpdate{.parameter = p, .gradient = p, .first_moment = p}),
            "adam_update: second_moment is undefined");
  EXPECT_EQ(error(RmsPropUpdate{.parameter = p, .gradient = p, .square_average = p, .alpha = 2}),
            "rmsprop_update: alpha must be in [0, 1), got 2");
}

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/kernels/update/update.h"

#include "joule/kernels/update/lars_update.h"

#include "joule/tests/support/op_test.h"

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
        const ops::SgdUpdate op{
            .parameters = {p.tensor()},
            .gradients = {g0},
            .velocities = momentum > 0 ? std::vector{v.tensor()} : std::vector<Tensor>(),
            .lr = 0.3,
            .momentum = momentum,
            .weight_decay = weight_decay,
            .nesterov = nesterov};
        for_each_implementation(op, [&, momentum = momentum, weight_decay = weight_decay,
                                     nesterov = nesterov](std::string_view name) {
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
          const ops::AdamUpdate op{.parameters = {p.tensor()},
                                   .gradients = {g0},
                                   .first_moments = {m.tensor()},
                                   .second_moments = {v.tensor()},
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
        const ops::RmsPropUpdate op{
            .parameters = {p.tensor()},
            .gradients = {g0},
            .square_averages = {s.tensor()},
            .velocities = momentum > 0 ? std::vector{v.tensor()} : std::vector<Tensor>(),
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

TEST(LarsUpdate, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const bool scaled : {false, true}) {
      for (const Shape& shape : kShapes) {
        const Tensor p0 = random_tensor(shape, 1), g0 = random_tensor(shape, 2);
        const Tensor v0 = random_tensor(shape, 3);
        const Guarded p(shape), v(shape);
        const Tensor squares = Tensor::zeros({1, 2}, DType::f64);
        squares.mutable_data<double>()[0] = 9;
        squares.mutable_data<double>()[1] = 16;
        ops::LarsUpdate op{.parameters = {p.tensor()},
                           .gradients = {g0},
                           .velocities = {v.tensor()},
                           .lr = 0.3,
                           .trust = 0.5,
                           .momentum = 0.9,
                           .weight_decay = 0.1};
        if (scaled) op.squared_norms = squares;
        const double rate = scaled ? 0.3 * 0.5 * 3 / (4 + 0.1 * 3) : 0.3;
        for_each_implementation(op, [&](std::string_view name) {
          p.tensor().copy_from(p0);
          v.tensor().copy_from(v0);
          run(op, name);
          for (std::int64_t i = 0; i < p0.numel(); ++i) {
            const double param = p0.data<float>()[i];
            const double velocity =
                0.9 * v0.data<float>()[i] + rate * (g0.data<float>()[i] + 0.1 * param);
            expect_close(v.tensor(), i, velocity, 1.3);
            expect_close(p.tensor(), i, param - velocity, 2.3);
          }
          EXPECT_TRUE(p.intact() && v.intact());
        });
      }
    }
  });
}

TEST(LarsUpdate, RefusesNormsThatAreNotTwoPerParameter) {
  const Tensor p = random_tensor({3}, 1);
  ops::LarsUpdate op{.parameters = {p}, .gradients = {p.clone()}, .velocities = {p.clone()}};
  op.squared_norms = Tensor::zeros({2}, DType::f64);
  EXPECT_EQ(error_of([&] { op.check(); }),
            "lars_update: expected squared_norms f64 [1,2] on cpu, got f64 [2] on cpu");
}

TEST(SgdUpdate, DampsWhatComesToTheVelocity) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Tensor p0 = random_tensor(shape, 1), g = random_tensor(shape, 2);
      const Tensor v0 = random_tensor(shape, 3);
      const Guarded p(shape), v(shape);
      const ops::SgdUpdate op{.parameters = {p.tensor()},
                              .gradients = {g},
                              .velocities = {v.tensor()},
                              .lr = 0.3,
                              .momentum = 0.9,
                              .weight_decay = 0.1,
                              .dampening = 0.4};
      for_each_implementation(op, [&](std::string_view name) {
        p.tensor().copy_from(p0);
        v.tensor().copy_from(v0);
        run(op, name);
        for (std::int64_t i = 0; i < p0.numel(); ++i) {
          const double param = p0.data<float>()[i];
          const double velocity =
              0.9 * v0.data<float>()[i] + (1 - 0.4) * (g.data<float>()[i] + 0.1 * param);
          expect_close(v.tensor(), i, velocity, 2.1);
          expect_close(p.tensor(), i, param - 0.3 * velocity, 1 + 0.3 * 4);
        }
        EXPECT_TRUE(p.intact() && v.intact());
      });
    }
  });
}

TEST(AdamUpdate, OfAmsgradDividesByTheLargestSecondMoment) {
  for_each_target([] {
    for (const Shape& shape : kShapes) {
      const Tensor p0 = random_tensor(shape, 1), g = random_tensor(shape, 2);
      const Tensor v0 = random_tensor(shape, 4), w0 = random_tensor(shape, 5);
      for (const Tensor& t : {v0, w0}) {
        for (float& v : std::span(t.mutable_data<float>(), t.values<float>().size())) v *= v;
      }
      const Guarded p(shape), m(shape), v(shape), w(shape);
      const ops::AdamUpdate op{.parameters = {p.tensor()},
                               .gradients = {g},
                               .first_moments = {m.tensor()},
                               .second_moments = {v.tensor()},
                               .max_second_moments = {w.tensor()},
                               .lr = 0.01,
                               .beta1 = 0.8,
                               .beta2 = 0.95,
                               .epsilon = 1e-3,
                               .step = 3};
      for_each_implementation(op, [&](std::string_view name) {
        p.tensor().copy_from(p0);
        m.tensor().fill(0.5);
        v.tensor().copy_from(v0);
        w.tensor().copy_from(w0);
        run(op, name);
        for (std::int64_t i = 0; i < p0.numel(); ++i) {
          const double gradient = g.data<float>()[i];
          const double first = 0.8 * 0.5 + (1 - 0.8) * gradient;
          const double second = 0.95 * v0.data<float>()[i] + (1 - 0.95) * gradient * gradient;
          const double largest = std::max<double>(w0.data<float>()[i], second);
          expect_close(v.tensor(), i, second, 1.3);
          expect_close(w.tensor(), i, largest, 1.3);
          const double hat = first / (1 - std::pow(0.8, 3));
          const double root = std::sqrt(largest / (1 - std::pow(0.95, 3)));
          expect_close(p.tensor(), i, p0.data<float>()[i] - 0.01 * hat / (root + 1e-3),
                       1 + 0.01 * 2 / (root + 1e-3));
        }
        EXPECT_TRUE(p.intact() && m.intact() && v.intact() && w.intact());
      });
    }
  });
}

TEST(RmsPropUpdate, CentredDividesByTheDeviation) {
  for_each_target([] {
    for (const double momentum : {0.0, 0.5}) {
      for (const Shape& shape : kShapes) {
        const Tensor p0 = random_tensor(shape, 1), g = random_tensor(shape, 2);
        const Tensor m0 = random_tensor(shape, 3), v0 = random_tensor(shape, 4);
        const Guarded p(shape), s(shape), v(shape), m(shape);
        const ops::RmsPropUpdate op{
            .parameters = {p.tensor()},
            .gradients = {g},
            .square_averages = {s.tensor()},
            .velocities = momentum > 0 ? std::vector{v.tensor()} : std::vector<Tensor>(),
            .gradient_averages = {m.tensor()},
            .lr = 0.01,
            .alpha = 0.9,
            .epsilon = 1e-3,
            .momentum = momentum,
            .weight_decay = 0.1};
        for_each_implementation(op, [&](std::string_view name) {
          p.tensor().copy_from(p0);
          s.tensor().fill(1.5);  // no mean's square is near it: nothing is cancelled
          v.tensor().copy_from(v0);
          m.tensor().copy_from(m0);
          run(op, name);
          for (std::int64_t i = 0; i < p0.numel(); ++i) {
            const double param = p0.data<float>()[i];
            const double gradient = g.data<float>()[i] + 0.1 * param;
            const double square = 0.9 * 1.5 + (1 - 0.9) * gradient * gradient;
            const double mean = 0.9 * m0.data<float>()[i] + (1 - 0.9) * gradient;
            expect_close(s.tensor(), i, square, 1.6);
            expect_close(m.tensor(), i, mean, 1.1);
            double d = gradient / (std::sqrt(square - mean * mean) + 1e-3);
            if (momentum > 0) {
              d += momentum * v0.data<float>()[i];
              expect_close(v.tensor(), i, d, 10);
            }
            expect_close(p.tensor(), i, param - 0.01 * d, 2);
          }
          EXPECT_TRUE(p.intact() && s.intact() && v.intact() && m.intact());
        });
      }
    }
  });
}

// A gradient that never changes has no deviation: rounding must not take the root of less than 0.
TEST(RmsPropUpdate, CentredStaysFiniteWhereTheGradientIsConstant) {
  const Tensor g = random_tensor({1000}, 1);
  const auto make = [&](const Tensor& p, const Tensor& s, const Tensor& m) {
    return ops::RmsPropUpdate{.parameters = {p},
                              .gradients = {g},
                              .square_averages = {s},
                              .gradient_averages = {m},
                              .lr = 1e-12,
                              .alpha = 0.5};
  };
  for_each_target([&] {
    const Tensor any({1000});
    for_each_implementation(make(any, any, any), [&](std::string_view name) {
      const Tensor p = Tensor::zeros({1000}), s = p.clone(), m = p.clone();
      for (int step = 0; step < 60; ++step) run(make(p, s, m), name);
      for (const float value : p.values<float>()) ASSERT_TRUE(std::isfinite(value));
    });
  });
}

/// More tensors than one launch takes, of all kinds of sizes; not negative, as mean squares are.
std::vector<Tensor> many(std::uint64_t seed) {
  std::vector<Tensor> tensors;
  for (int k = 0; k < 200; ++k) {
    const std::int64_t sizes[] = {1, 0, 3, 64, 130, k % 40 ? 7 : 9001};
    tensors.push_back(random_tensor({sizes[k % 6]}, seed + static_cast<std::uint64_t>(k)));
    float* const x = tensors.back().mutable_data<float>();
    for (std::int64_t i = 0; i < tensors.back().numel(); ++i) x[i] *= x[i];
  }
  return tensors;
}

std::vector<Tensor> clones(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> copies;
  for (const Tensor& tensor : tensors) copies.push_back(tensor.clone());
  return copies;
}

/// make(parameters, gradients, a, b) is an operation; a and b are what is kept.
template <class Make>
void expect_as_each_alone(Make&& make) {
  const std::vector<Tensor> p0 = many(1), g = many(1000), a0 = many(2000), b0 = many(3000);
  for_each_implementation(make(p0, g, a0, b0), [&](std::string_view name) {
    const std::vector<Tensor> p = clones(p0), a = clones(a0), b = clones(b0);
    run(make(p, g, a, b), name);
    for (std::size_t k = 0; k < p.size(); ++k) {
      const Tensor p1 = p0[k].clone(), a1 = a0[k].clone(), b1 = b0[k].clone();
      run(make({p1}, {g[k]}, {a1}, {b1}), name);
      expect_same_bits(p[k], p1);
      expect_same_bits(a[k], a1);
      expect_same_bits(b[k], b1);
    }
  });
}

using Tensors = std::vector<Tensor>;

TEST(Update, ManyAtOnceAreUpdatedAsEachAlone) {
  expect_as_each_alone([](const Tensors& p, const Tensors& g, const Tensors& a, const Tensors&) {
    return ops::SgdUpdate{
        .parameters = p, .gradients = g, .velocities = a, .lr = 0.1, .momentum = 0.9};
  });
  expect_as_each_alone([](const Tensors& p, const Tensors& g, const Tensors& a, const Tensors& b) {
    return ops::AdamUpdate{
        .parameters = p, .gradients = g, .first_moments = a, .second_moments = b, .lr = 0.1};
  });
  expect_as_each_alone([](const Tensors& p, const Tensors& g, const Tensors& a, const Tensors& b) {
    return ops::RmsPropUpdate{.parameters = p,
                              .gradients = g,
                              .square_averages = a,
                              .velocities = b,
                              .lr = 0.1,
                              .momentum = 0.9};
  });
  expect_as_each_alone([](const Tensors& p, const Tensors& g, const Tensors& a, const Tensors&) {
    return ops::LarsUpdate{
        .parameters = p, .gradients = g, .velocities = a, .lr = 0.1, .momentum = 0.9};
  });
  expect_as_each_alone([&](const Tensors& p, const Tensors& g, const Tensors& a, const Tensors& b) {
    // The third that is kept is b again here: what one launch does not reach stays what it was.
    return ops::AdamUpdate{.parameters = p,
                           .gradients = g,
                           .first_moments = a,
                           .second_moments = clones(b),
                           .max_second_moments = b,
                           .lr = 0.1};
  });
}

TEST(Update, VoidsWhatWasDerivedFromTheParameter) {
  const Tensor p = Tensor::full({10}, 1.0f);
  int made = 0;
  const auto derive = [&] {
    p.derived<int>("packed", [&] { return std::make_shared<int>(++made); });
  };
  derive();
  dispatch(ops::SgdUpdate{.parameters = {p}, .gradients = {p.clone()}, .lr = 0.1});
  derive();
  EXPECT_EQ(made, 2);
}

TEST(Update, SameBitsForAnyNumberOfThreads) {
  const Shape shape{100003};
  std::vector<Tensor> results;
  for_each_thread_count([&] {
    const Tensor p = random_tensor(shape, 1), g = random_tensor(shape, 2);
    const Tensor m = Tensor::zeros(shape), v = Tensor::zeros(shape), w = Tensor::zeros(shape);
    dispatch(ops::SgdUpdate{.parameters = {p},
                            .gradients = {g},
                            .velocities = {w},
                            .lr = 0.1,
                            .momentum = 0.9,
                            .weight_decay = 0.01,
                            .nesterov = true});
    dispatch(ops::AdamUpdate{.parameters = {p},
                             .gradients = {g},
                             .first_moments = {m},
                             .second_moments = {v},
                             .lr = 0.1,
                             .weight_decay = 0.01});
    dispatch(ops::RmsPropUpdate{.parameters = {p},
                                .gradients = {g},
                                .square_averages = {v},
                                .velocities = {w},
                                .lr = 0.1,
                                .momentum = 0.9,
                                .weight_decay = 0.01});
    results.push_back(p);
  });
  expect_same_bits(results[1], results[0]);
}

TEST(Update, WorkCountsEachTensorOnce) {
  const Tensor t({10});
  EXPECT_EQ((ops::SgdUpdate{.parameters = {t}, .gradients = {t}}.work()),
            (Work{.bytes_read = 80, .bytes_written = 40}));
  EXPECT_EQ((ops::SgdUpdate{.parameters = {t}, .gradients = {t}, .velocities = {t}}.work()),
            (Work{.bytes_read = 120, .bytes_written = 80}));
  EXPECT_EQ((ops::AdamUpdate{.parameters = {t}, .gradients = {t}}.work()),
            (Work{.bytes_read = 160, .bytes_written = 120}));
  EXPECT_EQ(
      (ops::AdamUpdate{.parameters = {t}, .gradients = {t}, .max_second_moments = {t}}.work()),
      (Work{.bytes_read = 200, .bytes_written = 160}));
  EXPECT_EQ(
      (ops::RmsPropUpdate{.parameters = {t}, .gradients = {t}, .gradient_averages = {t}}.work()),
      (Work{.bytes_read = 160, .bytes_written = 120}));
}

TEST(Update, ErrorsNameTheOptionAndItsRange) {
  const Tensor p({3});
  const auto error = [](const auto& op) { return error_of([&] { dispatch(op); }); };
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {}, .gradients = {}}),
            "sgd_update: there are no parameters");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p, p}, .gradients = {p}}),
            "sgd_update: 2 parameters, but 1 gradients");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p, Tensor()}, .gradients = {p, p}}),
            "sgd_update: parameters[1] is undefined");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p, p}, .gradients = {p, Tensor()}}),
            "sgd_update: gradients[1] is undefined");
  const Tensor i32({3}, DType::i32), f64({3}, DType::f64);
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {i32}, .gradients = {i32}}),
            "sgd_update: parameters[0] must be floating-point, got i32");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p, f64}, .gradients = {p, f64}}),
            "sgd_update: parameters[1] is f64 on cpu, parameters[0] is f32 on cpu");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p}, .gradients = {Tensor({2})}}),
            "sgd_update: gradients[0] is f32 [2] on cpu, parameters[0] is f32 [3] on cpu");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p}, .gradients = {p}, .lr = -1}),
            "sgd_update: lr must be finite and not negative, got -1");
  EXPECT_EQ(
      error(ops::SgdUpdate{.parameters = {p}, .gradients = {p}, .velocities = {p}, .momentum = 1}),
      "sgd_update: momentum must be in [0, 1), got 1");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p}, .gradients = {p}, .momentum = 0.5}),
            "sgd_update: momentum is 0.5, velocities are not given");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p}, .gradients = {p}, .velocities = {p}}),
            "sgd_update: momentum is 0, velocities are given");
  EXPECT_EQ(error(ops::SgdUpdate{.parameters = {p}, .gradients = {p}, .nesterov = true}),
            "sgd_update: nesterov needs momentum > 0");
  ops::SgdUpdate damped{.parameters = {p}, .gradients = {p}, .velocities = {p}, .momentum = 0.5};
  damped.dampening = 2;
  EXPECT_EQ(error(damped), "sgd_update: dampening must be in [0, 1], got 2");
  damped.dampening = 0.5;
  damped.nesterov = true;
  EXPECT_EQ(error(damped), "sgd_update: nesterov needs a dampening of 0, got 0.5");
  EXPECT_EQ(error(ops::AdamUpdate{.parameters = {p},
                                  .gradients = {p},
                                  .first_moments = {p},
                                  .second_moments = {p},
                                  .step = 0}),
            "adam_update: step counts from 1, got 0");
  EXPECT_EQ(error(ops::AdamUpdate{.parameters = {p}, .gradients = {p}, .first_moments = {p}}),
            "adam_update: 1 parameters, but 0 second_moments");
  EXPECT_EQ(error(ops::AdamUpdate{.parameters = {p},
                                  .gradients = {p},
                                  .first_moments = {p},
                                  .second_moments = {p},
                                  .max_second_moments = {p, p}}),
            "adam_update: 1 parameters, but 2 max_second_moments");
  EXPECT_EQ(error(ops::RmsPropUpdate{
                .parameters = {p}, .gradients = {p}, .square_averages = {p}, .alpha = 2}),
            "rmsprop_update: alpha must be in [0, 1), got 2");
}

}  // namespace
}  // namespace joule

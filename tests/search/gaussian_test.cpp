// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"
#include "joule/search/gaussian/acquisition.h"
#include "joule/search/gaussian/encoding.h"
#include "joule/search/gaussian/fit.h"
#include "joule/search/gaussian/maximise.h"
#include "joule/search/gaussian/process.h"

namespace joule::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> uniform(std::size_t count, std::uint64_t seed) {
  Generator generator(seed);
  std::vector<float> drawn(count);
  generator.uniform(drawn);
  return {drawn.begin(), drawn.end()};
}

Inputs inputs_of(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  Inputs inputs{.values = uniform(rows * columns, seed)};
  for (std::size_t c = 0; c < columns; ++c) inputs.scale_of.push_back(c);
  return inputs;
}

std::vector<double> outputs_of(const Inputs& inputs, double noise, std::uint64_t seed) {
  Generator generator(seed);
  std::vector<float> errors(inputs.rows());
  generator.normal(errors);
  std::vector<double> outputs;
  for (std::size_t i = 0; i < inputs.rows(); ++i) {
    double sum = 0;
    for (const double x : inputs.row(i)) sum = 2 * sum + x;
    outputs.push_back(1.4 * std::sin(3 * sum) + noise * static_cast<double>(errors[i]));
  }
  return outputs;
}

double central(const std::function<double(double)>& f, double h) {
  return (f(h) - f(-h)) / (2 * h);
}

TEST(GaussianProcess, WithoutNoiseItInterpolatesAndKnowsLessFarAway) {
  const Inputs inputs = inputs_of(12, 2, 1);
  const std::vector<double> outputs = outputs_of(inputs, 0, 1);
  for (const KernelKind kernel : {KernelKind::rbf, KernelKind::matern52}) {
    const GaussianProcess process(inputs, outputs,
                                  {.kernel = kernel, .length_scales = {0.3, 0.5}, .noise = 0});
    const auto at = process.predict(inputs.values);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_NEAR(at[i].mean, outputs[i], 1e-6);
      EXPECT_NEAR(at[i].variance, 0, 1e-6);
    }
    double before = 0;
    for (const double away : {1.2, 1.5, 2.0, 4.0}) {
      const Prediction p = process.predict(std::vector{away, away})[0];
      EXPECT_GT(p.variance, before);
      before = p.variance;
    }
    EXPECT_NEAR(before, 1, 1e-6);  // the signal
  }
}

TEST(GaussianProcess, GradientsAreThoseOfDifferences) {
  Inputs inputs = inputs_of(20, 3, 2);
  inputs.scale_of = {0, 1, 1};  // two columns share a scale
  const std::vector<double> outputs = outputs_of(inputs, 0.1, 2);
  for (const KernelKind kernel : {KernelKind::rbf, KernelKind::matern52}) {
    const Hyperparameters h{kernel, {0.4, 0.8}, 1.7, 0.03, 0.2};
    const GaussianProcess process(inputs, outputs, h);
    const std::vector<double> gradient = process.log_likelihood_gradient();
    for (std::size_t i = 0; i < 4; ++i) {
      const double expected = central(
          [&](double step) {
            Hyperparameters moved = h;
            double& value = i < 2 ? moved.length_scales[i] : i == 2 ? moved.signal : moved.noise;
            value *= std::exp(step);
            return GaussianProcess(inputs, outputs, moved).log_likelihood();
          },
          1e-5);
      EXPECT_NEAR(gradient[i], expected, 1e-6 * (1 + std::abs(expected))) << i;
    }
    const std::vector<double> row{0.3, 0.6, 0.2};
    std::vector<double> by_mean(3), by_variance(3);
    const Prediction at = process.predict(row, by_mean, by_variance);
    EXPECT_NEAR(at.mean, process.predict(row)[0].mean, 1e-13);
    EXPECT_NEAR(at.variance, process.predict(row)[0].variance, 1e-13);
    for (std::size_t c = 0; c < 3; ++c) {
      const auto moved = [&](double step) {
        std::vector<double> x = row;
        x[c] += step;
        return process.predict(x)[0];
      };
      EXPECT_NEAR(by_mean[c], central([&](double s) { return moved(s).mean; }, 1e-5), 1e-8);
      EXPECT_NEAR(by_variance[c], central([&](double s) { return moved(s).variance; }, 1e-5), 1e-8);
    }
  }
}

TEST(GaussianProcess, MostLikelyMeanIsTheLargestOfItsDensity) {
  const Inputs inputs = inputs_of(15, 2, 3);
  std::vector<double> outputs = outputs_of(inputs, 0.1, 3);
  for (double& y : outputs) y += 0.8;
  GaussianProcess process(inputs, outputs, {.length_scales = {0.2, 0.2}, .noise = 0.1});
  const double mean = process.most_likely_mean();
  const auto density = [&](double m) {
    process.set_mean(m);
    return process.log_likelihood() - m * m / 2;
  };
  EXPECT_GT(mean, 0.3);
  EXPECT_GT(density(mean), density(mean + 1e-3));
  EXPECT_GT(density(mean), density(mean - 1e-3));
}

TEST(GaussianProcess, InputsThatAreThereTwiceNeedJitter) {
  Inputs inputs = inputs_of(6, 1, 4);
  inputs.values[1] = inputs.values[0];
  const std::vector<double> outputs{1, 1, 2, 3, 2, 1};
  const GaussianProcess process(inputs, outputs,
                                {.kernel = KernelKind::rbf, .length_scales = {2}, .noise = 0});
  EXPECT_GT(process.jitter(), 0);
  for (const Prediction& p : process.predict(inputs.values)) {
    EXPECT_TRUE(std::isfinite(p.mean) && p.variance >= 0);
  }
  EXPECT_EQ(GaussianProcess(inputs, outputs, {.length_scales = {1}, .noise = 0.1}).jitter(), 0);
}

TEST(GaussianProcess, Errors) {
  const auto message = [](Inputs inputs, std::vector<double> outputs, Hyperparameters h) {
    try {
      GaussianProcess(std::move(inputs), std::move(outputs), std::move(h));
    } catch (const ArgumentError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message({{0}, {1, 2}}, {1}, {.length_scales = {1}}),
            "gaussian process: 1 outputs of 1 columns need as many rows, got 2 numbers");
  EXPECT_EQ(message({{0}, {1, 2}}, {1, NAN}, {.length_scales = {1}}),
            "gaussian process: an input or an output is not a finite number");
  EXPECT_EQ(message({{1}, {1, 2}}, {1, 2}, {.length_scales = {1}}),
            "gaussian process: a column has the length scale 1 of 1");
  EXPECT_EQ(message({{0}, {1, 2}}, {1, 2}, {.length_scales = {0}}),
            "gaussian process: length scales and signal must be above 0");
  EXPECT_EQ(message({{0}, {1, 2}}, {1, 2}, {.length_scales = {1}, .noise = -1}),
            "gaussian process: expected a noise of at least 0 and a finite mean, got -1 and 0");
}

TEST(Fit, FindsTheNoise) {
  const Inputs inputs = inputs_of(80, 2, 5);
  for (const double noise : {0.05, 0.3}) {
    const GaussianProcess process = fitted_process(inputs, outputs_of(inputs, noise, 5), 1);
    EXPECT_NEAR(std::sqrt(process.hyperparameters().noise), noise, 0.3 * noise);
  }
}

TEST(Fit, IsAtAMaximumOfTheDensity) {
  const Inputs inputs = inputs_of(40, 2, 6);
  const std::vector<double> outputs = outputs_of(inputs, 0.1, 6);
  const GaussianProcess best = fitted_process(inputs, outputs, 1);
  const auto density = [&](Hyperparameters h) {
    GaussianProcess process(inputs, outputs, std::move(h));
    process.set_mean(process.most_likely_mean());
    return process.log_likelihood() + log_prior(process.hyperparameters());
  };
  const double highest = density(best.hyperparameters());
  for (const double factor : {0.9, 1.1}) {
    for (std::size_t i = 0; i < 4; ++i) {
      Hyperparameters moved = best.hyperparameters();
      (i < 2 ? moved.length_scales[i] : i == 2 ? moved.signal : moved.noise) *= factor;
      EXPECT_LT(density(moved), highest) << i << ' ' << factor;
    }
    Hyperparameters other = best.hyperparameters();
    other.kernel = other.kernel == KernelKind::rbf ? KernelKind::matern52 : KernelKind::rbf;
    EXPECT_LT(density(other), highest);
  }
}

TEST(Fit, OfFewOutputsThePriorDecides) {
  const Inputs inputs{{0, 1}, {0.1, 0.9, 0.8, 0.2}};
  const GaussianProcess process = fitted_process(inputs, {-1, 1}, 1);
  const double middle = std::sqrt(2.0) + std::log(2.0) / 2;
  for (const double length : process.hyperparameters().length_scales) {
    EXPECT_NEAR(std::log(length), middle, 1.5 * std::sqrt(3.0));  // deviations of the prior
  }
  EXPECT_LT(process.hyperparameters().noise, 0.1);
  // Of outputs that are all alike it expects the same everywhere.
  const GaussianProcess flat = fitted_process(inputs, {0, 0}, 1);
  EXPECT_NEAR(flat.predict(std::vector{0.5, 0.5})[0].mean, 0, 1e-9);
}

TEST(Fit, ManyOutputsAreSeenWhole) {
  const Inputs inputs = inputs_of(200, 2, 7);
  const std::vector<double> outputs = outputs_of(inputs, 0.1, 7);
  const GaussianProcess process = fitted_process(inputs, outputs, 1);
  EXPECT_EQ(process.size(), 200u);
  EXPECT_NEAR(std::sqrt(process.hyperparameters().noise), 0.1, 0.03);
}

TEST(Maximise, StaysWithinItsLimits) {
  const std::vector<double> low{0, 0, 0}, high{1, 1, 1}, top{0.3, 1.7, -4};
  const auto f = [&](std::span<const double> x, std::span<double> gradient) {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      sum -= (x[i] - top[i]) * (x[i] - top[i]);
      gradient[i] = -2 * (x[i] - top[i]);
    }
    return sum;
  };
  const Maximum found = maximise(f, {0.9, 0.1, 0.5}, low, high, 50);
  EXPECT_NEAR(found.x[0], 0.3, 1e-5);
  EXPECT_NEAR(found.x[1], 1, 1e-12);
  EXPECT_NEAR(found.x[2], 0, 1e-12);
  EXPECT_LE(found.x[1], 1);
  EXPECT_GE(found.x[2], 0);
  EXPECT_NEAR(found.value, -0.7 * 0.7 - 16, 1e-9);
  EXPECT_THROW(maximise([](std::span<const double>,
                           std::span<double>) -> double { throw std::runtime_error("no"); },
                        {0.5}, std::vector<double>{0}, std::vector<double>{1}, 5),
               std::runtime_error);
}

TEST(Acquisition, FarTailsContinueTheFormulas) {
  // From one branch to the other there is no step: the third differences stay small.
  for (const auto& f :
       {log_normal_below, +[](double z) { return log_expected_improvement(0, 1, z); }}) {
    const double h = 1e-2;
    const double third =
        f(-25 + 1.5 * h) - 3 * f(-25 + 0.5 * h) + 3 * f(-25 - 0.5 * h) - f(-25 - 1.5 * h);
    EXPECT_LT(std::abs(third), 1e-8);
    EXPECT_TRUE(std::isfinite(f(-1e6)));
    EXPECT_GT(f(-30), f(-31));
  }
  EXPECT_NEAR(expected_improvement(3, 2, 1), std::exp(log_expected_improvement(3, 2, 1)), 1e-15);
}

/// With deviations close to 0 it is how much the hypervolume grows.
TEST(HypervolumeImprovement, OfWhatIsCertainIsTheGrowth) {
  for (std::size_t m = 1; m <= 4; ++m) {
    const std::vector<Direction> directions(m, Direction::minimise);
    const std::vector<double> reference(m, 0.9);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      std::vector<std::vector<double>> points(9);
      const std::vector<double> drawn = uniform(10 * m, seed);
      for (std::size_t i = 0; i < 9; ++i) {
        points[i].assign(drawn.begin() + static_cast<std::ptrdiff_t>(i * m),
                         drawn.begin() + static_cast<std::ptrdiff_t>((i + 1) * m));
      }
      std::vector<std::vector<double>> members;
      for (const std::size_t i : front(Objectives(directions, points))) {
        members.push_back(points[i]);
      }
      std::vector<double> next(drawn.end() - static_cast<std::ptrdiff_t>(m), drawn.end());
      if (seed % 2) {
        for (double& x : next) x /= 3;  // so that it is one of the front
      }
      const HypervolumeImprovement over(members, reference);
      const double before = hypervolume(Objectives(directions, members), reference);
      members.push_back(next);
      const double growth = hypervolume(Objectives(directions, members), reference) - before;
      EXPECT_NEAR(over.expected(next, std::vector<double>(m, 1e-9)), growth, 1e-8) << m;
    }
  }
}

TEST(HypervolumeImprovement, OfOneObjectiveIsExpectedImprovement) {
  const HypervolumeImprovement over({{0.4}}, {2});
  EXPECT_EQ(over.expected(std::vector{0.7}, std::vector{0.3}), expected_improvement(0.7, 0.3, 0.4));
  const HypervolumeImprovement empty({}, {2, 3});
  EXPECT_NEAR(empty.expected(std::vector{1.0, 1.0}, std::vector{1e-9, 1e-9}), 2, 1e-8);
}

Space conditional(std::vector<std::string> choices) {
  return Space({{.name = "lr", .low = 1e-4, .high = 1, .log = true},
                {.name = "kind", .kind = Kind::categorical, .choices = std::move(choices)},
                {.name = "n", .kind = Kind::integer, .low = 2, .high = 8, .step = 2},
                {.name = "beta", .active_if = Condition{"kind", {"adam"}}},
                {.name = "fixed", .low = 3, .high = 3}});
}

TEST(Encoding, IsTheUnitCube) {
  const Space space = conditional({"sgd", "adam"});
  const Encoding unit(space, Encoding::Scale::unit), raw(space, Encoding::Scale::raw);
  EXPECT_EQ(unit.scale_of(), (std::vector<std::size_t>{0, 1, 1, 2, 3}));
  const Point sgd{{"lr", 0.01}, {"kind", "sgd"}, {"n", std::int64_t{4}}, {"fixed", 3.0}};
  const double one = 1 / std::sqrt(2.0);
  const std::vector<double> row = unit.encode(sgd);
  const std::vector<double> expected{0.5, one, 0, 0.375, 0.5};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(row[i], expected[i], 1e-15) << i;
  EXPECT_EQ(raw.encode(sgd), (std::vector<double>{0.01, 1, 0, 4, 0}));
}

/// The names and the order of choices say nothing.
TEST(Encoding, RelabellingChoicesChangesNoPrediction) {
  const auto prediction = [](const std::vector<std::string>& choices,
                             const std::vector<std::string>& names) {
    Space space({{.name = "c", .kind = Kind::categorical, .choices = choices}, {.name = "x"}});
    const Encoding encoding(space, Encoding::Scale::unit);
    Inputs inputs{.scale_of = encoding.scale_of()};
    std::vector<double> outputs;
    for (std::size_t i = 0; i < 12; ++i) {
      const double x = static_cast<double>(i * i % 12) / 12;
      const auto row = encoding.encode({{"c", names[i % 3]}, {"x", x}});
      inputs.values.insert(inputs.values.end(), row.begin(), row.end());
      outputs.push_back(static_cast<double>(i % 3) - 1 + std::sin(6 * x));
    }
    return fitted_process(inputs, outputs, 1)
        .predict(encoding.encode({{"c", names[1]}, {"x", 0.45}}))[0];
  };
  const Prediction a = prediction({"a", "b", "c"}, {"a", "b", "c"});
  const Prediction b = prediction({"z", "y", "x"}, {"x", "z", "y"});
  EXPECT_NEAR(a.mean, b.mean, 1e-6);
  EXPECT_NEAR(a.variance, b.variance, 1e-6);
}

TEST(OutputScale, WhatWentWrongIsBadAndNoMore) {
  using Kind = OutputScale::Kind;
  const std::vector<double> good{0.1, 0.2, 0.25, 0.3, 0.5, 0.7};
  std::vector<double> all = good;
  all.push_back(1e30);
  const OutputScale capped(all, Kind::capped), compressed(all, Kind::compressed);
  EXPECT_LT(capped(1e30), 3);
  EXPECT_GT(capped(0.3) - capped(0.1), 0.5);  // the good ones are still told apart
  EXPECT_EQ(capped(1e30), capped(1e20));
  for (const OutputScale& scale : {capped, compressed}) {
    for (std::size_t i = 1; i < good.size(); ++i) EXPECT_GT(scale(good[i]), scale(good[i - 1]));
  }
  EXPECT_GT(compressed(1e30), compressed(1e20));
  const OutputScale plain({1, 3}, Kind::plain);
  EXPECT_EQ(plain(5), 3);
  EXPECT_EQ(plain.unit(), 1);
  const OutputScale flat({2, 2, 2}, Kind::capped);
  EXPECT_EQ(flat(2), 0);
  EXPECT_TRUE(std::isfinite(flat(kInfinity)));
}

}  // namespace
}  // namespace joule::search

// SPDX-License-Identifier: MIT
#include "joule/energy/models/fit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "joule/core/random.h"
#include "joule/energy/models/trials.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/sources.h"

namespace joule::energy {
namespace {

using test::error_of;

const std::vector<Charge> kAll{Charge::macs, Charge::bytes, Charge::calls, Charge::seconds};
/// J per MAC, per byte, per call, W.
const std::vector<double> kTrue{4e-12, 60e-12, 2e-6, 35};
constexpr double kUncertainty = 0.02;  // J

/// Windows of some seconds in which the mix of the counts varies, with Gaussian noise.
MeasuredWindows windows(int n, std::uint64_t seed, double noise,
                        const std::vector<double>& constants = kTrue) {
  Generator generator(seed);
  MeasuredWindows measured{.device = "test bench", .meter = "replay", .charges = kAll};
  for (int i = 0; i < n; ++i) {
    float u[4], error;
    generator.uniform(u);
    generator.normal({&error, 1});
    const std::vector<double> counts{1e11 + 4e11 * u[0], 1e9 + 3e10 * u[1],
                                     std::floor(1e4 + 2e5 * u[2]), 0.2 + u[3]};
    double joules = noise * error;
    for (std::size_t k = 0; k < counts.size(); ++k) joules += constants[k] * counts[k];
    measured.windows.push_back({Joules(joules), Joules(kUncertainty), counts});
  }
  return measured;
}

struct Estimate {
  double value, error;
};

std::vector<Estimate> estimates(const CostModel& m) {
  const auto of = [](const Constant& c) {
    return Estimate{c.energy.value(), c.half_range.value_or(Joules()).value()};
  };
  return {of(m.per_mac),
          of(m.per_byte),
          of(*m.per_call),
          {m.per_second->power.value(), m.per_second->half_range.value_or(Watts()).value()}};
}

TEST(Fit, FindsTheConstantsOfWindowsWithoutNoise) {
  const Fit fit = fit_cost_model(windows(12, 1, 0));
  const auto found = estimates(fit.model);
  for (std::size_t k = 0; k < kTrue.size(); ++k) {
    EXPECT_NEAR(found[k].value / kTrue[k], 1, 1e-9) << name(kAll[k]);
    EXPECT_GT(found[k].error, 0);
  }
  EXPECT_EQ(fit.model.name, "fitted:test bench");
  EXPECT_EQ(fit.model.source, "least squares over 12 windows measured by replay");
  EXPECT_EQ(fit.model.device, "test bench");
  EXPECT_TRUE(fit.clamped.empty());
  EXPECT_EQ(fit.model.fit->windows, 12);
  EXPECT_EQ(fit.model.fit->degrees_of_freedom, 8);
  EXPECT_LT(fit.model.fit->chi_square, 1e-12);
  EXPECT_GT(fit.model.fit->condition_number, 1);
  EXPECT_LT(fit.model.fit->condition_number, 20);
}

TEST(Fit, StandardErrorsAreThoseOfRepeatedFits) {
  constexpr int kRepeats = 400;
  std::vector<double> squares(kTrue.size());
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const auto found = estimates(fit_cost_model(windows(40, 100 + repeat, kUncertainty)).model);
    for (std::size_t k = 0; k < kTrue.size(); ++k) {
      squares[k] += std::pow((found[k].value - kTrue[k]) / found[k].error, 2);
    }
  }
  for (std::size_t k = 0; k < kTrue.size(); ++k) {
    // The mean of 400 squares of a standard normal value scatters by sqrt(2 / 400); a chi^2 above
    // its expectation has raised the errors of half the fits by some percent.
    EXPECT_NEAR(squares[k] / kRepeats, 0.92, 5 * std::sqrt(2.0 / kRepeats)) << name(kAll[k]);
  }
}

TEST(Fit, WindowsThatScatterMoreThanTheyClaimMakeTheConstantsLessSure) {
  const Fit honest = fit_cost_model(windows(40, 1, kUncertainty));
  const Fit scattered = fit_cost_model(windows(40, 1, 10 * kUncertainty));
  const double excess = std::sqrt(scattered.model.fit->chi_square / 36);
  EXPECT_GT(excess, 5);
  const double usual = std::sqrt(std::max(1.0, honest.model.fit->chi_square / 36));
  for (std::size_t k = 0; k < kTrue.size(); ++k) {
    EXPECT_NEAR(estimates(scattered.model)[k].error / estimates(honest.model)[k].error,
                excess / usual, 1e-9 * excess);
  }
}

TEST(Fit, ACommonGainIsOneErrorOfAllConstants) {
  MeasuredWindows measured = windows(40, 1, kUncertainty);
  const Fit exact = fit_cost_model(measured);
  measured.systematic = 0.05;
  for (auto& window : measured.windows) window.energy = window.energy / 1.05;
  const Fit fit = fit_cost_model(measured);
  EXPECT_EQ(fit.model.fit->systematic, 0.05);
  const auto found = estimates(fit.model), unshared = estimates(exact.model);
  for (std::size_t k = 0; k < kTrue.size(); ++k) {
    EXPECT_NEAR(found[k].error, unshared[k].error, 0.1 * unshared[k].error)
        << "no window tells the gain";
    const double width = half_width95(found[k].value, found[k].error, *fit.model.fit);
    EXPECT_DOUBLE_EQ(width, student_t95(36) * found[k].error + 0.05 * found[k].value);
    EXPECT_LE(std::abs(found[k].value - kTrue[k]), width) << name(kAll[k]);
  }
  Totals totals;
  totals.calls = 1000;
  totals.work = {.macs = 1'000'000'000, .bytes_read = 4'000'000};
  totals.tally.nanoseconds = 1'000'000'000;
  const auto figure = fit.model.energy(totals, Skipping::executed);
  const double statistical = student_t95(36) * (1e9 * found[0].error + 4e6 * found[1].error +
                                                1000 * found[2].error + found[3].error);
  EXPECT_NEAR(figure.uncertainty()->value(), statistical + 0.05 * figure.value().value(), 1e-9);
}

TEST(Fit, SaysThatTheWindowsScatterOtherwiseThanTheySay) {
  const auto remark = [](double noise) {
    return remark_of(*fit_cost_model(windows(40, 1, noise)).model.fit);
  };
  EXPECT_EQ(remark(kUncertainty), "");
  EXPECT_NE(remark(2 * kUncertainty).find("scatter more"), std::string::npos);
  EXPECT_NE(remark(kUncertainty / 10).find("scatter less"), std::string::npos);
}

TEST(Fit, SurerWindowsCountMore) {
  // Two groups of windows that contradict each other: the group that is ten times surer wins.
  MeasuredWindows measured{.device = "d", .meter = "m", .charges = {Charge::macs, Charge::bytes}};
  for (const auto& [per_mac, uncertainty] : {std::pair(1.0, 0.1), {2.0, 1.0}}) {
    for (const auto& [macs, bytes] : {std::pair(1.0, 2.0), {2.0, 1.0}, {3.0, 5.0}}) {
      measured.windows.push_back(
          {Joules(per_mac * macs + bytes), Joules(uncertainty), {macs, bytes}});
    }
  }
  const double per_mac = fit_cost_model(measured).model.per_mac.energy.value();
  EXPECT_NEAR(per_mac, (1.0 * 100 + 2.0 * 1) / 101, 1e-9);
}

TEST(Fit, ConstantsThatWouldBeNegativeAreClamped) {
  const MeasuredWindows measured = windows(30, 5, kUncertainty, {4e-12, -20e-12, 2e-6, 35});
  const Fit fit = fit_cost_model(measured);
  EXPECT_EQ(fit.clamped, std::vector{Charge::bytes});
  EXPECT_EQ(fit.model.per_byte.energy, Joules());
  EXPECT_EQ(fit.model.per_byte.half_range, std::nullopt);
  EXPECT_EQ(fit.model.fit->degrees_of_freedom, 30 - 3);
  // The conditions of a minimum: no residual is left along a positive constant, and along the one
  // at zero it points below zero.
  for (std::size_t k = 0; k < kAll.size(); ++k) {
    double gradient = 0, scale = 0;
    for (std::size_t i = 0; i < measured.windows.size(); ++i) {
      gradient += measured.windows[i].counts[k] * fit.residuals[i].value();
      scale += measured.windows[i].counts[k] * measured.windows[i].energy.value();
    }
    if (kAll[k] == Charge::bytes) {
      EXPECT_LT(gradient, -1e-3 * scale);
    } else {
      EXPECT_NEAR(gradient / scale, 0, 1e-12) << name(kAll[k]);
    }
  }
}

TEST(Fit, OptimalWhateverIsClamped) {
  int clamped = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<double> constants = kTrue;
    for (std::size_t k = 0; k + 1 < constants.size(); ++k) {
      if (round >> k & 1) constants[k] *= -2;
    }
    const MeasuredWindows measured = windows(12, 50 + round, 5 * kUncertainty, constants);
    const Fit fit = fit_cost_model(measured);
    clamped += static_cast<int>(fit.clamped.size());
    for (std::size_t k = 0; k < kAll.size(); ++k) {
      double gradient = 0, scale = 0;
      for (std::size_t i = 0; i < measured.windows.size(); ++i) {
        gradient += measured.windows[i].counts[k] * fit.residuals[i].value();
        scale += measured.windows[i].counts[k] * std::abs(measured.windows[i].energy.value());
      }
      const bool at_zero = std::ranges::count(fit.clamped, kAll[k]) > 0;
      EXPECT_LT(at_zero ? gradient : std::abs(gradient), 1e-10 * scale) << round << name(kAll[k]);
    }
  }
  EXPECT_GT(clamped, 40);
}

TEST(Fit, AConstantThatFitsBestAloneMayBeClampedInTheEnd) {
  // macs is nearly bytes + calls, and so explains most by itself; the truth is 2 bytes + 2 calls
  // - 0.3 macs.
  MeasuredWindows measured{
      .device = "d", .meter = "m", .charges = {Charge::macs, Charge::bytes, Charge::calls}};
  for (int copy = 0; copy < 2; ++copy) {
    for (const std::vector<double>& counts :
         std::vector<std::vector<double>>{{1, 1, 0}, {1, 0, 1}, {0.5, 0.1, 0.1}}) {
      const double joules = 2 * counts[1] + 2 * counts[2] - 0.3 * counts[0];
      measured.windows.push_back({Joules(joules), Joules(0.1), counts});
    }
  }
  const Fit fit = fit_cost_model(measured);
  EXPECT_EQ(fit.clamped, std::vector{Charge::macs});
  // The minimum of 2 (1.7 - x)^2 + (0.25 - 0.2 x)^2.
  EXPECT_NEAR(fit.model.per_byte.energy.value(), 3.45 / 2.04, 1e-12);
  EXPECT_NEAR(fit.model.per_call->energy.value(), 3.45 / 2.04, 1e-12);
}

/// Nothing if the windows are too much alike.
std::optional<Fit> fit_unless_refused(const MeasuredWindows& measured) {
  try {
    return fit_cost_model(measured);
  } catch (const ArgumentError&) {
    return std::nullopt;
  }
}

TEST(Fit, NoConstantIsNegativeHoweverManyLeaveAtOnce) {
  Generator generator(3);
  int solved = 0;
  for (int i = 0; i < 20'000; ++i) {
    MeasuredWindows measured{.device = "d", .meter = "m", .charges = kAll};
    for (int row = 0; row < 7; ++row) {
      float u[4], normal[4];
      generator.uniform(u);
      generator.normal(normal);
      std::vector<double> counts;
      double joules = 0.1 * normal[3];
      for (int k = 0; k < 4; ++k) {
        counts.push_back(std::floor(4 * u[k]));
        joules += (k % 2 ? -1 : 2) * counts.back();
      }
      measured.windows.push_back({Joules(joules), Joules(1), counts});
    }
    const std::optional<Fit> fit = fit_unless_refused(measured);
    if (!fit) continue;
    ++solved;
    for (const auto& [value, error] : estimates(fit->model)) EXPECT_GE(value, 0) << i;
  }
  EXPECT_GT(solved, 10'000);
}

TEST(Fit, AConstantOfZeroIsNotFoundInTheRounding) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Fit fit = fit_cost_model(windows(12, seed, 0, {4e-12, 0, 2e-6, 35}));
    EXPECT_EQ(fit.clamped, std::vector{Charge::bytes}) << seed;
  }
}

/// In the first two windows macs and bytes are nearly the same, in the last two there are only
/// calls; they would explain `gain` of energies that have nothing to do with calls.
MeasuredWindows nearly_alike(Generator& generator, double gain) {
  float u[6];
  generator.uniform(u);
  const double difference = 4e-6, a = 0.5 + u[0], b = 0.5 + u[1], c = 0.3 + u[2];
  const double d = 0.1 + u[3], e = 0.1 + u[4];
  MeasuredWindows measured{
      .device = "d", .meter = "m", .charges = {Charge::macs, Charge::bytes, Charge::calls}};
  for (const auto& [counts, joules] :
       std::vector<std::pair<std::vector<double>, double>>{{{1, 1, 0}, a + b},
                                                           {{0, difference, c}, b * difference},
                                                           {{0, 0, d}, u[5] * e + gain},
                                                           {{0, 0, e}, -u[5] * d}}) {
    measured.windows.push_back({Joules(joules), Joules(1), counts});
  }
  return measured;
}

/// Ends the process with 0 if all fits end, though a gain that is above the rounding of the
/// energies is within what rounding makes of it in constants that are hard to tell apart.
[[noreturn]] void fit_what_is_nearly_alike() {
  alarm(120);
  Generator generator(1);
  for (int i = 0; i < 20'000; ++i) {
    float u[1];
    generator.uniform(u);
    const MeasuredWindows measured = nearly_alike(generator, std::pow(10, -12 + u[0]));
    (void)fit_unless_refused(measured);
  }
  std::exit(0);
}

TEST(FitDeathTest, EndsThoughAGradientThatIsPositiveLeadsBelowZero) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(fit_what_is_nearly_alike(), testing::ExitedWithCode(0), "");
}

TEST(Fit, ResidualsAreMeasuredMinusFitted) {
  const MeasuredWindows measured = windows(9, 3, kUncertainty);
  const Fit fit = fit_cost_model(measured);
  const auto constants = estimates(fit.model);
  double squares = 0, chi_square = 0, largest = 0;
  for (std::size_t i = 0; i < measured.windows.size(); ++i) {
    double fitted = 0;
    for (std::size_t k = 0; k < kAll.size(); ++k) {
      fitted += constants[k].value * measured.windows[i].counts[k];
    }
    const double residual = measured.windows[i].energy.value() - fitted;
    EXPECT_NEAR(fit.residuals[i].value(), residual, 1e-9);
    squares += residual * residual;
    chi_square += std::pow(residual / kUncertainty, 2);
    largest = std::max(largest, std::abs(residual));
  }
  EXPECT_NEAR(fit.model.fit->chi_square, chi_square, 1e-6);
  EXPECT_NEAR(fit.model.fit->rms_residual.value(), std::sqrt(squares / 9), 1e-9);
  EXPECT_NEAR(fit.model.fit->largest_residual.value(), largest, 1e-9);
}

TEST(Fit, WhatCannotBeToldApartIsRefused) {
  const auto refused = [](auto change) {
    MeasuredWindows measured = windows(10, 1, 0);
    for (auto& window : measured.windows) change(window);
    return error_of([&] { fit_cost_model(measured); });
  };
  using Window = MeasuredWindows::Window;
  EXPECT_EQ(refused([](Window& w) { w.counts[2] = 1200; }),
            "fit: all windows have 1200 calls: its constant cannot be told from an offset; record "
            "windows in which it varies, or leave it out of all of them");
  EXPECT_EQ(
      refused([](Window& w) { w.counts[0] = 0; }),
      "fit: all windows have 0 macs: its constant cannot be told from an offset; record windows "
      "in which it varies, or leave it out of all of them");
  const std::string collinear = refused([](Window& w) { w.counts[1] = 3 * w.counts[0]; });
  EXPECT_TRUE(
      collinear.starts_with("fit: macs, bytes depend on each other linearly in these 10 "
                            "windows (condition number "))
      << collinear;
  EXPECT_TRUE(
      collinear.ends_with("): their constants cannot be told apart; record windows in which "
                          "they vary independently, or leave one out of all of them"))
      << collinear;
  const std::string three =
      refused([](Window& w) { w.counts[3] = w.counts[0] / 1e11 + w.counts[2] / 1e4; });
  EXPECT_TRUE(three.starts_with("fit: macs, calls, seconds depend")) << three;
  EXPECT_EQ(error_of([] { fit_cost_model(windows(4, 1, 0)); }),
            "fit: 4 constants (macs, bytes, calls, seconds) need at least 5 windows, got 4");
  EXPECT_EQ(refused([](Window& w) { w.energy = Joules(); }),
            "fit: no window has an energy that grows with macs, bytes, calls, seconds");
  EXPECT_EQ(refused([](Window& w) { w.uncertainty = Joules(); }),
            "fit: window 0 needs an uncertainty above 0 J, got 0 J");
}

TEST(Fit, IsWrittenAsAProfileThatReadsBack) {
  for (const double per_byte : {60e-12, -20e-12}) {
    const Fit fit = fit_cost_model(windows(30, 5, kUncertainty, {4e-12, per_byte, 2e-6, 35}));
    const CostModel read = parse_cost_model(to_json(fit.model), "f.json");
    EXPECT_EQ(read.name, fit.model.name);
    EXPECT_EQ(read.source, fit.model.source);
    EXPECT_EQ(read.device, fit.model.device);
    EXPECT_EQ(read.fit, fit.model.fit);
    const auto a = estimates(read), b = estimates(fit.model);
    for (std::size_t k = 0; k < kAll.size(); ++k) {
      EXPECT_DOUBLE_EQ(a[k].value, b[k].value);
      EXPECT_DOUBLE_EQ(a[k].error, b[k].error);
    }
  }
  EXPECT_EQ(error_of([] { (void)to_json(horowitz45()); }),
            "horowitz45: only a fitted profile is written");
}

std::string trace(const std::string& windows, const std::string& version = "1") {
  return R"({"format": "joule-measured-windows", "version": )" + version +
         R"(, "device": "d", "meter": "m", "windows": )" + windows + "}";
}

TEST(MeasuredWindowsFile, IsRead) {
  const auto measured = parse_measured_windows(
      trace(R"([{"joules": 2.5, "uncertainty_joules": 0.1, "macs": 7, "bytes": 8, "seconds": 0.5},
                {"joules": 3, "uncertainty_joules": 0.2, "macs": 9, "bytes": 1, "seconds": 1}])"),
      "t.json");
  EXPECT_EQ(measured.device, "d");
  EXPECT_EQ(measured.meter, "m");
  EXPECT_EQ(measured.charges, (std::vector{Charge::macs, Charge::bytes, Charge::seconds}));
  ASSERT_EQ(measured.windows.size(), 2u);
  EXPECT_EQ(measured.windows[0].energy, Joules(2.5));
  EXPECT_EQ(measured.windows[0].uncertainty, Joules(0.1));
  EXPECT_EQ(measured.windows[0].counts, (std::vector<double>{7, 8, 0.5}));
  EXPECT_EQ(measured.windows[1].counts, (std::vector<double>{9, 1, 1}));
}

TEST(MeasuredWindowsFile, TheExampleOfTheGuideIsOne) {
  const auto guide = std::filesystem::path(test::source_path("docs/energy.md"));
  std::ostringstream text;
  text << std::ifstream(guide).rdbuf();
  const std::string all = text.str(), fence = "```json\n";
  const auto begin = all.rfind(fence, all.find("\"joule-measured-windows\""));
  ASSERT_NE(begin, std::string::npos) << guide << " has no example";
  const auto end = all.find("```", begin + fence.size());
  const auto measured =
      parse_measured_windows(all.substr(begin + fence.size(), end - begin - fence.size()), guide);
  EXPECT_EQ(measured.charges, kAll);
  EXPECT_EQ(measured.windows.size(), 2u);
}

TEST(MeasuredWindowsFile, EveryMistakeIsOneClearLine) {
  const auto window = [](const std::string& joules, const std::string& uncertainty,
                         const std::string& macs, const std::string& more = "") {
    return trace("[{\"joules\": " + joules + ", \"uncertainty_joules\": " + uncertainty +
                 ", \"macs\": " + macs + ", \"bytes\": 1" + more + "}]");
  };
  const std::pair<std::string, std::string> cases[] = {
      {"[]", "t.json: expected an object, got array"},
      {R"({"format": "csv"})", "t.json: 'format' must be joule-measured-windows, got csv"},
      {trace("[]", "2"), "t.json: 'version' must be 1, got 2"},
      {trace("[]", "\"1\""), "t.json: 'version' must be a whole number >= 0, got string"},
      {trace("3"), "t.json: 'windows' must be an array, got number"},
      {trace("[3]"), "t.json: window 0: expected an object, got number"},
      {window("-1", "1", "1"),
       "t.json: window 0: 'joules' must be a number of joules >= 0, got -1"},
      {window("1", "0", "1"),
       "t.json: window 0: 'uncertainty_joules' must be above 0: no meter is exact"},
      {window("1", "1", "9223372036854775807"),
       "t.json: window 0: 'macs' must be at most 4611686018427387904, got 9223372036854775807"},
      {window("1", "1", "1.5"), "t.json: window 0: 'macs' must be a whole number >= 0, got 1.5"},
      {window("1", "1", "1", ", \"watts\": 3"), "t.json: window 0: unknown member 'watts'"},
      {trace(R"([{"joules": 1, "uncertainty_joules": 1, "macs": 1, "bytes": 1, "calls": 1},
                 {"joules": 1, "uncertainty_joules": 1, "macs": 1, "bytes": 1}])"),
       "t.json: window 1: 'calls' is missing"},
      {trace("[], \"host\": 1"), "t.json: unknown member 'host'"},
      {trace(std::string(75000, '[') + std::string(75000, ']')),
       "t.json: nested more than 64 deep"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(error_of<DataError>([&, &text = text] { parse_measured_windows(text, "t.json"); }),
              message)
        << text;
  }
  EXPECT_EQ(error_of<DataError>([] { load_measured_windows("nowhere.json"); }),
            "nowhere.json: cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace joule::energy

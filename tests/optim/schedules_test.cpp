// SPDX-License-Identifier: MIT
#include "joule/optim/schedules.h"

#include <cmath>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

TEST(Schedules, ConstantStepAndExponential) {
  EXPECT_EQ(ConstantLr(0.3).learning_rate(1000), 0.3);

  const StepLr step({.lr = 2, .every = 10, .factor = 0.5});
  EXPECT_EQ(step.learning_rate(0), 2);
  EXPECT_EQ(step.learning_rate(9), 2);
  EXPECT_EQ(step.learning_rate(10), 1);
  EXPECT_EQ(step.learning_rate(39), 0.25);

  const ExponentialLr exponential({.lr = 2, .every = 10, .factor = 0.25});
  EXPECT_EQ(exponential.learning_rate(0), 2);
  EXPECT_DOUBLE_EQ(exponential.learning_rate(5), 1);
  EXPECT_DOUBLE_EQ(exponential.learning_rate(20), 0.125);
}

TEST(CosineLr, FallsOnHalfACosine) {
  const CosineLr cosine({.lr = 1, .min_lr = 0.2, .steps = 60});
  EXPECT_EQ(cosine.learning_rate(0), 1);
  EXPECT_NEAR(cosine.learning_rate(20), 0.8, 1e-15);  // cos(60 degrees) = 1/2
  EXPECT_NEAR(cosine.learning_rate(30), 0.6, 1e-15);
  EXPECT_NEAR(cosine.learning_rate(40), 0.4, 1e-15);
  EXPECT_EQ(cosine.learning_rate(60), 0.2);
  EXPECT_EQ(cosine.learning_rate(1000), 0.2);
}

TEST(OneCycleLr, RisesAndFallsBetweenItsCorners) {
  // The peak is at step 0.3 * 110 - 1 = 32, the end at 109.
  const OneCycleLr cycle({.max_lr = 0.1, .steps = 110});
  const double first = 0.1 / 25, last = first / 1e4;
  EXPECT_NEAR(cycle.learning_rate(0), first, 1e-16);
  EXPECT_NEAR(cycle.learning_rate(16), (first + 0.1) / 2, 1e-15);
  EXPECT_NEAR(cycle.learning_rate(32), 0.1, 1e-15);
  EXPECT_NEAR(cycle.learning_rate(32 + 77), last, 1e-18);
  EXPECT_EQ(cycle.learning_rate(5000), last);
  for (std::int64_t step = 0; step < 109; ++step) {
    const double change = cycle.learning_rate(step + 1) - cycle.learning_rate(step);
    EXPECT_TRUE(step < 32 ? change > 0 : change < 0) << step;
  }
}

// The momentum of torch.optim.lr_scheduler.OneCycleLR: 0.95, 0.85 at the peak, 0.95 again.
TEST(OneCycleLr, MomentumGoesTheOtherWay) {
  const OneCycleLr cycle({.max_lr = 0.1, .steps = 110, .cycle_momentum = true});
  EXPECT_DOUBLE_EQ(*cycle.momentum(0), 0.95);
  EXPECT_DOUBLE_EQ(*cycle.momentum(16), 0.90);
  EXPECT_DOUBLE_EQ(*cycle.momentum(32), 0.85);
  EXPECT_DOUBLE_EQ(*cycle.momentum(109), 0.95);
  EXPECT_DOUBLE_EQ(*cycle.momentum(5000), 0.95);
  for (std::int64_t step = 0; step < 109; ++step) {
    const double change = *cycle.momentum(step + 1) - *cycle.momentum(step);
    EXPECT_TRUE(step < 32 ? change < 0 : change > 0) << step;
    const double share = (1 - std::cos(M_PI * (step < 32 ? step / 32.0 : (step - 32) / 77.0))) / 2;
    EXPECT_NEAR(*cycle.momentum(step), step < 32 ? 0.95 - 0.1 * share : 0.85 + 0.1 * share, 1e-12);
  }
  EXPECT_FALSE(OneCycleLr({.max_lr = 0.1, .steps = 110}).momentum(0));
  EXPECT_FALSE(ConstantLr(0.1).momentum(0));

  const WarmupLr warm(10, std::make_unique<OneCycleLr>(OneCycleLrOptions{
                              .max_lr = 0.1, .steps = 110, .cycle_momentum = true}));
  EXPECT_DOUBLE_EQ(*warm.momentum(3), 0.95);
  EXPECT_DOUBLE_EQ(*warm.momentum(42), 0.85);
}

TEST(OneCycleLr, HalfWayDownIsTheMeanOfItsEnds) {
  // The peak is at 0.25 * 8 - 1 = 1, the end at 7, the middle between them at 4.
  const OneCycleLr cycle(
      {.max_lr = 3, .steps = 8, .pct_start = 0.25, .div_factor = 3, .final_div_factor = 10});
  EXPECT_DOUBLE_EQ(cycle.learning_rate(0), 1);
  EXPECT_DOUBLE_EQ(cycle.learning_rate(1), 3);
  EXPECT_DOUBLE_EQ(cycle.learning_rate(4), (3 + 0.1) / 2);
  EXPECT_DOUBLE_EQ(cycle.learning_rate(7), 0.1);
}

TEST(OneCycleLr, IsFiniteForTheShortestRuns) {
  for (const double pct_start : {0.0, 0.1, 0.3, 0.5, 0.9}) {
    for (std::int64_t steps = 1; steps <= 10; ++steps) {
      const OneCycleLr cycle({.max_lr = 0.1, .steps = steps, .pct_start = pct_start});
      for (std::int64_t step = 0; step <= steps; ++step) {
        const double lr = cycle.learning_rate(step);
        EXPECT_TRUE(lr > 0 && lr <= 0.1) << lr << " at " << step << " of " << steps;
      }
    }
  }
}

TEST(WarmupLr, RisesLinearlyAndThenStartsTheOther) {
  const WarmupLr warmup(4, std::make_unique<StepLr>(StepLrOptions{.lr = 1, .every = 2}));
  EXPECT_DOUBLE_EQ(warmup.learning_rate(0), 0.2);
  EXPECT_DOUBLE_EQ(warmup.learning_rate(3), 0.8);
  EXPECT_DOUBLE_EQ(warmup.learning_rate(4), 1);
  EXPECT_DOUBLE_EQ(warmup.learning_rate(5), 1);
  EXPECT_DOUBLE_EQ(warmup.learning_rate(6), 0.1);
}

TEST(PlateauLr, FallsAfterMoreThanPatienceObservationsWithoutImprovement) {
  PlateauLr plateau({.lr = 1, .factor = 0.5, .patience = 2, .threshold = 0.1, .min_lr = 0.2});
  const auto after = [&](double metric) {
    plateau.observe(metric);
    return plateau.learning_rate(0);
  };
  EXPECT_EQ(after(1.0), 1);
  EXPECT_EQ(after(0.95), 1);  // not better by a tenth
  EXPECT_EQ(after(std::nan("")), 1);
  EXPECT_EQ(after(0.8), 1);  // better: counts anew
  EXPECT_EQ(after(0.8), 1);
  EXPECT_EQ(after(0.8), 1);
  EXPECT_EQ(after(0.8), 0.5);
  for (int i = 0; i < 3; ++i) after(0.8);
  EXPECT_EQ(plateau.learning_rate(0), 0.25);
  for (int i = 0; i < 3; ++i) after(0.8);
  EXPECT_EQ(plateau.learning_rate(0), 0.2);
}

TEST(PlateauLr, MayWantMore) {
  PlateauLr plateau({.lr = 1, .patience = 0, .higher_is_better = true});
  plateau.observe(-0.5);
  plateau.observe(-0.4);
  plateau.observe(0.9);
  EXPECT_EQ(plateau.learning_rate(0), 1);
  plateau.observe(0.8);
  EXPECT_EQ(plateau.learning_rate(0), 0.1);
}

std::unique_ptr<Schedule> warm_plateau() {
  return std::make_unique<WarmupLr>(
      3, std::make_unique<PlateauLr>(PlateauLrOptions{.lr = 1.0 / 3, .patience = 1}));
}

TEST(Schedules, ContinueFromTheirState) {
  const auto observed = warm_plateau();
  for (const double loss : {1.0, 0.7, 0.71, 0.72, 0.6999999}) observed->observe(loss);
  const auto resumed = warm_plateau();
  resumed->load_state(observed->state());
  EXPECT_EQ(resumed->state().values, observed->state().values);
  for (const double loss : {0.71, 0.65, 0.66, 0.67, 0.68}) {
    observed->observe(loss);
    resumed->observe(loss);
    for (const std::int64_t step : {0, 2, 3}) {
      EXPECT_EQ(resumed->learning_rate(step), observed->learning_rate(step));
    }
  }
  EXPECT_LT(resumed->learning_rate(3), 0.01);

  const auto fresh = warm_plateau();  // before any observation the best is infinite
  fresh->load_state(warm_plateau()->state());
  EXPECT_EQ(fresh->learning_rate(3), 1.0 / 3);
}

TEST(Schedules, TakeTheirOwnStateAndNoOther) {
  OneCycleLr cycle({.max_lr = 0.1, .steps = 100});
  cycle.load_state(OneCycleLr({.max_lr = 0.1, .steps = 100}).state());
  EXPECT_EQ(error_of([&] { cycle.load_state(OneCycleLr({.max_lr = 0.2, .steps = 100}).state()); }),
            "one-cycle: the state was saved with max_lr 0.2, expected 0.1");
  EXPECT_EQ(
      error_of([&] {
        cycle.load_state(OneCycleLr({.max_lr = 0.1, .steps = 100, .cycle_momentum = true}).state());
      }),
      "one-cycle: the state has base_momentum, which has no place here");
  EXPECT_EQ(error_of([&] { ConstantLr(0.1).load_state(StepLr({.lr = 0.1}).state()); }),
            "constant: the state was saved with schedule step, expected constant");
  EXPECT_EQ(error_of([&] { ConstantLr(0.1).load_state(State{}); }),
            "constant: the state has no lr");

  const auto plateau = warm_plateau();
  State state = plateau->state();
  const State before = state;
  state.values["after.best"] = "0.5";
  state.values["after.bad"] = "-1";
  EXPECT_EQ(error_of([&] { plateau->load_state(state); }), "plateau: the state's bad is -1");
  state.values["after.bad"] = "1";
  state.values["after.current_lr"] = "7";
  EXPECT_EQ(error_of([&] { plateau->load_state(state); }), "plateau: the state's current_lr is 7");
  EXPECT_EQ(plateau->state().values, before.values);
}

TEST(Schedules, ErrorsNameTheOptionAndItsRange) {
  const auto error = [](auto make) { return error_of(make); };
  EXPECT_EQ(error([] { ConstantLr(-1); }), "constant: lr must be positive, got -1");
  EXPECT_EQ(error([] { StepLr({.every = 0}); }), "step: every must be at least 1, got 0");
  EXPECT_EQ(error([] { ExponentialLr({.factor = 2}); }),
            "exponential: factor must be in (0, 1], got 2");
  EXPECT_EQ(error([] { CosineLr({.lr = 0.1, .min_lr = 0.2}); }),
            "cosine: min_lr must be in [0, 0.1], got 0.2");
  EXPECT_EQ(error([] { CosineLr({.steps = 0}); }), "cosine: steps must be at least 1, got 0");
  EXPECT_EQ(error([] { OneCycleLr({.max_lr = 0}); }), "one-cycle: max_lr must be positive, got 0");
  EXPECT_EQ(error([] { OneCycleLr({.pct_start = 1}); }),
            "one-cycle: pct_start must be in [0, 1), got 1");
  EXPECT_EQ(error([] { OneCycleLr({.div_factor = 0.5}); }),
            "one-cycle: div_factor must be at least 1, got 0.5");
  EXPECT_EQ(
      error([] { OneCycleLr({.base_momentum = 0.9, .max_momentum = 0.8}); }),
      "one-cycle: momentum must go from base_momentum > 0 to max_momentum < 1, got 0.9 to 0.8");
  EXPECT_EQ(error([] { OneCycleLr({}).momentum(-1); }), "one-cycle: steps count from 0, got -1");
  EXPECT_EQ(error([] { PlateauLr({.factor = 1}); }), "plateau: factor must be in (0, 1), got 1");
  EXPECT_EQ(error([] { PlateauLr({.patience = -1}); }),
            "plateau: patience must be at least 0, got -1");
  EXPECT_EQ(error([] { WarmupLr(0, std::make_unique<ConstantLr>(1)); }),
            "warm-up: steps must be at least 1, got 0");
  EXPECT_EQ(error([] { WarmupLr(1, nullptr); }), "warm-up: there is no schedule after it");
  EXPECT_EQ(error([] { ConstantLr(1).learning_rate(-1); }), "constant: steps count from 0, got -1");
}

}  // namespace
}  // namespace joule

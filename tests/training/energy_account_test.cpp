// SPDX-License-Identifier: MIT
#include "joule/training/energy/energy_account.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "joule/data/synthetic.h"
#include "joule/energy/json/json.h"
#include "joule/energy/models/cost_model.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/simulated_power.h"
#include "joule/tests/support/small_runs.h"
#include "joule/tests/training/energy_account_cases.h"
#include "joule/training/energy/energy_prediction.h"
#include "joule/training/energy/run_energy.h"
#include "joule/training/run/choice.h"
#include "joule/training/run/summary.h"
#include "joule/training/run/summary_json.h"
#include "joule/training/trainer.h"

namespace joule::training {
namespace {

using namespace energy_account_cases;

State copy_of(const State& state) {
  State copy = state;
  for (auto& [name, tensor] : copy.tensors) tensor = tensor.clone();
  return copy;
}

TEST(TrainingEnergy, EpochsAddUpExactly) {
  Bench bench;
  Trainer trainer(config_of(3), small_data(), {.metering = bench.metering});
  Hooks hooks = hundred_ms_a_step(bench);
  while (!trainer.finished()) {
    trainer.run_epoch(hooks);
    bench.power.sleep_ns(70 * kMs);  // between epochs: nobody's window
    bench.power.milliwatts += 5000;
  }
  const auto& epochs = trainer.metrics();
  EXPECT_EQ(ticks(epochs[0].energy.training), 4000);  // mJ: 4 steps of 100 ms at 10 W
  EXPECT_EQ(ticks(epochs[1].energy.training), 6000);
  EXPECT_EQ(ticks(epochs[2].energy.training), 8000);
  EXPECT_EQ(epochs[1].energy.training.measured[0].nanoseconds, 400 * kMs);
  const EpochEnergy sum = total_energy(epochs);
  EXPECT_EQ(measured(sum.training).gross.value(), Joules(18));
  // No time passes in the evaluation, which is a window of its own.
  EXPECT_EQ(ticks(sum.evaluation), 0);
  EXPECT_EQ(measured(sum.evaluation).gross.reason(), "no time passed between the readings");

  // The work of the epochs is that of the trainer, and so are the models'.
  energy::Totals work;
  for (const auto& [phase, totals] : trainer.work()) work += totals;
  EXPECT_EQ(sum.training.work.work, work.work);
  EXPECT_EQ(sum.training.work.calls, work.calls);
  EXPECT_EQ(sum.evaluation.work.work.macs, 3 * total_work(*trainer.evaluation()).work.macs);
  EXPECT_EQ(modelled(sum.training, energy::horowitz45()).value(),
            energy::horowitz45().energy(work, energy::Skipping::executed).value());
}

TEST(TrainingEnergy, LapsShareTheirEdges) {
  energy::MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(0.1);
  info.limit = Watts(70);
  Bench bench(info);
  Config config = config_of(3);
  config.validation = 0.2;
  Trainer trainer(config, small_data(), {.metering = bench.metering});
  const Hooks hooks{.stop = [&] {  // before each batch of a part
    bench.power.sleep_ns(1000 * kMs);
    return false;
  }};
  const auto width = [](const PartEnergy& part) {
    return measured(part).gross.uncertainty()->value();
  };
  while (!trainer.finished()) trainer.run_epoch(hooks);
  const double edges = 7 + 1e-3;  // 70 W for .1 s, and a tick
  for (const EpochMetrics& m : trainer.metrics()) {
    for (const auto part :
         {&EpochEnergy::training, &EpochEnergy::validation, &EpochEnergy::evaluation}) {
      EXPECT_NEAR(width(m.energy.*part), edges, 1e-9);
    }
    EXPECT_NEAR(width(whole(m.energy)), edges, 1e-9);
  }
  // No time passes between the epochs, so that they share a reading, too.
  const EpochEnergy sum = total_energy(trainer.metrics());
  EXPECT_NEAR(width(whole(sum)), edges, 1e-9);
  EXPECT_NEAR(width(sum.validation), 3 * edges, 1e-9) << "far apart";
  const EpochFigures spent = spent_until(trainer.metrics());
  EXPECT_NEAR(spent.back().uncertainty()->value(), edges, 1e-9);
  const EnergySpread spread =
      spread_of(trainer.metrics(), measured_energies(trainer.metrics()), kMeasured);
  EXPECT_NEAR(spread.bounds.value(), edges, 1e-9);

  // A file tells the laps of a point that stands for several epochs.
  std::vector<EpochMetrics> merged = trainer.metrics();
  merged[0].energy = sum;
  const std::string text = to_jsonl(merged);
  EXPECT_EQ(to_jsonl(parse_jsonl(text)), text);
  EXPECT_NEAR(width(whole(parse_jsonl(text)[0].energy)), edges, 1e-9);
  EXPECT_NEAR(width(whole(parse_jsonl(text)[1].energy)), edges, 1e-9);
}

TEST(TrainingEnergy, ReadsNoMeterPerStepWithoutABudget) {
  const auto expect = [](int readings, std::int64_t batch, std::optional<Joules> budget) {
    Bench bench;
    Config config = config_of(1);
    config.batch = batch;
    Trainer trainer(config, small_data(), {.metering = bench.metering, .budget = budget});
    const auto start = std::chrono::steady_clock::now();
    trainer.run_epoch({.on_progress = [](const Progress&) {}});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    // A look for the display is at least a second after the one before.
    EXPECT_GE(bench.meter->samples, readings);
    EXPECT_LE(bench.meter->samples, readings + static_cast<int>(seconds.count()));
  };
  expect(4, 16, {});  // three edges and one look for the display
  expect(4, 2, {});   // 28 steps
  // Before the first step, after each, before the one batch of the test.
  expect(4 + 1 + 4 + 1, 16, Joules(1000));
}

TEST(TrainingEnergy, ShowsWhatAnImageCosts) {
  Bench bench;
  std::vector<std::optional<Joules>> shown;
  bench.power.sleep_ns(50 * kMs);  // before the window: of no image
  Trainer trainer(config_of(1), small_data(), {.metering = bench.metering});
  trainer.run_epoch({.on_progress = [&](const Progress& p) { shown.push_back(p.joules_per_image); },
                     .stop =
                         [&] {
                           bench.power.sleep_ns(1000 * kMs);
                           return false;
                         }});
  EXPECT_FALSE(shown.front()) << "no time had passed";
  Trainer unmetered(config_of(1), small_data());
  unmetered.run_epoch({.on_progress = [](const Progress& p) { EXPECT_FALSE(p.joules_per_image); }});

  EnergyAccount account({.metering = bench.metering});
  account.begin({});
  bench.power.sleep_ns(300 * kMs);
  EXPECT_EQ(account.per_image(2), Joules(1.5));
  bench.power.sleep_ns(300 * kMs);
  EXPECT_EQ(account.per_image(4), Joules(1.5)) << "it was asked for within a second";
}

TEST(TrainingEnergy, OfAnInterruptedRunIsThatOfAWholeOne) {
  Bench bench;
  Trainer whole_run(config_of(2), small_data(), {.metering = bench.metering});
  while (!whole_run.finished()) whole_run.run_epoch(hundred_ms_a_step(bench));

  State state = copy_of(Trainer(config_of(2), small_data()).state());
  std::vector<EpochMetrics> metrics;
  for (int part = 0; part < 10; ++part) {  // a step each, or the evaluation
    Bench another;
    Trainer resumed(config_of(2), small_data(), {.metering = another.metering});
    resumed.load_state(state, metrics);
    Hooks hooks = hundred_ms_a_step(another);
    if (part % 5 != 4) hooks.stop = [] { return true; };
    resumed.run_epoch(hooks);
    state = copy_of(resumed.state());
    metrics = resumed.metrics();
  }
  Trainer resumed(config_of(2), small_data());
  resumed.load_state(state, metrics);
  ASSERT_TRUE(resumed.finished());
  for (std::size_t i = 0; i < 2; ++i) {
    const EpochEnergy& a = resumed.metrics()[i].energy;
    const EpochEnergy& b = whole_run.metrics()[i].energy;
    EXPECT_EQ(ticks(a.training), ticks(b.training));
    EXPECT_EQ(a.training.measured[0].nanoseconds, b.training.measured[0].nanoseconds);
    EXPECT_EQ(a.training.work.work, b.training.work.work);
    EXPECT_EQ(a.evaluation.work.work, b.evaluation.work.work);
    EXPECT_EQ(modelled(a.training, energy::zero_skip()).value(),
              modelled(b.training, energy::zero_skip()).value());
  }
}

TEST(TrainingEnergy, OfAPartThatWasNotMeasuredIsMissing) {
  Bench bench;
  Trainer first(config_of(3), small_data(), {.metering = bench.metering});
  first.run_epoch(hundred_ms_a_step(bench));
  Trainer second(config_of(3), small_data());  // without a meter
  second.load_state(copy_of(first.state()), first.metrics());
  second.run_epoch();
  EXPECT_TRUE(measured(second.metrics()[0].energy.training).gross.available());
  const auto gross = measured(total_energy(second.metrics()).training).gross;
  ASSERT_FALSE(gross.available());
  EXPECT_EQ(gross.reason(), "a part of the run was not measured by this meter");
  // And no budget can be kept with what another meter has measured, or none.
  energy::MeterInfo other_info = SimulatedMeter::usual();
  other_info.name = "other";
  Bench other(other_info);
  const Trainer* const before[] = {&second, &first};
  const std::shared_ptr<Metering> meterings[] = {bench.metering, other.metering};
  for (int i = 0; i < 2; ++i) {
    Trainer third(config_of(3), small_data(), {.metering = meterings[i], .budget = Joules(1000)});
    third.load_state(copy_of(before[i]->state()), before[i]->metrics());
    std::string why;
    EXPECT_FALSE(third.run_epoch({.on_budget = [&](const std::string& reason) { why = reason; }}));
    EXPECT_EQ(third.batch(), 0);
    EXPECT_EQ(why,
              "the energy budget of 1 kJ cannot be kept, as the energy is not known: a part of the "
              "run was not measured by this meter");
  }
}

TEST(TrainingEnergy, BudgetStopsAfterTheStepThatExceedsIt) {
  Bench bench;  // 1 J a step
  Trainer trainer(config_of(3), small_data(), {.metering = bench.metering, .budget = Joules(5.5)});
  std::string why;
  Hooks hooks = hundred_ms_a_step(bench);
  hooks.on_budget = [&](const std::string& reason) { why = reason; };
  EXPECT_TRUE(trainer.run_epoch(hooks));
  EXPECT_FALSE(trainer.run_epoch(hooks));
  EXPECT_EQ(trainer.epoch(), 1);
  EXPECT_EQ(trainer.batch(), 2);  // 6 J
  EXPECT_EQ(why, "the energy budget of 5.5 J is spent: 6 J (measured, gross)");

  // Resumed with the same budget it does not take another step; with more it goes on.
  for (const double budget : {5.5, 6.0}) {
    Bench again;
    Trainer resumed(config_of(3), small_data(),
                    {.metering = again.metering, .budget = Joules(budget)});
    resumed.load_state(copy_of(trainer.state()), trainer.metrics());
    EXPECT_FALSE(resumed.run_epoch(hundred_ms_a_step(again)));
    EXPECT_EQ(resumed.batch(), budget > 5.9 ? 3 : 2);  // 6 J do not exceed 6 J
  }
}

/// A machine whose processors draw 10 W and whose card draws 300 W.
struct Both {
  SimulatedPower processors{kMs, 10'000}, card{kMs, 300'000};
  SimulatedMeter* cpu = nullptr;
  SimulatedMeter* gpu = nullptr;

  std::shared_ptr<Metering> metering(Device device, bool with_cpu = true, bool with_gpu = true) {
    energy::Meters meters;
    const auto add = [&](SimulatedPower& power, const char* name, energy::Domain domain) {
      energy::MeterInfo info = SimulatedMeter::usual();
      info.name = name;
      info.domain = domain;
      auto owned = std::make_unique<SimulatedMeter>(power, info);
      SimulatedMeter* const meter = owned.get();
      meters.push_back(std::move(owned));
      return meter;
    };
    if (with_gpu) gpu = add(card, "nvml", energy::Domain::gpu);
    if (with_cpu) cpu = add(processors, "rapl", energy::Domain::processors);
    return std::make_shared<Metering>(energy::charge(std::move(meters), {.device = device}));
  }
  void pass(std::int64_t ms) {
    processors.sleep_ns(ms * kMs);
    card.sleep_ns(ms * kMs);
  }
  /// What an epoch of 1 s costs.
  EpochEnergy second(const std::shared_ptr<Metering>& metering) {
    EnergyAccount account({.metering = metering});
    account.begin({});
    pass(500);
    account.end_training(1, {});
    pass(500);
    account.end_evaluation(1, {});
    return account.take();
  }
};

TEST(TrainingEnergy, OfARunIsThatOfWhatItComputedOn) {
  Both machine;
  const PartEnergy cpu = whole(machine.second(machine.metering(Device::cpu)));
  EXPECT_EQ(measured(cpu).gross.value(), Joules(10));
  ASSERT_EQ(cpu.measured.size(), 2u);
  EXPECT_EQ(cpu.measured[1].beside, "the run did not compute on a GPU");
  EXPECT_EQ(energy::measure(cpu.measured[1]).gross.value(), Joules(300)) << "it stands beside";
  EXPECT_EQ(counted(cpu).energy, Joules(10));

  const PartEnergy gpu = whole(machine.second(machine.metering(Device::cuda)));
  EXPECT_EQ(measured(gpu).gross.value(), Joules(310));
  EXPECT_EQ(measured(gpu).gross.source(), "nvml, everything + rapl, everything");
}

TEST(TrainingEnergy, WithoutAMeterOfWhatItComputedOnIsUnavailable) {
  Both machine;
  const PartEnergy cpu = whole(machine.second(machine.metering(Device::cpu, false, true)));
  EXPECT_EQ(measured(cpu).gross.reason(), "no meter of the processors was asked for");
  EXPECT_EQ(energy::measure(cpu.measured[1]).gross.value(), Joules(300));
  EXPECT_NE(counted(cpu).problem, "");

  const PartEnergy gpu = whole(machine.second(machine.metering(Device::cuda, true, false)));
  EXPECT_EQ(measured(gpu).gross.reason(), "no meter of the GPU was asked for");
  EXPECT_EQ(gpu.measured[1].beside,
            "it is the host's share alone, and that of the GPU is not known");
  EXPECT_EQ(energy::measure(gpu.measured[1]).gross.value(), Joules(10));

  // A card's energy without its host's is one of what computed, and says what it lacks.
  const PartEnergy card = whole(machine.second(machine.metering(Device::cuda, false, true)));
  EXPECT_EQ(measured(card).gross.value(), Joules(300));
  EXPECT_EQ(card.measured[1].beside, "so the sum lacks the energy of the host");
  EXPECT_EQ(energy::measure(card.measured[1]).gross.reason(),
            "no meter of the processors was asked for");
}

TEST(TrainingEnergy, BudgetAndImagesArePaidByTheSumAlone) {
  Both machine;
  EnergyAccount account({.metering = machine.metering(Device::cpu), .budget = Joules(20)});
  account.begin({});
  machine.pass(1000);
  EXPECT_EQ(account.per_image(2), Joules(5));
  EXPECT_EQ(account.over_budget(), "") << "10 J, and 300 J of a card that idles";
  machine.gpu->failure = "the GPU is lost";
  EXPECT_EQ(account.over_budget(), "") << "what stands beside may die";
  machine.pass(1001);
  EXPECT_EQ(account.over_budget(), "the energy budget of 20 J is spent: 20.01 J (measured, gross)");

  for (const auto& [device, cpu, gpu, text] :
       {std::tuple(Device::cpu, false, true, "processors: no meter of the processors"),
        std::tuple(Device::cuda, true, false, "GPU: no meter of the GPU")}) {
    EXPECT_EQ(
        error_of([&, &device = device, &cpu = cpu, &gpu = gpu] {
          EnergyAccount({.metering = machine.metering(device, cpu, gpu), .budget = Joules(5)});
        }),
        str("energy budget: it is one of measured energy, and what the run computes on is "
            "not measured (",
            text, " was asked for)"));
  }
}

TEST(TrainingEnergy, StatedIdlePowerIsThatOfTheSum) {
  Both machine;
  const auto metering = machine.metering(Device::cpu);
  metering->state_idle_power(Watts(4));
  EXPECT_EQ(metering->idle_power(0).value(), Watts(4));
  EXPECT_FALSE(metering->idle_power(1).available());
  EXPECT_EQ(error_of([&] { machine.metering(Device::cuda)->state_idle_power(Watts(4)); }),
            "idle power: one number was stated for 2 meters; choose one");
}

TEST(TrainingEnergy, FilesTellWhatIsInTheSumAndOldOnesFollowTheRule) {
  Both machine;
  const EpochEnergy epoch = machine.second(machine.metering(Device::cpu));
  auto line = nlohmann::ordered_json::parse(to_jsonl(std::vector{EpochMetrics{.energy = epoch}}));
  const auto read = [&line](Device device = Device::cpu) {
    return parse_jsonl(line.dump(), device).front().energy.training;
  };
  auto& json = line["energy"]["training"];
  EXPECT_EQ(json["gross"]["value"], 5.0);
  EXPECT_EQ(json["meters"][0]["not_in_sum"], nullptr);
  EXPECT_EQ(json["meters"][1]["not_in_sum"], "the run did not compute on a GPU");
  EXPECT_EQ(read().measured, epoch.training.measured);
  for (auto& meter : json["meters"]) meter.erase("not_in_sum");
  EXPECT_EQ(read().measured, epoch.training.measured);
  EXPECT_EQ(measured(read(Device::cuda)).gross.value(), Joules(155));
}

TEST(TrainingEnergy, AMeterThatChangedSidesHasNoSum) {
  Both machine;
  PartEnergy sum = machine.second(machine.metering(Device::cpu)).training;
  sum += machine.second(machine.metering(Device::cuda)).training;
  EXPECT_EQ(measured(sum).gross.reason(),
            "it was in the run's sum for some windows, and beside it for others");
}

TEST(TrainingEnergy, BudgetNeedsAMeterAndANumber) {
  const auto refused = [](std::shared_ptr<Metering> metering, double joules) {
    return error_of([&] { EnergyAccount({.metering = metering, .budget = Joules(joules)}); });
  };
  EXPECT_EQ(
      refused(no_metering(), 5).substr(0, 89),
      "energy budget: it is one of measured energy, and what the run computes on is not measured");
  const Bench bench;
  EXPECT_EQ(refused(bench.metering, 0), "energy budget: must be positive and finite, got 0 J");
  EXPECT_NE(refused(bench.metering, -1).find("got -1 J"), std::string::npos);
  EXPECT_NE(refused(bench.metering, NAN).find("got nan J"), std::string::npos);
}

TEST(TrainingEnergy, AMeterThatDiesStopsNothingButABudget) {
  for (const bool budget : {false, true}) {
    Bench bench;
    Accounting accounting{.metering = bench.metering};
    if (budget) accounting.budget = Joules(1000);
    Trainer trainer(config_of(3), small_data(), accounting);
    Hooks hooks = hundred_ms_a_step(bench);
    trainer.run_epoch(hooks);
    std::string why;
    hooks.on_budget = [&](const std::string& reason) { why = reason; };
    bench.meter->failure = "the GPU is lost";
    EXPECT_EQ(trainer.run_epoch(hooks), !budget);
    EXPECT_EQ(why.empty(), !budget);
    if (budget) continue;
    trainer.run_epoch(hooks);
    const auto& epochs = trainer.metrics();
    EXPECT_EQ(measured(epochs[0].energy.training).gross.value(), Joules(4));
    const auto gross = measured(whole(total_energy(epochs))).gross;
    ASSERT_FALSE(gross.available());
    EXPECT_EQ(gross.reason().find("epoch 2, training: the GPU is lost"), 0u) << gross.reason();
    EXPECT_EQ(ticks(total_energy(epochs).training), 4000);
    EXPECT_TRUE(modelled(epochs[2].energy.training, energy::horowitz45()).available());
  }
}

TEST(TrainingEnergy, IsSplitByTheIdlePower) {
  energy::MeterInfo info = SimulatedMeter::usual();
  info.update_period = Seconds(1e-3);
  Bench bench(info);
  bench.metering->measure_idle_power(Seconds(2));
  bench.power.milliwatts = 30'000;
  Trainer trainer(config_of(1), small_data(), {.metering = bench.metering});
  trainer.run_epoch(hundred_ms_a_step(bench));
  const auto split = measured(trainer.metrics()[0].energy.training);
  EXPECT_EQ(split.gross.value(), Joules(12));
  // A millisecond at 30 W, and a tick.
  EXPECT_NEAR(split.gross.uncertainty()->value(), 12 / 0.399 * 0.001 + 0.001, 1e-12);
  EXPECT_EQ(split.idle.quality(), energy::Quality::attributed);
  EXPECT_NEAR(split.idle.value().value(), 4, 1e-9);
  EXPECT_NEAR(split.dynamic.value().value(), 8, 1e-9);

  bench.metering->state_idle_power(Watts(20));
  Trainer stated(config_of(1), small_data(), {.metering = bench.metering});
  stated.run_epoch(hundred_ms_a_step(bench));
  const auto by_stated = measured(stated.metrics()[0].energy.training);
  EXPECT_EQ(by_stated.idle.quality(), energy::Quality::modelled);
  EXPECT_NEAR(by_stated.dynamic.value().value(), 4, 1e-9);
}

TEST(TrainingEnergy, OfSeveralMetersIsTheirSum) {
  const energy::WindowSum cpu{.meter = "rapl", .unit = Joules(1), .ticks = 3, .nanoseconds = 10};
  energy::WindowSum gpu{.meter = "nvml", .unit = Joules(.5), .ticks = 4, .nanoseconds = 10};
  const auto both = [&] { return energy::total(std::vector{cpu, gpu}); };
  EXPECT_EQ(both().gross.value(), Joules(5));
  EXPECT_EQ(both().gross.source(), "rapl + nvml");
  gpu.idle_stated = true;
  EXPECT_EQ(both().idle.reason(), "it is attributed for one meter and modelled for another");
  gpu.missing = "lost";
  EXPECT_EQ(both().gross.reason(), "lost");
}

TEST(TrainingEnergy, IsReadBackExactly) {
  Bench bench;
  bench.metering->measure_idle_power(Seconds(2));
  Trainer trainer(config_of(2), small_data(), {.metering = bench.metering});
  while (!trainer.finished()) trainer.run_epoch(hundred_ms_a_step(bench));
  const std::string text = to_jsonl(trainer.metrics());
  EXPECT_EQ(to_jsonl(parse_jsonl(text)), text);
  EXPECT_EQ(parse_jsonl(text)[1].energy.training.measured,
            trainer.metrics()[1].energy.training.measured);
}

TEST(TrainingEnergy, ValidationIsAPartOfItsOwn) {
  Bench bench;
  Config config = config_of(2);
  config.validation = 0.2;
  Trainer trainer(config, small_data(), {.metering = bench.metering});
  int asked = 0;
  // Three batches of training images (45), one of validation and one of test images: each second.
  const Hooks hooks{.stop = [&] {
    bench.power.milliwatts = 1000 * (1 + asked++ % 5);
    bench.power.sleep_ns(1000 * kMs);
    return false;
  }};
  while (!trainer.finished()) trainer.run_epoch(hooks);
  for (const EpochMetrics& m : trainer.metrics()) {
    EXPECT_EQ(ticks(m.energy.training), 1000 * (1 + 2 + 3));
    EXPECT_EQ(ticks(m.energy.validation), 4000);
    EXPECT_EQ(ticks(m.energy.evaluation), 5000);
    EXPECT_EQ(measured(whole(m.energy)).gross.value(), Joules(15));
    // The same net on 11 and on 20 images.
    EXPECT_EQ(20 * m.energy.validation.work.work.macs, 11 * m.energy.evaluation.work.work.macs);
  }
  const auto json = json_of(RunEnergy{.epochs = trainer.metrics()});
  EXPECT_EQ(json["validation"]["gross"]["value"], 8);
  EXPECT_EQ(json["total"]["gross"]["value"], 30);
}

TEST(TrainingEnergy, AValidationThatIsDoneAgainCountsTwiceForTheMeterAndOnceForTheModels) {
  Bench bench;
  Config config = config_of(1);
  config.validation = 0.2;
  int asked = 0;
  // Ended before the test: behind three steps and the one batch of the validation.
  const auto stop = [&] {
    bench.power.sleep_ns(1000 * kMs);
    return ++asked == 5;
  };
  State state;
  {
    Trainer trainer(config, small_data(), {.metering = bench.metering});
    EXPECT_FALSE(trainer.run_epoch({.stop = stop}));
    state = copy_of(trainer.state());
  }
  Trainer trainer(config, small_data(), {.metering = bench.metering});
  trainer.load_state(state);
  EXPECT_TRUE(trainer.run_epoch({.stop = stop}));
  const EpochEnergy& energy = trainer.metrics()[0].energy;
  EXPECT_EQ(ticks(energy.validation), 20'000);
  EXPECT_EQ(20 * energy.validation.work.work.macs, 11 * energy.evaluation.work.work.macs);
}

}  // namespace
}  // namespace joule::training

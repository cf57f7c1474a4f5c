// SPDX-License-Identifier: MIT
#include "joule/study/evolve/net_figures.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/data/loader.h"
#include "joule/energy/models/cost_model.h"
#include "joule/search/statistics/mean.h"
#include "joule/study/objective.h"
#include "joule/study/training_trial.h"
#include "joule/training/evaluate.h"
#include "joule/training/inference.h"

namespace joule::study {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLatencyImages = 256, kModuleImages = 16;
constexpr int kLatencyPasses = 3;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void stop_if_asked(const PowerSource& source) {
  if (source.stop && source.stop()) throw Interrupted{};
}

/// One forward pass, as inference runs it.
void infer(nn::Net& net, const Tensor& images) {
  if (net.outputs() == 1) {
    training::predict(net, images);
  } else {
    for (const Tensor& output : net.run(images.to(net.device()))) output.to(Device::cpu);
  }
}

double latency_of(nn::Net& net, const Dataset& images, const PowerSource& source) {
  const std::int64_t count = std::min(kLatencyImages, images.size());
  std::vector<std::int64_t> which(static_cast<std::size_t>(count));
  std::iota(which.begin(), which.end(), std::int64_t{0});
  const Batch batch = DataLoader(images, {.batch = count, .workers = 0}).make_batch(which);
  const training::Inference inference(net);
  std::vector<double> seconds;
  for (int pass = 0; pass < kLatencyPasses; ++pass) {
    stop_if_asked(source);
    const auto begin = Clock::now();
    infer(net, batch.images);
    seconds.push_back(seconds_since(begin) / static_cast<double>(count));
  }
  std::ranges::nth_element(seconds, seconds.begin() + kLatencyPasses / 2);
  return seconds[kLatencyPasses / 2];
}

/// What the meters told of passes.
struct MeasuredPasses {
  energy::Figure<energy::Joules> energy =
      energy::Figure<energy::Joules>::unavailable("", "no pass");
  std::vector<double> watts;  // of each that is resolved
  double seconds = 0;         // of all, like the energy
  std::int64_t count = 0;
};

/// How long passes must take for the slowest meter of the sum to tell their power within some
/// percent; a minute at most: a meter that needs more leaves them unresolved, and says so.
double seconds_to_resolve(const training::Metering& metering) {
  constexpr double kPeriods = 50, kMostSeconds = 60;
  double longest = 0;
  for (std::size_t i = 0; i < metering.meters().size(); ++i) {
    const auto& period = metering.meters()[i]->info().update_period;
    if (metering.beside(i).empty() && period) longest = std::max(longest, period->value());
  }
  return std::min(kPeriods * longest, kMostSeconds);
}

/// Runs `pass` while `more(passes done, seconds)`, at least once.
template <class Pass, class More>
MeasuredPasses measured_passes(const PowerSource& source, Pass&& pass, More&& more) {
  // One window around all passes, whose edges count once, beside one of each.
  training::MeteredLaps whole(*source.metering), laps(*source.metering);
  MeasuredPasses passes;
  const auto begin = Clock::now();
  while (passes.count == 0 || more(passes.count, seconds_since(begin))) {
    stop_if_asked(source);
    const auto began = Clock::now();
    pass();
    ++passes.count;
    const auto one = energy::total(laps.lap(str("pass ", passes.count))).gross;
    if (one.available()) passes.watts.push_back(one.value().value() / seconds_since(began));
  }
  passes.energy = energy::total(whole.lap("passes")).gross;
  passes.seconds = seconds_since(begin);
  return passes;
}

/// W; its interval is the spread of the passes where at least two are resolved, else the meter's.
Value watts_of(std::string name, const MeasuredPasses& passes) {
  Value value = scaled(value_of(std::move(name), passes.energy), 1 / passes.seconds, "W");
  if (!value.number) return value;
  value.source += str(", ", passes.watts.size(), " passes resolved");
  if (passes.watts.size() < 2) return value;
  const double spread = *search::mean_interval(passes.watts).deviation;
  value.low = *value.number - spread;
  value.high = *value.number + spread;
  return value;
}

void add_power(std::vector<Value>& values, nn::Net& net, const Dataset& images,
               const std::string& suffix, const energy::Totals& work, const PowerSource& source) {
  const auto count = static_cast<double>(images.size());
  if (!source.metering) {
    const energy::CostModel& model = energy::horowitz45();
    const double joules = model.energy(work, energy::Skipping::executed).value().value() / count;
    values.push_back(modelled("joules" + suffix, joules, "J", model.name));
    values.push_back(modelled("power" + suffix, joules, "J", model.name + ", per image"));
    return;
  }
  const training::Inference inference(net);
  const DataLoader loader(images, {.batch = 256, .shuffle = false});
  const MeasuredPasses passes = measured_passes(
      source,
      [&] {
        for (const Batch& batch : loader) infer(net, batch.images);
      },
      [&, needed = seconds_to_resolve(*source.metering)](std::int64_t done, double seconds) {
        return done < source.passes || seconds < needed;
      });
  const double images_run = count * static_cast<double>(passes.count);
  values.push_back(scaled(value_of("joules" + suffix, passes.energy), 1 / images_run, "J"));
  values.push_back(watts_of("power" + suffix, passes));
}

}  // namespace

std::vector<Value> net_figures(nn::Net& net, const Dataset& images, const std::string& suffix,
                               const PowerSource& source) {
  const auto evaluation = training::evaluate(net, images, {.stop = source.stop});
  if (!evaluation) throw Interrupted{};
  const auto count = static_cast<double>(evaluation->images);
  const energy::Totals work = training::total_work(*evaluation);
  const std::string on = str(evaluation->images, " images of evolution-test");
  std::vector<Value> values{
      counted("accuracy" + suffix, evaluation->accuracy(), "", on),
      counted("loss" + suffix, evaluation->loss, "", on),
      counted("macs" + suffix, static_cast<double>(work.work.macs) / count, "", on),
      counted("macs_executed" + suffix,
              static_cast<double>(work.work.macs - work.tally.macs_skipped) / count, "", on),
      counted("parameters" + suffix, static_cast<double>(net.parameter_count()), "", "the net"),
      measured("latency" + suffix, latency_of(net, images, source), "s", trained::kClock)};
  add_power(values, net, images, suffix, work, source);
  return values;
}

Value module_power(const nn::Graph& module, const std::string& name, std::uint64_t seed,
                   const PowerSource& source) {
  manual_seed(seed);
  nn::Net net(module);
  std::vector<std::int64_t> extents{kModuleImages};
  const Shape& image = module.inputs.at(0).shape;
  extents.insert(extents.end(), image.begin(), image.end());
  Tensor images{Shape(extents)};
  default_generator().normal(
      {images.mutable_data<float>(), static_cast<std::size_t>(images.numel())});
  const training::Inference inference(net);
  if (source.metering) {
    const MeasuredPasses passes = measured_passes(
        source, [&] { net.run(images); },
        [&](std::int64_t, double seconds) { return seconds < source.module_seconds; });
    return watts_of(name, passes);
  }
  energy::Ledger ledger;
  {
    const energy::Recording recording(ledger);
    net.run(images);
  }
  const energy::CostModel& model = energy::horowitz45();
  return modelled(name,
                  model.energy(ledger.total(), energy::Skipping::executed).value().value() /
                      static_cast<double>(kModuleImages),
                  "J", model.name + ", per image");
}

}  // namespace joule::study

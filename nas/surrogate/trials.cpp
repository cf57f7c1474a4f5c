// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/trials.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/nas/surrogate/features.h"
#include "joule/nas/surrogate/paper_net.h"
#include "joule/nas/surrogate/surrogate.h"
#include "joule/search/statistics/rank_tests.h"

namespace joule::nas {
namespace {

/// The authors' 4 epochs.
constexpr std::int64_t kMeasuredEpochs = 4;

struct CellSplit {
  std::vector<MeasuredCell> train, calibrate, test;
};

std::size_t trained_of(std::size_t cells) { return cells * 302 / 431; }

CellSplit split_of(std::span<const MeasuredCell> cells, std::uint64_t seed, std::size_t size) {
  Generator random(seed);
  const std::size_t train = trained_of(cells.size()), calibrate = cells.size() * 43 / 431;
  CellSplit split;
  std::size_t place = 0;
  for (const std::int64_t i : random.permutation(static_cast<std::int64_t>(cells.size()))) {
    const MeasuredCell& cell = cells[static_cast<std::size_t>(i)];
    if (place >= train + calibrate) {
      split.test.push_back(cell);
    } else if (place >= train) {
      split.calibrate.push_back(cell);
    } else if (place < size) {
      split.train.push_back(cell);
    }
    ++place;
  }
  return split;
}

std::vector<PredictionPoint> predict_trees(const CellSplit& split, std::uint64_t seed) {
  BoostingOptions options = kSurrogateTrees;
  options.seed = seed;
  const EnergySurrogate surrogate(split.train, split.calibrate, kMeasuredEpochs, options);
  std::vector<Cell> cells;
  for (const MeasuredCell& one : split.test) cells.push_back(one.cell);
  std::vector<PredictionPoint> points;
  for (const PredictedEnergy& one : surrogate.predict(cells)) {
    points.push_back({.measured = split.test[points.size()].joules,
                      .predicted = one.joules,
                      .low = one.low,
                      .high = one.high});
  }
  return points;
}

double tau_of(std::span<const PredictionPoint> points) {
  std::vector<double> measured, predicted;
  for (const PredictionPoint& one : points) {
    measured.push_back(one.measured);
    predicted.push_back(one.predicted);
  }
  return search::kendall_tau(predicted, measured).coefficient;
}

std::vector<PredictionPoint> beside(std::span<const MeasuredCell> cells,
                                    const std::vector<double>& joules) {
  std::vector<PredictionPoint> points;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    points.push_back({.measured = cells[i].joules, .predicted = joules[i]});
  }
  return points;
}

std::vector<PredictionPoint> predict_net(const CellSplit& split, const PaperNetOptions& options,
                                         SurrogateTrial& trial) {
  PaperNet net(split.train, split.calibrate, options);
  trial.last_tau = tau_of(beside(split.test, net.predict_last(split.test)));
  return beside(split.test, net.predict(split.test));
}

void measure(SurrogateTrial& trial, std::span<const PredictionPoint> points) {
  const auto n = static_cast<double>(points.size());
  double error = 0, inside = 0, width = 0;
  for (const PredictionPoint& one : points) {
    error += std::abs(one.predicted - one.measured);
    inside += one.low <= one.measured && one.measured <= one.high;
    width += (one.high - one.low) / 2;
  }
  trial.tested = points.size();
  trial.tau = tau_of(points);
  trial.mean_error = error / n;
  if (trial.kind == SurrogateKind::boosted) {
    trial.coverage = inside / n;
    trial.half_width = width / n;
  }
}

/// One trial, and its predictions.
std::vector<PredictionPoint> run(SurrogateTrial& trial, std::span<const MeasuredCell> cells,
                                 int epochs) {
  using Clock = std::chrono::steady_clock;
  const CellSplit split = split_of(cells, trial.seed, trial.trained);
  const Clock::time_point before = Clock::now();
  std::vector<PredictionPoint> points =
      trial.kind == SurrogateKind::boosted
          ? predict_trees(split, trial.seed)
          : predict_net(split,
                        {.layers = trial.kind == SurrogateKind::paper4 ? 4 : 5,
                         .epochs = epochs,
                         .seed = trial.seed},
                        trial);
  trial.seconds = std::chrono::duration<double>(Clock::now() - before).count();
  measure(trial, points);
  return points;
}

}  // namespace

std::string_view name(SurrogateKind kind) {
  switch (kind) {
    case SurrogateKind::paper4:
      return "paper's net, 4 layers";
    case SurrogateKind::paper5:
      return "paper's net, 5 layers";
    case SurrogateKind::boosted:
      break;
  }
  return "boosted trees";
}

MeasurementSpread spread_of(std::span<const MeasuredCell> cells) {
  std::map<std::vector<std::array<std::int64_t, 5>>, std::vector<double>> groups;
  for (const MeasuredCell& one : cells) {
    groups[layers_of(one.cell)].push_back(std::log(one.joules));
  }
  MeasurementSpread spread;
  std::vector<double> deviations, medians;
  double squares = 0;
  for (const auto& [layers, logs] : groups) {
    if (logs.size() < 2) continue;
    const auto n = static_cast<double>(logs.size());
    double mean = 0, own = 0;
    for (const double log : logs) mean += log / n;
    for (const double log : logs) {
      own += (log - mean) * (log - mean);
      deviations.push_back((log - mean) * std::sqrt(n / (n - 1)));
    }
    ++spread.groups;
    spread.cells += logs.size();
    squares += own;
    if (logs.size() >= 3) medians.push_back(std::sqrt(own / (n - 1)));
  }
  require(spread.groups > 0, "no two cells have equal layers");
  spread.deviation = std::sqrt(squares / static_cast<double>(spread.cells - spread.groups));
  std::ranges::sort(medians);
  spread.median = medians.empty() ? spread.deviation : medians[medians.size() / 2];
  Generator random(1);
  std::vector<PredictionPoint> changed;
  for (const MeasuredCell& one : cells) {
    const double by = deviations[random.below(deviations.size())];
    changed.push_back({.measured = one.joules, .predicted = one.joules * std::exp(by)});
  }
  spread.tau = tau_of(changed);
  return spread;
}

SurrogateResults run_surrogate_trials(std::span<const MeasuredCell> cells,
                                      const SurrogateTrials& trials,
                                      const std::function<void(const SurrogateTrial&)>& done) {
  const std::size_t all = trained_of(cells.size());
  require(cells.size() >= 100, "surrogate: expected 100 measured cells or more, got ",
          cells.size());
  require(trials.splits >= 1 && trials.size_splits >= 1 && trials.epochs >= 1,
          "surrogate: expected splits and epochs of 1 or more");
  for (const std::size_t size : trials.sizes) {
    require(size >= 1 && size <= all, "surrogate: cannot train on ", size, " of ", cells.size(),
            " cells; of these ", all, " are to train on");
  }
  SurrogateResults results{.cells = cells.size(), .spread = spread_of(cells)};
  const auto add = [&](SurrogateKind kind, std::size_t size, int seed,
                       std::vector<SurrogateTrial>& to) {
    SurrogateTrial trial{.kind = kind, .seed = static_cast<std::uint64_t>(seed), .trained = size};
    std::vector<PredictionPoint> points = run(trial, cells, trials.epochs);
    if (kind == SurrogateKind::boosted && results.points.empty() && size == all) {
      results.points = std::move(points);
    }
    to.push_back(trial);
    done(trial);
  };
  for (const SurrogateKind kind : trials.kinds) {
    for (int seed = 1; seed <= trials.splits; ++seed) add(kind, all, seed, results.whole);
    for (const std::size_t size : trials.sizes) {
      for (int seed = 1; seed <= trials.size_splits; ++seed) {
        add(kind, size, seed, results.by_size);
      }
    }
  }
  return results;
}

}  // namespace joule::nas

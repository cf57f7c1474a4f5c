// SPDX-License-Identifier: MIT
#include "joule/bench/conv/conv_bench.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <stdexcept>

#include "joule/bench/roofline.h"
#include "joule/core/threads.h"

namespace joule::bench {
namespace {

/// Of the largest value.  Winograd's is below 1e-4; the 8 bits of a weight of bf16 make about 2^-9.
double most_difference() { return context().precision == Precision::bf16 ? 1e-2 : 1e-3; }

/// Two untimed runs of each; the first counts and is compared.
std::vector<ConvMeasurement> warm_up(const Contest& contest, const std::string& what) {
  std::vector<ConvMeasurement> measurements;
  std::vector<Tensor> expected;
  for (const Contestant& c : contest.contestants) {
    ConvMeasurement m{.name = c.name, .kind = c.kind, .ran = c.ran, .passed_over = c.passed_over};
    if (c.count_macs) {
      m.macs_executed = c.count_macs();
    } else {
      c.run();
    }
    const std::vector<Tensor> results = c.results();
    if (expected.empty()) {
      for (const Tensor& result : results) expected.push_back(result.clone());
    }
    m.difference = relative_difference(results, expected);
    if (!(m.difference <= most_difference())) {
      throw std::runtime_error(str(what, ": ", c.name, " differs from ",
                                   contest.contestants[0].name, " by ", m.difference,
                                   " of the largest value; their times cannot be compared"));
    }
    measurements.push_back(std::move(m));
  }
  for (const Contestant& c : contest.contestants) c.run();
  return measurements;
}

std::size_t quickest(const std::vector<ConvMeasurement>& all, auto&& wanted) {
  std::size_t best = all.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!wanted(all[i])) continue;
    if (best == all.size() || all[i].seconds.median < all[best].seconds.median) best = i;
  }
  return best;
}

class Run {
 public:
  Run(const ConvOptions& options, const ConvProgress& progress)
      : options_(options), progress_(progress), generator_(options.seed) {
    if (progress_.on_environment) progress_.on_environment(environment_);
  }

  void random_zeros() {
    for (const ConvProblem& problem : options_.problems) {
      std::vector<ConvCurve> curves;
      for (const Pass pass : options_.passes) curves.push_back({.problem = problem, .pass = pass});
      for (const double density : options_.densities) {
        const ConvOperands sparse =
            random_operands(problem, {.x = density, .grad_y = density}, generator_);
        for (ConvCurve& curve : curves) {
          // As behind a batch normalisation: otherwise the zeros of grad_y would skip as many.
          const bool dense_grad_y = curve.pass == Pass::grad_input_masked;
          add_point(curve,
                    dense_grad_y ? random_operands(problem, {.x = density, .grad_y = 1}, generator_)
                                 : sparse,
                    density);
        }
      }
      for (ConvCurve& curve : curves) finish(std::move(curve));
    }
  }

  void real_zeros(training::Model& model, const Dataset& images) {
    const DataLoader loader(images.take(options_.batch),
                            {.batch = options_.batch, .shuffle = false});
    std::vector<std::int64_t> all(static_cast<std::size_t>(loader.dataset().size()));
    std::iota(all.begin(), all.end(), 0);
    for (const ConvOperands& operands : real_operands(model, loader.make_batch(all))) {
      for (const Pass pass : options_.passes) {
        const bool needs_grad_x = pass != Pass::forward && pass != Pass::grad_weight;
        if (needs_grad_x && !operands.grad_x) continue;
        if (pass == Pass::grad_input_masked && !operands.wanted) continue;
        ConvCurve curve{.problem = operands.problem, .pass = pass, .real = true};
        add_point(curve, operands, std::nullopt);
        finish(std::move(curve));
      }
    }
  }

  ConvReport report() && {
    require(!curves_.empty(), "bench conv: there is nothing to measure");
    for (ConvCurve& curve : curves_) hold_against_roofline(curve);
    return {.environment = std::move(environment_),
            .batch = options_.batch,
            .rounds = options_.rounds,
            .algorithms = std::string(name(context().algorithms)),
            .precision = std::string(name(context().precision)),
            .flops = roofline_.flops(),
            .bandwidth = roofline_.bandwidth(),
            .bandwidth_bytes = roofline_.bytes_of_arrays(),
            .cache_bytes = Roofline::last_level_cache(),
            .curves = std::move(curves_)};
  }

 private:
  void add_point(ConvCurve& curve, const ConvOperands& operands, std::optional<double> density) {
    const std::string what =
        str(operands.problem.name, " ", name(curve.pass),
            density ? str(", density ", *density) : std::string(", real zeros"));
    if (progress_.on_start) progress_.on_start(what);
    Contest contest = bench::contest(curve.pass, operands);
    ConvPoint point{.asked = density,
                    .x_density = operands.x.density(),
                    .grad_y_density = operands.grad_y.density(),
                    .measurements = warm_up(contest, what),
                    .omitted = std::move(contest.omitted)};
    for (int i = 0; i < 3; ++i) roofline_.sample_memory();
    std::vector<Turn> turns;
    for (const Contestant& c : contest.contestants) turns.push_back({c.run, c.prepare});
    const auto times =
        race(turns, options_.rounds, generator_, [&] { roofline_.sample_compute(); });
    curve.work = contest.work;
    add_times(point, curve.work, times);
    curve.points.push_back(std::move(point));
  }

  void finish(ConvCurve curve) {
    curve.crossovers = crossovers(curve);
    if (progress_.on_curve) progress_.on_curve(curve);
    curves_.push_back(std::move(curve));
  }

  void hold_against_roofline(ConvCurve& curve) const {
    const double flops = roofline_.flops().most, bandwidth = roofline_.bandwidth().most;
    const auto bytes = static_cast<double>(curve.work.bytes_read + curve.work.bytes_written);
    for (ConvPoint& point : curve.points) {
      for (ConvMeasurement& m : point.measurements) {
        const auto macs = static_cast<double>(m.macs_executed.value_or(curve.work.macs));
        m.share_of_peak = 2 * macs / m.seconds.median / flops;
        m.share_of_bandwidth = bytes / m.seconds.median / bandwidth;
      }
    }
  }

  const ConvOptions& options_;
  const ConvProgress& progress_;
  Generator generator_;
  Environment environment_ = environment();
  Roofline roofline_;
  std::vector<ConvCurve> curves_;
};

}  // namespace

void add_times(ConvPoint& point, const Work& work, const std::vector<std::vector<double>>& times) {
  auto& all = point.measurements;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ConvMeasurement& m = all[i];
    m.times = times[i];
    m.seconds = spread(times[i]);
    m.dense_equivalent_flops = 2 * static_cast<double>(work.macs) / m.seconds.median;
    if (m.macs_executed) {
      m.executed_flops = 2 * static_cast<double>(*m.macs_executed) / m.seconds.median;
    }
  }
  const std::size_t fastest = quickest(all, [](const auto&) { return true; });
  if (fastest < all.size()) point.fastest = all[fastest].name;
  const std::size_t best = quickest(all, [](const auto& m) { return m.kind == Kind::direct; });
  if (best == all.size()) return;
  point.best_direct = all[best].name;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].speedup = spread(ratios(times[best], times[i]));
  }
}

std::vector<ConvCrossover> crossovers(const ConvCurve& curve) {
  std::map<std::string, std::array<std::vector<RelativeTimes>, 2>> times;
  std::vector<std::string> names;  // in the order of the table
  for (const ConvPoint& point : curve.points) {
    const auto& all = point.measurements;
    const std::size_t direct = quickest(all, [](const auto& m) { return m.kind == Kind::direct; });
    const std::size_t automatic =
        quickest(all, [](const auto& m) { return m.kind == Kind::automatic; });
    if (!point.asked || direct == all.size()) continue;
    for (const ConvMeasurement& m : all) {
      if (m.kind != Kind::joule && m.kind != Kind::row) continue;
      if (!times.contains(m.name)) names.push_back(m.name);
      auto& [by_direct, by_automatic] = times[m.name];
      by_direct.push_back({*point.asked, ratios(m.times, all[direct].times)});
      if (automatic == all.size()) continue;
      by_automatic.push_back({*point.asked, ratios(m.times, all[automatic].times)});
    }
  }
  std::vector<ConvCrossover> found;
  for (const std::string& name : names) {
    const auto& [direct, automatic] = times[name];
    found.push_back({.name = name, .direct = crossover(direct)});
    if (!automatic.empty()) found.back().automatic = crossover(automatic);
  }
  return found;
}

ConvReport bench_conv(const ConvOptions& options, const ConvProgress& progress,
                      training::Model* model, const Dataset& images) {
  Run run(options, progress);
  run.random_zeros();
  if (model) run.real_zeros(*model, images);
  ConvReport report = std::move(run).report();
  if (model) {
    report.model = model->spec.name;
    report.data = images.name;
  }
  return report;
}

}  // namespace joule::bench

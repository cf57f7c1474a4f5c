// SPDX-License-Identifier: MIT
//
// The samplers by Gaussian processes (sampler.h).
#include "joule/search/samplers/gp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

#include "joule/core/error.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"
#include "joule/search/gaussian/acquisition.h"
#include "joule/search/gaussian/fit.h"
#include "joule/search/samplers/samplers.h"
#include "joule/search/unit.h"

namespace joule::search {
namespace {

constexpr std::size_t kAround = 4;          // observations around which points are tried
constexpr std::int64_t kMostRunning = 16;   // trials before this one that may still run
constexpr double kMostBoxes = 4096;         // of a front
constexpr std::size_t kMostObjectives = 4;  // optimised: boxes are a power of it
constexpr double kWorthless = -1e3;         // the logarithm of an improvement of 0

enum class Criterion { improvement, probability, improvement_per_cost, hypervolume };

struct Settings {
  std::string_view name;
  Criterion criterion;
  bool mixed = false;  // objectives that are known exactly have no process
};

/// An optimised objective that is known of each point without a trial.
struct Exact {
  ExactObjective value;
  double sign = 1;  // -1: it is to maximise
  OutputScale scale;
  std::vector<double> outputs;  // of the points, scaled

  /// None of a point that cannot be tried.
  std::optional<double> at(const Point& point) const {
    const std::optional<double> exact = value(point);
    if (!exact) return std::nullopt;
    return scale(sign * *exact);
  }
};

/// What is known: the processes of the optimised objectives, the constraints, and the cost's, on
/// scales of their own on which less is better.
struct Knowledge {
  std::vector<Point> points;
  std::vector<GaussianProcess> processes;
  std::vector<std::optional<Exact>> exact{};  // per optimised objective; the others have a process
  std::size_t modelled = 0;                   // so many have
  std::vector<double> limits;                 // of the constraints, whose processes come next
  double cost_unit = 0;  // of the logarithm of the cost: the last process, if not 0

  bool feasible(std::size_t point) const {
    for (std::size_t k = 0; k < limits.size(); ++k) {
      if (processes[modelled + k].outputs()[point] > limits[k]) return false;
    }
    return true;
  }
};

/// log P(all constraints hold), less the logarithm of the predicted cost.
double log_weight(const Knowledge& known, std::span<const Expected> expected) {
  double sum = 0;
  for (std::size_t k = 0; k < known.limits.size(); ++k) {
    const Expected& e = expected[known.modelled + k];
    sum += log_probability_of_improvement(e.mean, e.deviation, known.limits[k]);
  }
  if (known.cost_unit > 0) sum -= known.cost_unit * expected.back().mean;
  return sum;
}

/// The posterior means of the optimised objectives at the points: what they gave, without noise.
std::vector<std::vector<double>> means_of(const Knowledge& known) {
  std::vector<std::vector<double>> means(known.points.size());
  std::size_t next = 0;
  for (const std::optional<Exact>& exact : known.exact) {
    if (exact) {
      for (std::size_t i = 0; i < means.size(); ++i) means[i].push_back(exact->outputs[i]);
      continue;
    }
    const GaussianProcess& process = known.processes[next++];
    const std::vector<Prediction> predictions = process.predict(process.inputs().values);
    for (std::size_t i = 0; i < means.size(); ++i) means[i].push_back(predictions[i].mean);
  }
  return means;
}

/// A tenth of its extent behind the front; of a front without extent behind all the points.
std::vector<double> reference_behind(const Objectives& means,
                                     const std::vector<std::size_t>& members) {
  std::vector<double> reference;
  for (std::size_t j = 0; j < means.directions().size(); ++j) {
    const auto extent = [&](const auto& points) {
      double low = std::numeric_limits<double>::infinity(), high = -low;
      for (const std::size_t i : points) {
        low = std::min(low, means[i][j]);
        high = std::max(high, means[i][j]);
      }
      return std::pair(low, high);
    };
    auto [low, high] = extent(members);
    if (high - low <= 0) {
      std::vector<std::size_t> all(means.size());
      std::iota(all.begin(), all.end(), std::size_t{0});
      std::tie(low, high) = extent(all);
    }
    constexpr double kLeast = 0.1;  // deviations, where all points are alike
    reference.push_back(high + std::max((high - low) / 10, high > low ? 0 : kLeast));
  }
  return reference;
}

/// Over the front of those means; of a front that has too many boxes, what makes most of its
/// volume.
HypervolumeImprovement hypervolume_over(const std::vector<std::vector<double>>& means) {
  const std::size_t m = means[0].size();
  const Objectives objectives(std::vector(m, Direction::minimise), means);
  std::vector<std::size_t> members = front(objectives);
  std::vector<double> reference = reference_behind(objectives, members);
  if (m > 1) {
    const auto most =
        static_cast<std::size_t>(std::pow(kMostBoxes, 1 / static_cast<double>(m - 1)) - 1);
    if (members.size() > most) members = largest_subset(objectives, members, most, reference);
  }
  std::vector<std::vector<double>> points;
  for (const std::size_t i : members) points.push_back(means[i]);
  return {points, std::move(reference)};
}

Acquisition acquisition_of(const Knowledge& known, Criterion criterion) {
  std::vector<std::vector<double>> means;  // of what is feasible
  const std::vector<std::vector<double>> all = means_of(known);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (known.feasible(i)) means.push_back(all[i]);
  }
  // Nothing can be improved on before something is feasible.
  if (means.empty()) {
    return [&known](const Point&, std::span<const Expected> e) { return log_weight(known, e); };
  }
  if (criterion == Criterion::hypervolume) {
    return
        [&known, over = hypervolume_over(means)](const Point& point, std::span<const Expected> e) {
          constexpr double kCertain = 1e-12;  // deviations
          std::vector<double> at, deviations;
          std::size_t next = 0;
          for (const std::optional<Exact>& exact : known.exact) {
            const std::optional<double> value = exact ? exact->at(point) : std::optional(0.0);
            if (!value) return -std::numeric_limits<double>::infinity();
            at.push_back(exact ? *value : e[next].mean);
            deviations.push_back(exact ? kCertain : e[next].deviation);
            if (!exact) ++next;
          }
          const double expected = over.expected(at, deviations);
          return (expected > 0 ? std::max(std::log(expected), kWorthless) : kWorthless) +
                 log_weight(known, e);
        };
  }
  const double best = (*std::ranges::min_element(means))[0];
  if (criterion == Criterion::probability) {
    return [&known, best](const Point&, std::span<const Expected> e) {
      return log_probability_of_improvement(e[0].mean, e[0].deviation, best) + log_weight(known, e);
    };
  }
  return [&known, best](const Point&, std::span<const Expected> e) {
    return log_expected_improvement(e[0].mean, e[0].deviation, best) + log_weight(known, e);
  };
}

/// The observed points that are the most promising to look around: feasible ones first, of these
/// the front, then by the first objective.
std::vector<Point> promising_points(const Knowledge& known) {
  const std::vector<std::vector<double>> means = means_of(known);
  const std::vector<std::int64_t> rank =
      ranks(Objectives(std::vector(known.exact.size(), Direction::minimise), means));
  std::vector<std::size_t> order(means.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    return std::tuple(!known.feasible(i), rank[i], means[i][0]);
  };
  std::ranges::stable_sort(order, {}, key);
  std::vector<Point> points;
  for (const std::size_t i : order) {
    if (points.size() == kAround) break;
    if (!std::ranges::count(points, known.points[i])) points.push_back(known.points[i]);
  }
  return points;
}

class GpSampler final : public Sampler {
 public:
  GpSampler(const Settings& kind, const SamplerSettings& settings)
      : kind_(kind), goals_(kind.name, settings), sobol_(make_sobol_sampler(settings)) {
    const std::size_t optimised = goals_.optimised.size();
    if (kind.mixed) {
      exact_ = settings.exact;
      require(exact_.empty() || exact_.size() == goals_.directions.size(), kind.name,
              ": expected exact values or none for each of ", goals_.directions.size(),
              " objectives, got ", exact_.size());
    }
    exact_.resize(goals_.directions.size());
    if (kind.criterion == Criterion::hypervolume) {
      require(optimised <= kMostObjectives, kind.name, ": expected at most ", kMostObjectives,
              " objectives without a limit, got ", optimised);
    } else {
      require(optimised == 1, kind.name, ": expected one objective without a limit, got ",
              optimised, "; gp-ehvi takes several");
    }
  }

  std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    check_trial_number(trial_number);
    check_mixed(space);
    const std::vector<Observation> seen = checked(space, observations);
    const Objectives objectives = objectives_of(goals_.directions, seen);
    if (std::ssize(seen) < initial_trials(space)) {
      check_costs(seen);
      return sobol_->ask(space, seen, trial_number, seed);
    }
    const Encoding encoding(space, Encoding::Scale::unit);
    Knowledge known = knowledge_of(encoding, seen, objectives, seed);
    if (encoding.columns() == 0) return seen[0].point;  // the space has no other
    for (std::int64_t trial = std::max<std::int64_t>(trial_number - kMostRunning, 0);; ++trial) {
      const bool finished = std::ranges::binary_search(seen, trial, {}, &Observation::number);
      if (trial < trial_number && finished) continue;
      const Acquisition acquisition = acquisition_of(known, kind_.criterion);
      Point point = best_point(space, encoding, known.processes, acquisition,
                               promising_points(known), static_cast<std::uint64_t>(trial), seed);
      if (trial == trial_number) return point;
      believe(known, encoding, std::move(point));
    }
  }

 private:
  void check_mixed(const Space& space) const {
    if (!kind_.mixed) return;
    const auto known = [&](std::size_t j) { return static_cast<bool>(exact_[j]); };
    require(std::ranges::any_of(goals_.optimised, known), kind_.name,
            ": no objective has exact values; a search in a table gives them, gp-ehvi needs none");
    for (const Dimension& d : space.dimensions()) {
      require(d.kind != Kind::real || constant(d), kind_.name, ": the dimension '", d.name,
              "' is real: expected integers and choices alone");
    }
  }

  void check_costs(const std::vector<Observation>& seen) const {
    if (kind_.criterion != Criterion::improvement_per_cost) return;
    for (const Observation& o : seen) {
      require(o.cost.has_value(), "trial ", o.number, ": ", kind_.name, " needs its cost");
    }
  }

  Knowledge knowledge_of(const Encoding& encoding, const std::vector<Observation>& seen,
                         const Objectives& objectives, std::uint64_t seed) const {
    check_costs(seen);
    Knowledge known;
    Inputs inputs{.scale_of = encoding.scale_of()};
    for (const Observation& observation : seen) {
      known.points.push_back(observation.point);
      const std::vector<double> row = encoding.encode(observation.point);
      inputs.values.insert(inputs.values.end(), row.begin(), row.end());
    }
    const auto add = [&](std::vector<double> outputs, OutputScale::Kind kind) {
      const OutputScale scale(outputs, kind);
      for (double& y : outputs) y = scale(y);
      known.processes.push_back(fitted_process(inputs, outputs, seed));
      return scale;
    };
    const auto costs = [&](std::size_t objective) {
      std::vector<double> out;
      for (std::size_t i = 0; i < seen.size(); ++i) out.push_back(objectives.cost(i)[objective]);
      return out;
    };
    for (const std::size_t j : goals_.optimised) {
      std::optional<Exact>& exact = known.exact.emplace_back();
      if (!exact_[j]) {
        add(costs(j), OutputScale::Kind::capped);
        ++known.modelled;
        continue;
      }
      std::vector<double> outputs = costs(j);
      const OutputScale scale(outputs, OutputScale::Kind::capped);
      for (double& y : outputs) y = scale(y);
      const double sign = goals_.directions[j] == Direction::minimise ? 1 : -1;
      exact.emplace(Exact{exact_[j], sign, scale, std::move(outputs)});
    }
    for (std::size_t k = 0; k < goals_.constraints.size(); ++k) {
      const OutputScale scale = add(costs(goals_.constraints[k]), OutputScale::Kind::compressed);
      known.limits.push_back(scale(goals_.limits[k]));
    }
    if (kind_.criterion == Criterion::improvement_per_cost) {
      std::vector<double> logs;
      for (const Observation& observation : seen) logs.push_back(std::log(*observation.cost));
      known.cost_unit = add(std::move(logs), OutputScale::Kind::plain).unit();
    }
    return known;
  }

  /// A trial that runs is taken to give what is expected of it.
  static void believe(Knowledge& known, const Encoding& encoding, Point point) {
    const std::vector<double> row = encoding.encode(point);
    for (GaussianProcess& process : known.processes) {
      Inputs inputs = process.inputs();
      inputs.values.insert(inputs.values.end(), row.begin(), row.end());
      std::vector<double> outputs(process.outputs().begin(), process.outputs().end());
      outputs.push_back(process.predict(row)[0].mean);
      process = GaussianProcess(std::move(inputs), std::move(outputs), process.hyperparameters());
    }
    for (std::optional<Exact>& exact : known.exact) {
      if (exact) exact->outputs.push_back(exact->at(point).value_or(exact->outputs.back()));
    }
    known.points.push_back(std::move(point));
  }

  Settings kind_;
  Goals goals_;
  std::vector<ExactObjective> exact_;  // per objective; empty: it is modelled
  std::unique_ptr<Sampler> sobol_;
};

}  // namespace

std::int64_t initial_trials(const Space& space) {
  const auto varied = std::ranges::count_if(space.dimensions(), std::not_fn(constant));
  return std::min<std::int64_t>(10, 2 * varied + 2);
}

std::unique_ptr<Sampler> make_gp_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(Settings{"gp", Criterion::improvement}, settings);
}
std::unique_ptr<Sampler> make_gp_pi_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(Settings{"gp-pi", Criterion::probability}, settings);
}
std::unique_ptr<Sampler> make_gp_ei_per_joule_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(Settings{"gp-ei-per-joule", Criterion::improvement_per_cost},
                                     settings);
}
std::unique_ptr<Sampler> make_gp_ehvi_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(Settings{"gp-ehvi", Criterion::hypervolume}, settings);
}
std::unique_ptr<Sampler> make_ms_ehvi_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(Settings{"ms-ehvi", Criterion::hypervolume, true}, settings);
}

}  // namespace joule::search

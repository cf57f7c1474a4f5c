// SPDX-License-Identifier: MIT
//
// Joule's side of search_oracle_test.py and gaussian_oracle_test.py: reads a JSON list of
// questions, {"ask": name, ...}, from the standard input and writes the list of answers to the
// standard output.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/search/front/attainment.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"
#include "joule/search/gaussian/acquisition.h"
#include "joule/search/gaussian/process.h"
#include "joule/search/pruners/pruner.h"
#include "joule/search/sampler.h"
#include "joule/search/samplers/parzen.h"
#include "joule/search/samplers/sobol.h"
#include "joule/search/samplers/tpe.h"
#include "joule/search/space_json.h"
#include "joule/search/statistics/anova.h"
#include "joule/search/statistics/bootstrap.h"
#include "joule/search/statistics/mean.h"
#include "joule/search/statistics/rank_tests.h"

namespace joule::search {
namespace {

using nlohmann::json;
using Sample = std::vector<double>;

template <class T>
json json_of(const std::optional<T>& value) {
  return value ? json(*value) : json();
}
json json_of(const std::optional<Interval>& interval) {
  return interval ? json{interval->low, interval->high} : json();
}

Objectives objectives(const json& question, const json& points) {
  std::vector<Direction> directions;
  for (const json& name : question.at("directions")) {
    directions.push_back(parse_direction("direction", name.get<std::string>()));
  }
  return {std::move(directions), points.get<std::vector<Sample>>()};
}

json of_front(const json& q) {
  const Objectives o = objectives(q, q.at("points"));
  const Sample reference = q.at("reference").get<Sample>();
  return {{"ranks", ranks(o)},
          {"front", front(o)},
          {"hypervolume", hypervolume(o, reference)},
          {"contributions", exclusive_contributions(o, reference)}};
}

json of_attainment(const json& q) {
  std::vector<Objectives> runs;
  for (const json& run : q.at("runs")) runs.push_back(objectives(q, run));
  return attainment_surface(runs, q.at("k").get<std::size_t>());
}

json of_mean(const json& q) {
  const Mean m = mean_interval(q.at("a").get<Sample>(), q.at("level").get<double>());
  return {{"n", m.n},
          {"mean", m.mean},
          {"deviation", json_of(m.deviation)},
          {"interval", json_of(m.interval)}};
}

json of_difference(const json& q) {
  const Sample a = q.at("a").get<Sample>(), b = q.at("b").get<Sample>();
  const double level = q.at("level").get<double>();
  const Difference d = q.at("paired").get<bool>() ? paired_difference(a, b, level)
                                                  : difference_of_means(a, b, level);
  return {{"difference", d.difference},
          {"interval", json_of(d.interval)},
          {"degrees", json_of(d.degrees)},
          {"t", json_of(d.t)},
          {"p", json_of(d.p)}};
}

double median(std::span<const double> sample) {
  Sample sorted(sample.begin(), sample.end());
  std::ranges::sort(sorted);
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
double mean(std::span<const double> sample) {
  double sum = 0;
  for (const double x : sample) sum += x;
  return sum / static_cast<double>(sample.size());
}

json of_bootstrap(const json& q) {
  const Sample sample = q.at("a").get<Sample>();
  BootstrapSettings settings{.level = q.at("level").get<double>(),
                             .resamples = q.at("resamples").get<std::int64_t>(),
                             .seed = q.at("seed").get<std::uint64_t>()};
  const Statistic statistic = q.at("statistic") == "mean" ? mean : median;
  json answer{{"numbers", json::array()}};
  for (std::int64_t r = 0; r < settings.resamples; ++r) {
    answer["numbers"].push_back(resampled(sample.size(), r, settings.seed));
  }
  answer["bca"] = json_of(bootstrap_interval(sample, statistic, settings).interval);
  settings.method = BootstrapMethod::percentile;
  answer["percentile"] = json_of(bootstrap_interval(sample, statistic, settings).interval);
  return answer;
}

json of_kruskal(const json& q) {
  const KruskalWallis k = kruskal_wallis(q.at("groups").get<std::vector<Sample>>());
  return {{"h", k.h}, {"p", k.p}, {"eta_squared", json_of(k.eta_squared)}};
}

json of_mann_whitney(const json& q) {
  const MannWhitney m = mann_whitney(q.at("a").get<Sample>(), q.at("b").get<Sample>());
  return {{"u", m.u}, {"p", m.p}, {"exact", m.exact}};
}

json of_correlation(const json& q) {
  const Sample x = q.at("a").get<Sample>(), y = q.at("b").get<Sample>();
  const RankCorrelation tau = kendall_tau(x, y), rho = spearman_rho(x, y);
  return {{"tau", tau.coefficient},
          {"tau_p", tau.p},
          {"exact", tau.exact},
          {"rho", rho.coefficient},
          {"rho_p", rho.p}};
}

json of_anova(const json& q) {
  std::vector<Factor> factors;
  for (const std::size_t levels : q.at("levels").get<std::vector<std::size_t>>()) {
    Factor& factor = factors.emplace_back();
    factor.name = std::string(1, static_cast<char>('a' + factors.size() - 1));
    for (std::size_t i = 0; i < levels; ++i) factor.levels.push_back(std::to_string(i));
  }
  std::vector<FactorialRun> runs;
  for (const json& run : q.at("runs")) {
    runs.push_back({run.at(0).get<std::vector<std::size_t>>(), run.at(1).get<double>()});
  }
  const Anova a = anova(factors, runs, q.at("largest").get<std::size_t>());
  json answer{{"residual", a.residual},
              {"residual_degrees", a.residual_degrees},
              {"total", a.total},
              {"terms", json::array()}};
  for (const AnovaTerm& term : a.terms) {
    Sample effects;
    for (const Effect& effect : term.effects) effects.push_back(effect.effect);
    answer["terms"].push_back({{"factors", term.factors},
                               {"sum_of_squares", term.sum_of_squares},
                               {"degrees", term.degrees},
                               {"f", json_of(term.f)},
                               {"p", json_of(term.p)},
                               {"eta_squared", term.eta_squared},
                               {"partial_eta_squared", json_of(term.partial_eta_squared)},
                               {"effects", effects}});
  }
  return answer;
}

json of_sobol(const json& q) {
  json points = json::array();
  const auto dimensions = q.at("dimensions").get<std::size_t>();
  for (const std::uint32_t number : q.at("numbers").get<std::vector<std::uint32_t>>()) {
    points.push_back(sobol_point(dimensions, number));
  }
  return points;
}

PrunerSettings pruner_settings(const json& q) {
  return {.name = q.at("pruner"),
          .startup_trials = q.value("startup_trials", std::int64_t{5}),
          .warmup_steps = q.value("warmup_steps", std::int64_t{1}),
          .most_steps = q.value("most_steps", std::int64_t{1}),
          .reduction = q.value("reduction", std::int64_t{3})};
}

Curve curve_of(const json& q) {
  Curve curve{.number = q.at("number"), .complete = q.at("complete")};
  for (const json& report : q.at("reports")) curve.values[report[0]] = report[1];
  return curve;
}

json of_prune(const json& q) {
  std::vector<Curve> others;
  for (const json& other : q.at("others")) others.push_back(curve_of(other));
  return prune(pruner_settings(q),
               parse_direction("direction", q.at("direction").get<std::string>()),
               curve_of(q.at("trial")), others);
}

json of_brackets(const json& q) {
  std::vector<std::int64_t> brackets;
  for (std::int64_t i = 0; i < q.at("count"); ++i) {
    brackets.push_back(bracket_of(pruner_settings(q), i));
  }
  return {{"count", bracket_count(pruner_settings(q))}, {"of", brackets}};
}

json of_promising(const json& q) { return promising(objectives(q, q.at("points"))); }

/// The logarithms of the density of `points` at the points `at`.
json of_parzen(const json& q) {
  const Space space = parse_space(q.at("space").dump(), "space");
  const auto points_of = [&](const char* name) {
    std::vector<Point> points;
    for (const json& point : q.at(name)) points.push_back(parse_point(space, point.dump(), name));
    return points;
  };
  std::vector<const Dimension*> dimensions;
  for (const Dimension& dimension : space.dimensions()) dimensions.push_back(&dimension);
  const std::vector<Point> points = points_of("points");
  std::vector<const Point*> seen;
  for (const Point& point : points) seen.push_back(&point);
  const ParzenEstimator parzen(dimensions, seen, q.at("ageing").get<bool>());
  Sample logs;
  for (const Point& point : points_of("at")) {
    std::vector<PointValue> values;
    for (const Point::Entry& entry : point.entries()) values.push_back(entry.second);
    logs.push_back(parzen.log_density(values));
  }
  return logs;
}

/// A process with given hyperparameters; each column has a length scale of its own.
json of_process(const json& q) {
  Inputs inputs{.values = q.at("x").get<Sample>()};
  Hyperparameters h{.kernel = q.at("kernel") == "rbf" ? KernelKind::rbf : KernelKind::matern52,
                    .length_scales = q.at("length_scales").get<Sample>(),
                    .signal = q.at("signal").get<double>(),
                    .noise = q.at("noise").get<double>(),
                    .mean = q.at("mean").get<double>()};
  for (std::size_t i = 0; i < h.length_scales.size(); ++i) inputs.scale_of.push_back(i);
  const GaussianProcess process(std::move(inputs), q.at("y").get<Sample>(), std::move(h));
  json answer{{"log_likelihood", process.log_likelihood()},
              {"gradient", process.log_likelihood_gradient()},
              {"means", json::array()},
              {"variances", json::array()}};
  for (const Prediction& p : process.predict(q.at("at").get<Sample>())) {
    answer["means"].push_back(p.mean);
    answer["variances"].push_back(p.variance);
  }
  return answer;
}

json of_acquisition(const json& q) {
  const auto mean = q.at("mean").get<double>(), deviation = q.at("deviation").get<double>();
  const auto best = q.at("best").get<double>();
  return {{"improvement", expected_improvement(mean, deviation, best)},
          {"log_improvement", log_expected_improvement(mean, deviation, best)},
          {"log_probability", log_probability_of_improvement(mean, deviation, best)}};
}

json of_hypervolume_improvement(const json& q) {
  const HypervolumeImprovement over(q.at("front").get<std::vector<Sample>>(),
                                    q.at("reference").get<Sample>());
  return over.expected(q.at("means").get<Sample>(), q.at("deviations").get<Sample>());
}

/// What a sampler proposes for the next trial.
json of_ask(const json& q) {
  const Space space = parse_space(q.at("space").dump(), "space");
  std::vector<Observation> seen;
  for (const json& trial : q.at("trials")) {
    seen.push_back({.number = std::ssize(seen),
                    .point = parse_point(space, trial.at("point").dump(), "point"),
                    .objectives = trial.at("objectives").get<Sample>()});
  }
  SamplerSettings settings;
  for (const json& name : q.at("directions")) {
    settings.directions.push_back(parse_direction("direction", name.get<std::string>()));
  }
  const auto sampler = make_sampler(q.at("sampler").get<std::string>(), settings);
  return json::parse(to_json(
      sampler->ask(space, seen, std::ssize(seen), q.at("seed").get<std::uint64_t>()).value()));
}

json answer(const json& question) {
  static const std::map<std::string, json (*)(const json&)> kAnswers{
      {"front", of_front},
      {"attainment", of_attainment},
      {"mean", of_mean},
      {"difference", of_difference},
      {"bootstrap", of_bootstrap},
      {"kruskal_wallis", of_kruskal},
      {"correlation", of_correlation},
      {"mann_whitney", of_mann_whitney},
      {"process", of_process},
      {"acquisition", of_acquisition},
      {"hypervolume_improvement", of_hypervolume_improvement},
      {"next", of_ask},
      {"parzen", of_parzen},
      {"promising", of_promising},
      {"prune", of_prune},
      {"brackets", of_brackets},
      {"anova", of_anova},
      {"sobol", of_sobol}};
  return kAnswers.at(question.at("ask").get<std::string>())(question);
}

}  // namespace
}  // namespace joule::search

int main() {
  try {
    nlohmann::json answers = nlohmann::json::array();
    for (const nlohmann::json& question : nlohmann::json::parse(std::cin)) {
      answers.push_back(joule::search::answer(question));
    }
    std::cout << answers.dump() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "search_peer: " << error.what() << '\n';
    return 1;
  }
}

// SPDX-License-Identifier: MIT
#include "joule/study/evolve/evolve_results.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "joule/core/error.h"
#include "joule/evolution/phenotype.h"
#include "joule/study/evolve/candidate.h"
#include "joule/study/evolve/evolve_study.h"
#include "joule/study/evolve/evolve_trial.h"
#include "joule/training/evaluate.h"

namespace joule::study {
namespace {

const std::vector<Value>& values_of(const std::vector<Trial>& trials, std::int64_t trial) {
  return trials.at(static_cast<std::size_t>(trial)).values;
}

EvolveStep step_of(const Generation& generation, const std::vector<Trial>& trials) {
  EvolveStep step{.generation = generation.number,
                  .seconds = generation.seconds,
                  .epochs = generation.epochs,
                  .trained = generation.trials,
                  .archive = static_cast<std::int64_t>(generation.archive),
                  .archive_cheapest = generation.archive_cheapest,
                  .archive_median = generation.archive_median};
  double sum = 0;
  for (const EvolvedNet& net : generation.nets) {
    if (net.valid) sum += net.fitness;
    step.invalid += !net.valid;
  }
  if (step.invalid < step.trained) {
    step.mean_fitness = sum / static_cast<double>(step.trained - step.invalid);
  }
  // Of several survivors the fittest.
  const auto fitness_of_trial = [&](std::int64_t trial) {
    return metric_or_none(values_of(trials, trial), evolve::kFitness).value_or(-HUGE_VAL);
  };
  const std::int64_t best = *std::ranges::max_element(generation.survivors, {}, fitness_of_trial);
  const std::vector<Value>& survivor = values_of(trials, best);
  if (metric_or_none(survivor, evolve::kValid) != 1) return step;
  step.fitness = metric_or_none(survivor, evolve::kFitness);
  for (const std::string& metric : fitness_metrics()) {
    if (const auto number = metric_or_none(survivor, metric)) step.survivor[metric] = *number;
  }
  return step;
}

/// A mutant counts for each kind of mutation that made it of its parent.
void count_mutations(EvolveResults& results, const std::vector<Generation>& generations) {
  std::set<std::int64_t> survivors;
  for (const Generation& generation : generations) {
    survivors.insert(generation.survivors.begin(), generation.survivors.end());
  }
  for (const EvolvedNet& net : results.nets) {
    if (net.point.role != EvolveRole::offspring) continue;
    std::set<std::string> kinds;
    for (const evolution::Mutation& mutation : net.point.individual.history) {
      if (mutation.generation == net.point.generation) kinds.insert(mutation.type);
    }
    for (const std::string& kind : kinds) {
      MutationCount& count = results.mutations[kind];
      ++count.made;
      count.valid += net.valid;
      count.survived += survivors.contains(net.trial);
    }
  }
}

class FinalTest {
 public:
  FinalTest(const EvolveConfig& config, std::uint64_t seed, std::string folder)
      : config_(config),
        grammar_(evolution::parse_grammar(config.grammar, "grammar")),
        data_(evolve_data(config.data, config.limit, seed)),
        folder_(std::move(folder)) {}

  FinalNet run(const EvolvedNet& survivor, const std::vector<Value>& values) {
    const std::string phenotype =
        phenotype_of(survivor.point.individual.genotype, grammar_, config_.settings.structure);
    const Dataset& images = data_.report;
    const evolution::Decoded decoded =
        decode(phenotype, {images.image_shape(), images.classes()}, config_.settings.nets);
    FinalNet net{.trial = survivor.trial,
                 .phenotype = phenotype,
                 .graph = *decoded.net.graph,
                 .values = values};
    nn::Net whole(net.graph);
    load_weights(whole, weights_path(folder_ + "/trials/000000", survivor.trial));
    const std::size_t outputs = net.graph.outputs.size();
    nn::Net full = net_of_output(net.graph, whole, 0);
    nn::Net brief = net_of_output(net.graph, whole, outputs - 1);
    net.test_accuracy_0 = training::evaluate(full, images)->accuracy();
    net.test_accuracy_1 = training::evaluate(brief, images)->accuracy();
    const auto number = [&](const char* metric) { return *metric_of(values, metric).number; };
    const bool close = number("accuracy_1") >= number("accuracy_0") - kDeploymentLoss;
    net.deployed = close && number("power_1") < number("power_0") ? 1 : 0;
    return net;
  }

 private:
  const EvolveConfig& config_;
  evolution::Grammar grammar_;
  EvolveData data_;
  std::string folder_;
};

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

std::optional<double> metric_or_none(const std::vector<Value>& values, std::string_view metric) {
  for (const Value& value : values) {
    if (value.name == metric && value.number) return value.number;
  }
  return {};
}

EvolveResults evolve_results(const Study& study, const std::vector<Trial>& trials,
                             const std::string& folder) {
  const StudyDefinition& d = study.definition;
  EvolveResults results{.seed = d.seed,
                        .config = parse_evolve_config(d.config, "study " + d.name),
                        .study = study,
                        .trials = trials};
  Generations evolution(results.config, d.seed);
  evolution.update(trials);
  for (const Generation& generation : evolution.generations()) {
    EvolveStep step = step_of(generation, trials);
    if (!results.steps.empty()) {
      step.seconds += results.steps.back().seconds;
      step.epochs += results.steps.back().epochs;
    }
    results.steps.push_back(std::move(step));
    results.nets.insert(results.nets.end(), generation.nets.begin(), generation.nets.end());
  }
  count_mutations(results, evolution.generations());
  FinalTest test(results.config, d.seed, folder);
  for (const EvolvedNet& survivor : evolution.parents()) {
    if (survivor.valid)
      results.finals.push_back(test.run(survivor, values_of(trials, survivor.trial)));
  }
  std::vector<double> overheads;
  for (const Trial& trial : trials) {
    for (const Value& value : trial.values) {
      if (value.name == evolve::kOverhead && value.number) overheads.push_back(*value.number);
      if (value.name == "power" && value.number) {
        results.power_unit = value.unit;
        results.power_quality = value.quality;
      }
    }
  }
  results.overhead = median_of(std::move(overheads));
  return results;
}

std::string generations_csv(const EvolveResults& results) {
  const auto cell = [](const std::optional<double>& number) {
    return number ? "," + str(*number) : std::string(",");
  };
  std::string csv =
      "generation,seconds,epochs,trained,invalid,fitness,mean_fitness,archive,"
      "archive_cheapest,archive_median";
  for (const std::string& metric : fitness_metrics()) csv += "," + metric;
  csv += "\r\n";
  for (const EvolveStep& step : results.steps) {
    csv += str(step.generation, ",", step.seconds, ",", step.epochs, ",", step.trained, ",",
               step.invalid);
    csv += cell(step.fitness) + cell(step.mean_fitness);
    csv += str(",", step.archive, ",", step.archive_cheapest, ",", step.archive_median);
    for (const std::string& metric : fitness_metrics()) {
      const auto found = step.survivor.find(metric);
      csv += cell(found == step.survivor.end() ? std::nullopt : std::optional(found->second));
    }
    csv += "\r\n";
  }
  return csv;
}

}  // namespace joule::study

// SPDX-License-Identifier: MIT
#include "joule/study/evolve/generations.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "joule/core/error.h"
#include "joule/evolution/operators.h"
#include "joule/study/evolve/evolve_study.h"
#include "joule/study/evolve/survivors.h"

namespace joule::study {
namespace {

double count_of(const Trial& trial, const char* name) {
  const auto found = std::ranges::find(trial.values, name, &Value::name);
  return found == trial.values.end() ? 0 : found->number.value_or(0);
}

/// What is drawn for a generation, not for an individual: for parents, and for survivors.
evolution::Draws draws_of(std::uint64_t seed, std::int64_t generation, std::int64_t use) {
  constexpr std::uint32_t kGenerations = 1u << 31;  // individuals have the numbers below
  return evolution::Draws(seed, kGenerations + static_cast<std::uint32_t>(2 * generation + use));
}

}  // namespace

Generations::Generations(EvolveConfig config, std::uint64_t seed)
    : config_(std::move(config)),
      grammar_(evolution::parse_grammar(config_.grammar, "grammar")),
      seed_(seed),
      archive_(static_cast<std::size_t>(config_.archive)) {
  plan_next();
}

std::optional<search::Point> Generations::ask(const std::vector<Trial>& trials,
                                              std::int64_t number) {
  update(trials);
  const std::int64_t place = number - now_.first;
  if (place < 0 || place >= std::ssize(planned_)) return {};
  return to_point(planned_[static_cast<std::size_t>(place)]);
}

void Generations::update(const std::vector<Trial>& trials) {
  while (!planned_.empty() && finish(trials)) {
    if (!plan_rematches()) {
      select();
      plan_next();
    }
  }
}

std::string Generations::ended() const {
  const EvolutionLimits& limits = config_.limits;
  const auto done = std::ssize(generations_);
  if (limits.generations > 0 && done >= limits.generations) return str(done, " generations");
  if (limits.seconds > 0 && seconds_ >= limits.seconds) return str(limits.seconds, " s");
  if (limits.epochs > 0 && epochs_ >= limits.epochs) return str(limits.epochs, " epochs");
  return "";
}

/// The modules of an individual that the archive does not have yet.
EvolvePoint Generations::point_of(evolution::Individual individual, EvolveRole role) const {
  EvolvePoint point{.generation = now_.number, .role = role, .first = now_.first};
  std::set<std::string> seen;
  const evolution::Genotype& genotype = individual.genotype;
  for (std::size_t i = 0; i < genotype.modules.size(); ++i) {
    const std::string phenotype = phenotype_of(genotype, i, grammar_);
    if (!archive_.contains(phenotype) && seen.insert(phenotype).second) {
      point.modules.push_back(static_cast<std::int64_t>(i));
    }
  }
  point.slots = individual.slots;
  point.individual = std::move(individual);
  return point;
}

void Generations::plan(EvolvePoint point) {
  for (const EvolvedNet& parent : parents_) point.parents.push_back(parent.trial);
  planned_.push_back(std::move(point));
}

void Generations::plan_next() {
  planned_.clear();
  choice_.reset();
  if (!ended().empty()) return;
  now_ = {.number = std::ssize(generations_)};
  if (!generations_.empty()) now_.first = generations_.back().first + generations_.back().trials;
  if (config_.retrain_parent) {
    for (const EvolvedNet& parent : parents_) {
      evolution::Individual again = parent.point.individual;
      again.resumes = false;
      plan(point_of(std::move(again), EvolveRole::parent));
    }
  }
  const auto next_id = [&] { return now_.first + std::ssize(planned_); };
  for (std::int64_t i = 0; parents_.empty() && i < config_.lambda; ++i) {
    plan(point_of(random_individual(grammar_, config_.settings.structure, next_id(), seed_),
                  EvolveRole::initial));
  }
  if (parents_.empty()) return;
  evolution::Draws draws = draws_of(seed_, now_.number, 0);
  for (const std::size_t place : parents_of_offspring(parents_, config_, draws)) {
    const EvolvedNet& parent = parents_[place];
    const std::int64_t id = next_id();
    EvolvePoint point = point_of(mutate(parent.point.individual, id, now_.number, grammar_,
                                        config_.settings, archive_, seed_),
                                 EvolveRole::offspring);
    if (point.individual.resumes) {
      point.from = parent.trial;
      point.slots -= parent.point.individual.slots;
    }
    plan(std::move(point));
  }
}

/// Reads the trials of the plan; whether all were there and finished.
bool Generations::finish(const std::vector<Trial>& trials) {
  const std::int64_t end = now_.first + std::ssize(planned_);
  if (std::ssize(trials) < end) return false;
  const auto finished = [&](std::int64_t i) {
    return is_finished(trials[static_cast<std::size_t>(i)].state);
  };
  for (std::int64_t i = now_.first; i < end; ++i) {
    if (!finished(i)) return false;
  }
  double started = 0, ended = 0;
  now_.nets.clear();
  now_.epochs = 0;
  for (std::int64_t i = now_.first; i < end; ++i) {
    const Trial& trial = trials[static_cast<std::size_t>(i)];
    now_.nets.push_back(judged(trial));
    remember_modules(trial, now_.nets.back());
    now_.epochs += static_cast<std::int64_t>(count_of(trial, evolve::kEpochs));
    started = i == now_.first ? trial.started.value_or(0)
                              : std::min(started, trial.started.value_or(started));
    ended = std::max(ended, trial.ended.value_or(ended));
  }
  now_.trials = end - now_.first;
  now_.seconds = ended - started;
  return true;
}

/// By the point that is recorded, whatever would be proposed now.
EvolvedNet Generations::judged(const Trial& trial) const {
  EvolvedNet net{.trial = trial.number,
                 .point = parse_point(trial.point, str("trial ", trial.number))};
  net.valid = trial.state == State::complete && count_of(trial, evolve::kValid) == 1;
  net.fitness = net.valid ? count_of(trial, evolve::kFitness) : config_.fitness.invalid;
  if (!net.valid) return net;
  for (const Criterion& criterion : config_.criteria) {
    net.criteria.push_back(*metric_of(trial.values, criterion.metric).number);
  }
  return net;
}

void Generations::remember_modules(const Trial& trial, const EvolvedNet& net) {
  const evolution::Genotype& genotype = net.point.individual.genotype;
  for (std::size_t i = 0; i < genotype.modules.size(); ++i) {
    const auto power = std::ranges::find(trial.values, evolve::module_power(i), &Value::name);
    if (power != trial.values.end() && power->number && *power->number > 0) {
      archive_.add(genotype, i, grammar_, *power->number, net.fitness);
    } else if (const std::string phenotype = phenotype_of(genotype, i, grammar_);
               archive_.contains(phenotype)) {
      archive_.saw(phenotype, net.fitness);
    }
  }
}

/// Who may survive: those of the generation, and parents that were not trained again.
std::vector<EvolvedNet> Generations::competitors() const {
  std::vector<EvolvedNet> nets;
  if (!config_.retrain_parent) nets = parents_;
  nets.insert(nets.end(), now_.nets.begin(), now_.nets.end());
  return nets;
}

/// Whether there are any.
bool Generations::plan_rematches() {
  if (choice_ || config_.selection != "fittest") return false;
  const std::vector<EvolvedNet> nets = competitors();
  choice_ = evolution::fittest(contenders_of(nets, parents_));
  std::erase_if(choice_->rematches, [&](const evolution::Retraining& r) {
    return !std::ranges::find(nets, r.id, &EvolvedNet::trial)->valid;
  });
  for (const auto& [id, slots] : choice_->rematches) {
    EvolvePoint point = point_of(std::ranges::find(nets, id, &EvolvedNet::trial)->point.individual,
                                 EvolveRole::rematch);
    point.modules.clear();
    point.from = id;
    point.slots = slots - point.individual.slots;
    point.individual.slots = slots;
    point.individual.resumes = true;
    plan(std::move(point));
  }
  return !choice_->rematches.empty();
}

/// After the rematches.
EvolvedNet Generations::winner() const {
  std::vector<EvolvedNet> nets, rematches;
  for (const EvolvedNet& net : competitors()) {
    (net.point.role == EvolveRole::rematch && net.point.generation == now_.number ? rematches
                                                                                  : nets)
        .push_back(net);
  }
  std::vector<evolution::Contender> contenders = contenders_of(nets, parents_);
  const auto rematch_of = [&](std::int64_t trial) {
    return std::ranges::find_if(rematches,
                                [&](const EvolvedNet& net) { return net.point.from == trial; });
  };
  for (evolution::Contender& contender : contenders) {
    const auto rematch = rematch_of(contender.id);
    if (rematch == rematches.end()) continue;
    contender.fitness =
        rematch->valid ? rematch->fitness : -std::numeric_limits<double>::infinity();
  }
  const std::int64_t trial = after_rematches(*choice_, contenders);
  const auto rematch = rematch_of(trial);
  return rematch != rematches.end() ? *rematch
                                    : *std::ranges::find(nets, trial, &EvolvedNet::trial);
}

void Generations::select() {
  if (config_.selection == "fittest") {
    parents_ = {winner()};
  } else {
    evolution::Draws draws = draws_of(seed_, now_.number, 1);
    parents_ = survivors_of(competitors(), config_, draws);
  }
  for (const EvolvedNet& parent : parents_) now_.survivors.push_back(parent.trial);
  std::vector<double> powers;
  for (const evolution::ArchivedModule& module : archive_.modules()) powers.push_back(module.power);
  std::ranges::sort(powers);
  now_.archive = powers.size();
  if (!powers.empty()) {
    now_.archive_cheapest = powers.front();
    now_.archive_median = powers[powers.size() / 2];
  }
  seconds_ += now_.seconds;
  epochs_ += now_.epochs;
  generations_.push_back(std::move(now_));
}

}  // namespace joule::study

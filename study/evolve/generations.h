// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/evolution/archive.h"
#include "joule/evolution/grammar.h"
#include "joule/evolution/selection.h"
#include "joule/study/evolve/evolve_config.h"
#include "joule/study/evolve/evolve_point.h"
#include "joule/study/trial.h"

namespace joule::study {

/// A candidate that was trained, or found invalid.
struct EvolvedNet {
  std::int64_t trial = 0;
  EvolvePoint point;
  bool valid = false;
  double fitness = 0;              // for an invalid net, as configured
  std::vector<double> criteria{};  // for a valid net, as measured
};

/// The results of a generation.
struct Generation {
  std::int64_t number = 0, first = 0, trials = 0;
  std::vector<EvolvedNet> nets;         // by trial, rematches last
  std::vector<std::int64_t> survivors;  // trials: the parents of the next generation
  double seconds = 0;                   // elapsed, from its first start to its last end
  std::int64_t epochs = 0;
  std::size_t archive = 0;                          // modules in it afterwards
  double archive_cheapest = 0, archive_median = 0;  // their power; 0 if there are none
};

/// An evolution as a function of its finished trials: proposes the candidates of a generation when
/// all trials of the previous one are finished.
///
///   generation 0   lambda individuals, drawn at random
///   generation g   each parent again (retrain_parent), and lambda mutants of the parents in turn
///   rematch        if the fittest had more training time than others: the parent and the best of
///                  those with the least time train on until they had as much, and the fittest of
///                  all that had is the next parent
///
/// An individual has the number of its trial, except for parents trained again and rematches.  What
/// is drawn for an individual depends on the seed and its number alone.  A failed trial counts as
/// invalid.
class Generations {
 public:
  /// Errors    as parse_grammar().
  Generations(EvolveConfig config, std::uint64_t seed);

  /// The point of trial `number`, the next one.  Empty if trials of this generation are not
  /// finished, or the evolution has ended.
  ///
  /// Errors    DataError for a point that cannot be read.
  std::optional<search::Point> ask(const std::vector<Trial>& trials, std::int64_t number);

  /// Processes newly finished trials.
  void update(const std::vector<Trial>& trials);
  /// The complete generations.
  const std::vector<Generation>& generations() const { return generations_; }
  /// The survivors of the last generation.
  const std::vector<EvolvedNet>& parents() const { return parents_; }
  const evolution::ModuleArchive& archive() const { return archive_; }
  /// Why no generation follows; empty if one does.
  std::string ended() const;

 private:
  void plan_next();
  void plan(EvolvePoint point);
  EvolvePoint point_of(evolution::Individual individual, EvolveRole role) const;
  bool plan_rematches();
  bool finish(const std::vector<Trial>& trials);
  EvolvedNet judged(const Trial& trial) const;
  void remember_modules(const Trial& trial, const EvolvedNet& net);
  std::vector<EvolvedNet> competitors() const;
  EvolvedNet winner() const;
  void select();

  EvolveConfig config_;
  evolution::Grammar grammar_;
  std::uint64_t seed_;
  evolution::ModuleArchive archive_;
  std::vector<Generation> generations_;
  std::vector<EvolvedNet> parents_;
  Generation now_;                           // the incomplete one
  std::vector<EvolvePoint> planned_;         // its candidates
  std::optional<evolution::Choice> choice_;  // of this generation, with its rematches
  double seconds_ = 0;
  std::int64_t epochs_ = 0;
};

}  // namespace joule::study

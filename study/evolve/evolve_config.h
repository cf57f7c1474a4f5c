// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/settings.h"
#include "joule/search/sampler.h"
#include "joule/study/evolve/fitness.h"

// The evolution of nets with power in the fitness.
//
// Source    ENERGIZE, arXiv:2401.17733; Fast-DENSER, Assuncao et al. 2019, arXiv:1905.02969.
namespace joule::study {

/// One of several things by which survivors are selected.
struct Criterion {
  std::string metric;  // one of fitness_metrics()
  search::Direction direction = search::Direction::maximise;
  friend bool operator==(const Criterion&, const Criterion&) = default;
};

/// How a candidate is trained, and how long.
struct CandidateTraining {
  /// Of one slot of training time; a candidate has as many slots as its genes say.  0: any.
  std::int64_t epochs = 0;
  double seconds = 300;
  double gradient_norm = 0;  // clipped to that; 0: not
  std::int64_t threads = 0;  // 0: the worker's share of the processors
  std::string device = "cpu";
  bool deterministic = true;     // the same bits for any number of threads
  std::int64_t most_memory = 0;  // MiB that a candidate on the CPU may take; 0: any
};

/// When an evolution ends, whichever comes first; 0: never.
struct EvolutionLimits {
  std::int64_t generations = 150;
  double seconds = 0;       // of all generations that are complete, on the clock
  std::int64_t epochs = 0;  // trained by all candidates
};

/// How survivors are selected: by fitness alone, or by several criteria.
///
///   fittest           the fittest of parent and offspring
///   lexicase          by the criteria in a random order, the best in each
///   epsilon-lexicase  the same; what is within the median absolute deviation of the best is as
///   good nsga2             `lambda` survivors, by non-domination and crowding
std::vector<std::string> selection_names();

struct EvolveConfig {
  std::string preset = "quick";  // what the rest began as
  std::string data = "fashion-mnist";
  std::int64_t limit = 0;  // only the first training images, and as many test images; 0: all
  std::string grammar;     // its text
  evolution::Settings settings;
  Fitness fitness;
  std::string selection = "fittest";
  std::vector<Criterion> criteria;  // of all but fittest
  std::int64_t lambda = 4;          // offspring of a generation
  bool retrain_parent = true;       // beside its offspring, from scratch, in every generation
  CandidateTraining training;
  EvolutionLimits limits;
  std::string meter = "auto";   // as energy::open_run_meters(); none: power is modelled
  std::int64_t passes = 30;     // over the images of evolution-test, for power, with a meter
  double module_seconds = 0.5;  // that measuring a new module takes at most, with a meter
  std::int64_t archive = 256;   // modules that are remembered
};

/// A preset:
///
///   quick        for a machine of two cores and minutes: Joule's grammar, 12000 images, nets of at
///                most 3 million MACs, 6 s of training; fitness: the accuracy of the whole net
///   energize     rates, structure and times of ENERGIZE; its published fitness, in watts
///   fast-denser  those of Fast-DENSER; accuracy
///
/// Errors    ArgumentError for another name.
EvolveConfig evolve_preset(std::string_view preset);
std::vector<std::string> evolve_presets();

/// What a variant of the study changes of a preset:
///
///   accuracy    nothing but accuracy counts
///   published   the published fitness; with meter none the weight of power is another one, for
///               modelled joules per image
///   nsga2       NSGA-II on accuracy and power of the short net
///   zero-aware  zeros are genes (thresholds of ReLUs, the L0 penalty's lambda), and what is
///   executed
///               counts, with the zeros that are skipped not counted
///
/// Errors    ArgumentError for another name.
EvolveConfig with_variant(EvolveConfig config, std::string_view variant);
std::vector<std::string> evolve_variants();

/// Errors    ArgumentError that names the member, its value and what was expected.
void check(const EvolveConfig& config);

/// One JSON object with every member.
std::string to_json(const EvolveConfig& config);
/// The inverse; what is left out is as in the preset that "preset" names ("quick" if there is
/// none).
///
/// Errors    DataError that starts with `path`, unknown members included; what check() says.
EvolveConfig parse_evolve_config(std::string_view json, const std::string& path);

}  // namespace joule::study

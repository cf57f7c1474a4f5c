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

/// One of several criteria for the selection of survivors.
struct Criterion {
  std::string metric;  // one of fitness_metrics()
  search::Direction direction = search::Direction::maximise;
  friend bool operator==(const Criterion&, const Criterion&) = default;
};

/// How a candidate is trained, and for how long.
struct CandidateTraining {
  /// Per slot of training time; a candidate's genes give its number of slots.  0: no limit.
  std::int64_t epochs = 0;
  double seconds = 300;
  double gradient_norm = 0;  // limit by clipping; 0: none
  std::int64_t threads = 0;  // 0: the worker's share of the processors
  std::string device = "cpu";
  bool deterministic = true;     // the same bits for any number of threads
  std::int64_t most_memory = 0;  // MiB that a candidate on the CPU may use; 0: no limit
};

/// When an evolution ends: at the first of these; 0: no limit.
struct EvolutionLimits {
  std::int64_t generations = 150;
  double seconds = 0;       // elapsed, of all complete generations
  std::int64_t epochs = 0;  // trained by all candidates together
};

/// How survivors are selected: by fitness, or by several criteria.
///
///   fittest           the fittest of parent and offspring
///   lexicase          by the criteria in random order, the best in each
///   epsilon-lexicase  the same; values within the median absolute deviation of the best are tied
///   nsga2             `lambda` survivors, by non-domination and crowding
std::vector<std::string> selection_names();

struct EvolveConfig {
  std::string preset = "quick";  // the preset that it began as
  std::string data = "fashion-mnist";
  std::int64_t limit = 0;  // only the first training images, and as many test images; 0: all
  std::string grammar;     // its text
  evolution::Settings settings;
  Fitness fitness;
  std::string selection = "fittest";
  std::vector<Criterion> criteria;  // of all selections but fittest
  std::int64_t lambda = 4;          // offspring of a generation
  bool retrain_parent = true;       // with its offspring, from scratch, in every generation
  CandidateTraining training;
  EvolutionLimits limits;
  std::string meter = "auto";   // as energy::open_run_meters(); none: power is modelled
  std::int64_t passes = 30;     // over the images of evolution-test, to measure power with a meter
  double module_seconds = 0.5;  // the most time to measure a new module, with a meter
  std::int64_t archive = 256;   // number of modules kept
};

/// A preset:
///
///   quick        for a machine of two cores and minutes: Joule's grammar, 12000 images, nets of at
///                most 3 million MACs, 6 s of training; fitness: the accuracy of the whole net
///   energize     rates, structure and times of ENERGIZE; its published fitness, in watts
///   fast-denser  those of Fast-DENSER; fitness: accuracy
///
/// Errors    ArgumentError for another name.
EvolveConfig evolve_preset(std::string_view preset);
std::vector<std::string> evolve_presets();

/// What a variant of the study changes in a preset:
///
///   accuracy    only accuracy counts
///   published   the published fitness; without a meter, the weight of power differs, and is for
///               modelled joules per image
///   nsga2       NSGA-II on accuracy and power of the short net
///   zero-aware  zeros are genes (thresholds of ReLUs, the L0 penalty's lambda), and the executed
///               MACs count, without those
///               that are skipped for zeros
///
/// Errors    ArgumentError for another name.
EvolveConfig with_variant(EvolveConfig config, std::string_view variant);
std::vector<std::string> evolve_variants();

/// Errors    ArgumentError that names the member, its value and what was expected.
void check(const EvolveConfig& config);

/// One JSON object with every member.
std::string to_json(const EvolveConfig& config);
/// The inverse; omitted members are as in the preset named by "preset" ("quick" if there is
/// none).
///
/// Errors    DataError that starts with `path`, also for unknown members; the message of check().
EvolveConfig parse_evolve_config(std::string_view json, const std::string& path);

}  // namespace joule::study

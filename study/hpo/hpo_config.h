// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/search/space.h"
#include "joule/training/config.h"

// The study of hyper-parameter searches: what a search finds, and what it costs.
//
// Source    Yarally et al. 2023, arXiv:2303.13972.
namespace joule::study {

/// The objectives of a search.
inline constexpr std::string_view kHpoAccuracy = "accuracy", kHpoJoules = "joules",
                                  kHpoWithinBudget = "accuracy-within-budget", kHpoFront = "front";
std::vector<std::string> hpo_objectives();

/// What a search computes.  Each strategy and repetition is a study of its own; all of them share
/// this, except for the repetition.
struct HpoConfig {
  std::string preset = "quick";  // the preset that it began as
  /// For every training, except what the point sets; the seed is that of the first training.
  training::Config training;
  std::string space_name = "paper";  // for people; the space itself is the study's
  std::string objective{kHpoAccuracy};
  /// For accuracy-within-budget: the joules of one training.
  std::optional<double> budget_joules{};
  std::int64_t rounds = 24;
  std::int64_t repeats = 1;            // trainings per round, each with its own seed
  std::int64_t repetition = 1;         // of the whole search
  std::vector<std::string> ignored{};  // dimensions that are proposed but not applied
  std::string pruner = "none";
  std::string meter = "auto";  // as energy::open_run_meters()
};

/// "quick", "paper".
std::vector<std::string> hpo_presets();

/// A preset:
///
///   quick   a smaller honest version on Fashion-MNIST, for a machine of two cores: 6000 images of
///           each half, of which a third is held back for choices, 3 epochs, 24 rounds, Adam
///   paper   the paper's: 64 rounds of 8 trainings, 25 epochs, batch 512, Adam, seed 1234, no
///           normalisation, the images in a fixed order; nothing is held back, and choices use the
///           test images; beta2 is proposed but not applied, as in the authors' code
///
/// Errors    ArgumentError for another name.
HpoConfig hpo_preset(std::string_view preset, const std::string& model);

/// The strategies that a preset compares.
std::vector<std::string> hpo_strategies(std::string_view preset);

/// The paper's spaces, all linear: "paper" is lr [1e-5, 0.1], beta1 [0.1, 1], beta2 [0.8, 1],
/// epsilon [1e-9, 1e-7], weight_decay [0, 0.1]; "paper-3" the first three.  A beta of 1 is invalid,
/// so its range ends at 0.99999.  Any other name is a file's, which search::parse_space() reads.
///
/// Errors    DataError that names the file.
search::Space hpo_space(const std::string& name);

/// Checks that each dimension names a field of the configuration: a real one a field of real
/// numbers, an integer one a field of numbers, a categorical one any field, as people write its
/// values.
///
/// Errors    ArgumentError that names the dimension: there is no such field, all trials must share
///           it (data, seed, ...), it holds values of another kind, an end of the range or a choice
///           is not one of its values; or a point that the training refuses.
void check_hpo_space(const search::Space& space, const training::Config& training);

/// The configuration with the fields of the point set, except the ignored ones.
training::Config with_point(const training::Config& training, const search::Point& point,
                            const std::vector<std::string>& ignored = {});

/// Errors    ArgumentError that names the member, its value and what was expected.
void check(const HpoConfig& config);

/// One JSON object; parse_hpo_config() reads it.
std::string to_json(const HpoConfig& config);
/// Errors    DataError that starts with `path`.
HpoConfig parse_hpo_config(std::string_view json, const std::string& path);

}  // namespace joule::study

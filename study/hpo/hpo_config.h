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

/// What a search is to make better.
inline constexpr std::string_view kHpoAccuracy = "accuracy", kHpoJoules = "joules",
                                  kHpoWithinBudget = "accuracy-within-budget", kHpoFront = "front";
std::vector<std::string> hpo_objectives();

/// What a search computes.  Searches of several strategies and repetitions are studies of their
/// own, which share all of this but the repetition.
struct HpoConfig {
  std::string preset = "quick";  // what the rest began as
  /// Of every training, but for what the point sets; the seed is that of the first one.
  training::Config training;
  std::string space_name = "paper";  // for people; the space itself is the study's
  std::string objective{kHpoAccuracy};
  /// Of accuracy-within-budget: the joules of one training.
  std::optional<double> budget_joules{};
  std::int64_t rounds = 24;
  std::int64_t repeats = 1;            // trainings of a round, with seeds of their own
  std::int64_t repetition = 1;         // of the whole search
  std::vector<std::string> ignored{};  // dimensions that are proposed and not applied
  std::string pruner = "none";
  std::string meter = "auto";  // as energy::open_run_meters()
};

/// "quick", "paper".
std::vector<std::string> hpo_presets();

/// A preset:
///
///   quick   a smaller true answer on Fashion-MNIST, for a machine of two cores: 6000 images of
///           each half, of which a third is held back and decides, 3 epochs, 24 rounds, Adam
///   paper   the paper's: 64 rounds of 8 trainings, 25 epochs, batch 512, Adam, seed 1234, no
///           normalisation, the images in a fixed order; nothing is held back, and the test images
///           decide; beta2 is proposed and not applied, as in the authors' code
///
/// Errors    ArgumentError for another name.
HpoConfig hpo_preset(std::string_view preset, const std::string& model);

/// The strategies that a preset compares.
std::vector<std::string> hpo_strategies(std::string_view preset);

/// The paper's spaces, all linear: "paper" lr [1e-5, 0.1], beta1 [0.1, 1], beta2 [0.8, 1], epsilon
/// [1e-9, 1e-7], weight_decay [0, 0.1]; "paper-3" the first three.  A beta of 1 is none: the range
/// ends at 0.99999.  Or else the file of that name, as search::parse_space() reads it.
///
/// Errors    DataError that names the file.
search::Space hpo_space(const std::string& name);

/// Each dimension is a field of the configuration by name: a real of one that holds a real number,
/// an integer of one that holds a number, a categorical of any, as a person writes its values.
///
/// Errors    ArgumentError that names the dimension: there is no such field, it is one that all
///           trials must share (data, seed, ...), it holds another kind of values, or an end of the
///           range or a choice is none of its values; or a point that the training refuses.
void check_hpo_space(const search::Space& space, const training::Config& training);

/// Sets the fields to the values of the point, but for the ignored ones.
training::Config with_point(const training::Config& training, const search::Point& point,
                            const std::vector<std::string>& ignored = {});

/// Errors    ArgumentError that names the member, its value and what was expected.
void check(const HpoConfig& config);

/// One JSON object; parse_hpo_config() reads it.
std::string to_json(const HpoConfig& config);
/// Errors    DataError that starts with `path`.
HpoConfig parse_hpo_config(std::string_view json, const std::string& path);

}  // namespace joule::study

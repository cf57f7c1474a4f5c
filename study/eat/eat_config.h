// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/study/training_trial.h"
#include "joule/training/config.h"

// The study of energy-aware training: compares standard training with training with the L0 penalty,
// over lambda, sigma and seeds.
//
// Source    Lazzaro et al. 2023, arXiv:2307.00368.
namespace joule::study {

/// What the trials of the study compute.
struct EatConfig {
  std::string preset = "quick";  // the preset that it began as
  /// For every trial; l0_lambda, l0_sigma and seed are set per trial.
  training::Config training;
  std::vector<double> lambdas, sigmas;  // in all combinations
  std::int64_t seeds = 3;               // training.seed and the following ones
  std::int64_t asic_batch = 512;        // images whose passes share the traffic of the parameters
  /// Images of one timed inference, in `timing_rounds` rounds that alternate with the dense path.
  std::int64_t timing_images = 256;
  int timing_rounds = 9;
  std::string meter = "auto";  // as energy::open_run_meters()

  /// The images by which a point of the sweep is chosen.
  ChosenOn chosen_on() const { return study::chosen_on(training); }
};

/// "quick", "paper".
std::vector<std::string> eat_presets();

/// A preset for a net:
///
///   quick   a smaller honest version on Fashion-MNIST, for a machine of two cores: a tenth of the
///           training images is held back for choices; penalty on the ReLUs
///   paper   the paper's recipe: 100 epochs, batch 512, SGD with momentum 0.9 (Nesterov's, as in
///           the authors' earlier code), weight decay 5e-4, learning rate 0.1 times 0.95 per epoch,
///           CIFAR-10, crop and flip, penalty on the outputs of all layers, lambda 0.1 to 10, sigma
///           1e-1 to 1e-8; nothing is held back, and choices use the test images
///
/// Errors    ArgumentError for another name.
EatConfig eat_preset(std::string_view preset, const std::string& model);

/// Errors    ArgumentError that names the member, its value and what was expected: as check() for
///           the training's configuration; no lambda or sigma, or one out of range or duplicate; a
///           penalty in the training's configuration; counts below 1; timing_rounds < 3.
void check(const EatConfig& config);

/// One JSON object; parse_eat_config() reads it.
std::string to_json(const EatConfig& config);
/// Errors    DataError that starts with `path` if it is not such an object, a member is missing or
///           unknown, or check() refuses it.
EatConfig parse_eat_config(std::string_view json, const std::string& path);

}  // namespace joule::study

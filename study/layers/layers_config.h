// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/search/interval.h"
#include "joule/training/config.h"

// The study of what layers cost: a full factorial of linear layers, blocks of convolutions and
// ReLUs, and nets of linear layers only.
//
// Source    arXiv:2303.13972 (CAIN 2023), its second experiment.
namespace joule::study {

/// A net of the study.
struct LayersNet {
  std::string family = "simple-cnn";  // simple-cnn | dense-poly | dense-linear
  std::int64_t linear = 3;            // layers
  std::int64_t conv = 0;              // blocks of convolutions, of simple-cnn
  bool relu = false;                  // with one in each block

  bool in_factorial() const { return family == "simple-cnn"; }
  /// Its name for make_model(): "simple-cnn-4-7-norelu".
  std::string model() const;
  /// "linear 7, conv 4, ReLU each", "dense-poly, linear 7".
  std::string title() const;

  friend bool operator==(const LayersNet&, const LayersNet&) = default;
};

/// The hyper-parameters of a repetition, the same for every net.
struct LayersDraw {
  double lr = 0, beta1 = 0, beta2 = 0;
};

/// What the trials of the study compute.
struct LayersConfig {
  std::string preset = "quick";  // the preset that it began as
  /// For every trial; model, lr, beta1 and beta2 are set per trial.
  training::Config training;
  std::vector<std::string> nets;           // families; simple-cnn forms the factorial
  std::vector<std::int64_t> linear, conv;  // levels, ascending; dense nets have the first
  std::vector<std::string> relu;           // none, each
  std::int64_t repeats = 24;               // draws of the hyper-parameters
  search::Interval lr{1e-5, 1e-3}, beta1{0.5, 1}, beta2{0.8, 1};  // drawn uniformly; a beta below 1
  /// one: every training begins with training.seed, as in the paper; each: draw n uses the n-th
  /// seed from it on, so that intervals include the randomness of the weights.
  std::string seeds = "one";
  /// Training steps of the trained net that are accounted layer by layer.
  std::int64_t probe_steps = 5;
  std::string meter = "auto";  // as energy::open_run_meters()
  double idle = 2;             // s to measure the idle power, where a meter can be read
};

/// "quick", "paper".
std::vector<std::string> layers_presets();

/// A preset for a data set:
///
///   quick   a smaller honest version for a machine of two cores: all nets, fewer draws, epochs and
///           images, a tenth of them held back, normalised images in a new order in each epoch
///   paper   the paper's: 25 epochs, batch 512, Adam without weight decay, pixels from 0 to 1,
///           images in their original order, no augmentation, seed 1234 for all, 24 draws, nothing
///           held back
///
/// Errors    ArgumentError for another name.
LayersConfig layers_preset(std::string_view preset, const std::string& data);

/// Errors    ArgumentError that names the member, its value and what was expected: as check() for
///           the training's configuration; levels that are missing, duplicate, not ascending or out
///           of range; another family or optimiser; ranges that are empty or outside the rule's;
///           counts out of range.
void check(const LayersConfig& config);

/// The nets: the factorial, whose last factor (ReLU) changes fastest, then the others.
std::vector<LayersNet> nets_of(const LayersConfig& config);

/// The draws, a pure function of the configuration; betas are below 1 also in float32.
std::vector<LayersDraw> draws_of(const LayersConfig& config);

/// One JSON object; parse_layers_config() reads it.
std::string to_json(const LayersConfig& config);
/// Errors    DataError that starts with `path` if it is not such an object, a member is missing or
///           unknown, or check() refuses it.
LayersConfig parse_layers_config(std::string_view json, const std::string& path);

}  // namespace joule::study

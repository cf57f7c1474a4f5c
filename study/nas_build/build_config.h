// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/nas/cell/enumerate.h"
#include "joule/nas/network/skeleton.h"
#include "joule/training/config.h"

// The study that trains every cell of a space, to build a table of it.
//
// Source    the protocol of arXiv:2210.06015 (ICASSP 2024); Ying et al. 2019.
namespace joule::study {

struct BuildConfig {
  std::string preset = "small";  // the preset that it began as
  nas::CellLimits space{.vertices = 4, .edges = 9};
  /// The net around each cell; its images and classes are those of the data set.
  nas::Skeleton skeleton;
  std::vector<std::int64_t> budgets;  // epochs, ascending: each is a separate training
  std::int64_t seeds = 1;             // trainings per cell and budget
  /// For every trial; model, net, epochs and seed are set per trial.
  training::Config training;
  std::string meter = "auto";  // as energy::open_run_meters()
};

/// "small", "paper".
std::vector<std::string> build_presets();

/// A preset for a data set.  Both use RMSProp with momentum 0.9 and epsilon 1, a learning rate from
/// 0.1 down a cosine, weight decay 1e-4, and hold back a fifth of the training images.
///
///   small   for a machine of two cores: 16 channels, one cell per stack, 12 000 images, batch 128,
///           4 epochs, no augmentation; norms follow each batch by a tenth, as so few steps
///           need
///   paper   the paper's: 128 channels, three cells per stack, batch 256, images cropped and
///           flipped, 4, 12, 36 and 108 epochs
///
/// Errors    ArgumentError for another name.
BuildConfig build_preset(std::string_view preset, const std::string& data);

/// Errors    ArgumentError that names the member, its value and what was expected: as check() for
///           the training's configuration and the skeleton, and as nas::enumerate(); budgets that
///           are missing, not ascending or out of range; nothing held back; more trainings than
///           kMostTrainings.
void check(const BuildConfig& config);
inline constexpr std::int64_t kMostTrainings = 100'000;

/// The skeleton for the images of a data set.
nas::Skeleton skeleton_for(const BuildConfig& config, const Dataset& images);

/// One JSON object; parse_build_config() reads it.
std::string to_json(const BuildConfig& config);
/// Errors    DataError that starts with `path` if it is not such an object, a member is missing or
///           unknown, or check() refuses it.
BuildConfig parse_build_config(std::string_view json, const std::string& path);

}  // namespace joule::study

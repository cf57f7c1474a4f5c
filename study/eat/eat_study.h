// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/study/eat/eat_config.h"
#include "joule/study/kinds.h"
#include "joule/study/study.h"

namespace joule::study {

// The names of a trial's values besides those of TrainingTrial; {} is a set of images.
namespace eat {
inline constexpr const char* kRatio = "{} ratio, ";            // E_opt / E_worst by a named profile
inline constexpr const char* kEnergyImage = "{} energy, ";     // J per image, E_opt by a profile
inline constexpr const char* kFiring = "firing ";              // of a layer: fraction of non-zeros
inline constexpr const char* kMacs = "MACs";                   // of inference, per image
inline constexpr const char* kMacsExecuted = "MACs executed";  // of them
inline constexpr const char* kInferenceTime = "inference time";             // per image
inline constexpr const char* kDenseInferenceTime = "dense inference time";  // per image
inline constexpr const char* kSpeedUp = "speed-up";  // dense over skipping, same net, same rounds
inline constexpr const char* kLayerTime = "time ";   // of a layer, per image
inline constexpr const char* kDenseLayerTime = "dense time ";        // of a layer, per image
inline constexpr const char* kInferenceEnergy = "inference energy";  // J per image
/// %: the share of the largest class of the test images, which one answer for all of them reaches,
/// and twice its standard error.
inline constexpr const char* kChance = "test accuracy by chance, at most";
}  // namespace eat

/// The profile whose ratio the paper's choices use: that of the authors' earlier code.
inline constexpr const char* kEatProfile = "sponge-poisoning";

/// The study: for each seed, standard training and then each lambda with each sigma.  A point is
///
///   seed     1 to config.seeds
///   method   standard | eat
///   lambda, sigma   of eat
///
/// The goals: the accuracy and the ratio E_opt / E_worst, on the images used for choices.
///
/// Errors    ArgumentError as check().
StudyDefinition eat_study(const std::string& name, const EatConfig& config);

/// The configuration of the training run at that point.
training::Config training_at(const EatConfig& config, const search::Point& point);

/// Kind "eat": trains, keeps the run in the trial's folder, and returns the values above.
///
/// Energies are gross, of the whole run where a meter can be read (the trial has the meter to
/// itself, but other work on the machine is included, so use one worker for measured studies); in
/// addition, what the profile horowitz45 models.
Kind eat_kind();

}  // namespace joule::study

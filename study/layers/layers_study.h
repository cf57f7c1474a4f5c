// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/study/kinds.h"
#include "joule/study/layers/layers_config.h"
#include "joule/study/study.h"

namespace joule::study {

// The names of a trial's values besides those of TrainingTrial.
namespace layers {
/// J, gross, of the training steps only: measured and modelled (horowitz45).
inline constexpr const char* kTrainingEnergy = "training energy";
/// J, attributed: measured, minus the machine's idle power, as in the paper.
inline constexpr const char* kAboveIdle = "training energy above idle";
inline constexpr const char* kMacs = "MACs";  // of inference, per image
inline constexpr const char* kParameters = "parameters";
/// For a layer ("conv1"; "loss": what belongs to no layer), J and s of all training steps: the cost
/// of a few steps of the trained net, scaled up.  Energies are modelled, and attributed where a
/// meter could be read; times are attributed, too.
inline constexpr const char* kLayerEnergy = "energy of ";
inline constexpr const char* kLayerTime = "time of ";
inline constexpr const char* kNoLayer = "loss";
}  // namespace layers

/// The study: draw after draw, each with every net.  A point is
///
///   draw     1 to config.repeats
///   net      simple-cnn | dense-poly | dense-linear
///   linear   its linear layers
///   conv, relu          of simple-cnn: its blocks; none | each
///   lr, beta1, beta2    the draw's
///
/// The goals: accuracy, on the held-back images if there are any; MACs of inference.
///
/// Errors    ArgumentError as check().
StudyDefinition layers_study(const std::string& name, const LayersConfig& config);

/// The net of a point.
LayersNet net_at(const search::Point& point);
/// The configuration of the training run at that point.
training::Config training_at(const LayersConfig& config, const search::Point& point);

/// Kind "layers": trains and returns the values above.
Kind layers_kind();

}  // namespace joule::study

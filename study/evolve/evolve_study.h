// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "joule/study/evolve/evolve_config.h"
#include "joule/study/kinds.h"
#include "joule/study/study.h"

namespace joule::study {

// The names of a candidate's values besides those of its nets (study/evolve/net_figures.h).
namespace evolve {
inline constexpr const char* kFitness = "fitness";  // counted; Fitness::invalid for an invalid net
inline constexpr const char* kValid = "valid";      // counted: 1, or 0
inline constexpr const char* kWhy = "net";        // unavailable of an invalid net, with the reason
inline constexpr const char* kEpochs = "epochs";  // counted: complete
inline constexpr const char* kSteps = "steps";    // counted
inline constexpr const char* kBestEpoch = "best epoch";    // counted; 0: none was complete
inline constexpr const char* kTraining = "training time";  // s, measured, validation included
inline constexpr const char* kMemory = "peak memory";      // B, measured, of the process
inline constexpr const char* kOverhead = "time beside training";  // s, measured: all that is not
                                                                  // training or measuring nets
/// "module power 0": of the module at that position.
std::string module_power(std::size_t module);
}  // namespace evolve

/// An evolution: a trial is a candidate of a generation.  Its point holds its genes
/// (study/evolve/evolve_point.h) and is proposed by the kind itself (study/evolve/generations.h).
/// The goal is its fitness.
///
/// Errors    ArgumentError as check(config).
StudyDefinition evolve_study(const std::string& name, const EvolveConfig& config,
                             std::uint64_t seed);

/// Kind "evolve".  Before the first trial, its objective refuses a fitness whose weight of power is
/// for a unit other than the one available here.
Kind evolve_kind();

}  // namespace joule::study

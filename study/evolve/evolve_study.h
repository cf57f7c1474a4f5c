// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "joule/study/evolve/evolve_config.h"
#include "joule/study/kinds.h"
#include "joule/study/study.h"

namespace joule::study {

// The names of the values of a candidate beside those of its nets (study/evolve/net_figures.h).
namespace evolve {
inline constexpr const char* kFitness = "fitness";  // counted; of an invalid net Fitness::invalid
inline constexpr const char* kValid = "valid";      // counted: 1, or 0
inline constexpr const char* kWhy = "net";        // unavailable of an invalid net, with the reason
inline constexpr const char* kEpochs = "epochs";  // counted: complete
inline constexpr const char* kSteps = "steps";    // counted
inline constexpr const char* kBestEpoch = "best epoch";    // counted; 0: none was complete
inline constexpr const char* kTraining = "training time";  // s, measured, validation included
inline constexpr const char* kMemory = "peak memory";      // B, measured, of the process
inline constexpr const char* kOverhead = "time beside training";  // s, measured: all that is not
                                                                  // training or measuring nets
/// "module power 0": of the module in that place.
std::string module_power(std::size_t module);
}  // namespace evolve

/// An evolution: a trial is a candidate of a generation, its genes in the point
/// (study/evolve/evolve_point.h), which the kind itself proposes (study/evolve/generations.h).  The
/// goal is its fitness.
///
/// Errors    ArgumentError as check(config).
StudyDefinition evolve_study(const std::string& name, const EvolveConfig& config,
                             std::uint64_t seed);

/// Kind "evolve".  Its objective refuses, before the first trial, a fitness whose weight of power
/// is for another unit than there is here.
Kind evolve_kind();

}  // namespace joule::study

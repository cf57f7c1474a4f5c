// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/search/sampler.h"

// What the table of sampler.cpp makes.
namespace joule::search {

std::unique_ptr<Sampler> make_grid_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_random_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_sobol_sampler(const SamplerSettings& settings);

/// Errors    ArgumentError unless number >= 0.
void check_trial_number(std::int64_t number);

}  // namespace joule::search

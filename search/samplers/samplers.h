// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "joule/search/sampler.h"

// The samplers in the table of sampler.cpp, and what they share.
namespace joule::search {

std::unique_ptr<Sampler> make_grid_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_random_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_sobol_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_tpe_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_gp_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_gp_pi_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_gp_pi_paper_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_gp_ei_per_joule_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_gp_ehvi_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_ms_ehvi_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_nsga2_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_semoa_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_semoa_code_sampler(const SamplerSettings& settings);
std::unique_ptr<Sampler> make_sh_emoa_sampler(const SamplerSettings& settings);

/// Errors    ArgumentError unless number >= 0.
void check_trial_number(std::int64_t number);

/// The observations, oldest first.
///
/// Errors    ArgumentError that names the trial, if a point is not of the space, or a cost is not a
///           finite number above 0.
std::vector<Observation> checked(const Space& space, std::span<const Observation> observations);

/// Which objectives are optimised, and which are constraints.
struct Goals {
  /// Errors    ArgumentError that begins with the sampler's name, if there are no directions, there
  ///           are limits but not one entry per direction, one is not finite, or all objectives
  ///           have one.
  Goals(std::string_view sampler, const SamplerSettings& settings);

  std::vector<Direction> directions;
  std::vector<std::size_t> optimised, constraints;  // their indices
  std::vector<double> limits;  // of the constraints, in the sign of Objectives::cost()
};

/// The point whose active dimension i has value_of_unit(dimension, u(i)).
Point point_of_units(const Space& space, const std::function<double(std::size_t)>& u);

}  // namespace joule::search

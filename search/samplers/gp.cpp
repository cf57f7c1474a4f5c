// SPDX-License-Identifier: MIT
//
// Samplers by Gaussian processes (sampler.h).
#include "joule/core/error.h"
#include "joule/search/samplers/samplers.h"

namespace joule::search {
namespace {

constexpr std::size_t kInitialTrials = 10;  // of the Sobol sequence

class GpSampler final : public Sampler {
 public:
  explicit GpSampler(const SamplerSettings& settings) : sobol_(make_sobol_sampler(settings)) {
    require(!settings.directions.empty(), "gp: needs the directions of the objectives");
  }

  std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    require(observations.size() < kInitialTrials, "gp: not implemented beyond ", kInitialTrials,
            " trials");
    return sobol_->ask(space, observations, trial_number, seed);
  }

 private:
  std::unique_ptr<Sampler> sobol_;
};

}  // namespace

std::unique_ptr<Sampler> make_gp_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(settings);
}
std::unique_ptr<Sampler> make_gp_pi_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(settings);
}
std::unique_ptr<Sampler> make_gp_pi_paper_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(settings);
}
std::unique_ptr<Sampler> make_gp_ei_per_joule_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(settings);
}
std::unique_ptr<Sampler> make_gp_ehvi_sampler(const SamplerSettings& settings) {
  return std::make_unique<GpSampler>(settings);
}

}  // namespace joule::search

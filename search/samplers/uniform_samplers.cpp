// SPDX-License-Identifier: MIT
//
// The samplers that read no observation.
#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/draw.h"
#include "joule/search/grid.h"
#include "joule/search/samplers/samplers.h"
#include "joule/search/samplers/sobol.h"

namespace joule::search {
namespace {

class GridSampler final : public Sampler {
 public:
  std::optional<Point> ask(const Space& space, std::span<const Observation>,
                           std::int64_t trial_number, std::uint64_t) const override {
    check_trial_number(trial_number);
    if (trial_number >= space.grid_size()) return std::nullopt;
    return grid_point(space, trial_number);
  }
};

class RandomSampler final : public Sampler {
 public:
  std::optional<Point> ask(const Space& space, std::span<const Observation>,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    check_trial_number(trial_number);
    return point_of_units(space, [&](std::size_t dimension) {
      const auto words =
          philox(seed, static_cast<std::uint64_t>(trial_number), stream(Drawer::random, dimension));
      return unit(words[0], words[1]);
    });
  }
};

class SobolSampler final : public Sampler {
 public:
  std::optional<Point> ask(const Space& space, std::span<const Observation>,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    check_trial_number(trial_number);
    require(trial_number <= std::int64_t{UINT32_MAX},
            "sobol: the sequence has 2^32 points, got trial ", trial_number);
    if (space.size() == 0) return Point();
    const auto number = static_cast<std::uint32_t>(trial_number);
    const std::vector<std::uint32_t> point = sobol_point(space.size(), number);
    return point_of_units(space, [&](std::size_t dimension) {
      return owen_scrambled(point[dimension], dimension, number, seed);
    });
  }
};

}  // namespace

Point point_of_units(const Space& space, const std::function<double(std::size_t)>& u) {
  Point point;
  for (std::size_t i = 0; i < space.size(); ++i) {
    const Dimension& dimension = space.dimensions()[i];
    if (space.active(dimension, point)) point.set(dimension.name, value_of_unit(dimension, u(i)));
  }
  return point;
}

std::unique_ptr<Sampler> make_grid_sampler(const SamplerSettings&) {
  return std::make_unique<GridSampler>();
}
std::unique_ptr<Sampler> make_random_sampler(const SamplerSettings&) {
  return std::make_unique<RandomSampler>();
}
std::unique_ptr<Sampler> make_sobol_sampler(const SamplerSettings&) {
  return std::make_unique<SobolSampler>();
}

}  // namespace joule::search

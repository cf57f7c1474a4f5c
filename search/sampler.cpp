// SPDX-License-Identifier: MIT
#include "joule/search/sampler.h"

#include <array>

#include "joule/core/error.h"
#include "joule/io/nearest.h"
#include "joule/search/samplers/samplers.h"

namespace joule::search {
namespace {

struct Row {
  std::string_view name;
  std::unique_ptr<Sampler> (*make)(const SamplerSettings& settings);
};

constexpr Row kSamplers[] = {{"grid", make_grid_sampler},
                             {"random", make_random_sampler},
                             {"sobol", make_sobol_sampler},
                             {"tpe", make_tpe_sampler},
                             {"gp", make_gp_sampler},
                             {"gp-pi", make_gp_pi_sampler},
                             {"gp-pi-paper", make_gp_pi_paper_sampler},
                             {"gp-ei-per-joule", make_gp_ei_per_joule_sampler},
                             {"gp-ehvi", make_gp_ehvi_sampler}};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kSamplers)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kSamplers[i].name;
  return names;
}();

}  // namespace

std::string_view name(Direction direction) {
  return direction == Direction::minimise ? "minimise" : "maximise";
}

Direction parse_direction(std::string_view what, std::string_view text) {
  require_one_of(what, text, {"minimise", "maximise"});
  return text == "minimise" ? Direction::minimise : Direction::maximise;
}

std::unique_ptr<Sampler> make_sampler(std::string_view name, const SamplerSettings& settings) {
  for (const Row& row : kSamplers) {
    if (row.name == name) return row.make(settings);
  }
  require_one_of("sampler", name, {kNames.begin(), kNames.end()});
  return nullptr;  // require_one_of() threw
}

std::span<const std::string_view> sampler_names() { return kNames; }

}  // namespace joule::search

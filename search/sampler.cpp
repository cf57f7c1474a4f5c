// SPDX-License-Identifier: MIT
#include "joule/search/sampler.h"

#include <array>

#include "joule/core/error.h"
#include "joule/io/nearest.h"
#include "joule/search/samplers/sampler_options.h"
#include "joule/search/samplers/samplers.h"

namespace joule::search {
namespace {

struct Row {
  std::string_view name;
  std::unique_ptr<Sampler> (*make)(const SamplerSettings& settings);
  std::string_view options = "";  // their names, a space behind each
};

constexpr std::string_view kSemoaOptions = "population eta extremes keep ladder frozen changes ";
constexpr Row kSamplers[] = {{"grid", make_grid_sampler},
                             {"random", make_random_sampler},
                             {"sobol", make_sobol_sampler},
                             {"tpe", make_tpe_sampler},
                             {"gp", make_gp_sampler},
                             {"gp-pi", make_gp_pi_sampler},
                             {"gp-pi-paper", make_gp_pi_paper_sampler},
                             {"gp-ei-per-joule", make_gp_ei_per_joule_sampler},
                             {"gp-ehvi", make_gp_ehvi_sampler},
                             {"ms-ehvi", make_ms_ehvi_sampler},
                             {"nsga2", make_nsga2_sampler, "population crossover mutation "},
                             {"semoa", make_semoa_sampler, kSemoaOptions},
                             {"semoa-code", make_semoa_code_sampler, kSemoaOptions},
                             {"sh-emoa", make_sh_emoa_sampler,
                              "population tournament mutation changes ladder evaluations "}};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kSamplers)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kSamplers[i].name;
  return names;
}();

std::vector<std::string> options_of(const Row& row) {
  std::vector<std::string> names;
  std::string_view rest = row.options;
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return names;
}

}  // namespace

std::string_view name(Direction direction) {
  return direction == Direction::minimise ? "minimise" : "maximise";
}

Direction parse_direction(std::string_view what, std::string_view text) {
  require_one_of(what, text, {"minimise", "maximise"});
  return text == "minimise" ? Direction::minimise : Direction::maximise;
}

std::unique_ptr<Sampler> make_sampler(std::string_view text, const SamplerSettings& settings) {
  const auto [name, options] = parse_named_options(text);
  for (const Row& row : kSamplers) {
    if (row.name != name) continue;
    SamplerSettings with_options = settings;
    for (const auto& [option, value] : options) {
      require(!row.options.empty(), name, ": takes no options, got '", option, "'");
      require_one_of(name + ": option", option, options_of(row));
      with_options.options[option] = value;
    }
    return row.make(with_options);
  }
  require_one_of("sampler", name, {kNames.begin(), kNames.end()});
  return nullptr;  // require_one_of() threw
}

std::span<const std::string_view> sampler_names() { return kNames; }

}  // namespace joule::search

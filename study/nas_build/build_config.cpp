// SPDX-License-Identifier: MIT
#include "joule/study/nas_build/build_config.h"

#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/study/json_members.h"
#include "joule/training/config_fields.h"
#include "joule/training/config_json.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kMostSeeds = 1000;

BuildConfig build_small() {
  BuildConfig c;
  c.skeleton.channels = 16;
  c.skeleton.cells = 1;
  c.skeleton.norm_momentum = 0.1;
  c.budgets = {4};
  c.training.limit = 12'000;
  c.training.batch = 128;
  return c;
}

BuildConfig build_paper() {
  BuildConfig c{.preset = "paper"};
  c.budgets = {4, 12, 36, 108};
  c.training.augment = "crop-flip";
  c.training.batch = 256;
  return c;
}

void check_budgets(const std::vector<std::int64_t>& budgets) {
  require(!budgets.empty(), "budgets: expected at least one number of epochs");
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    training::require_count("budgets", budgets[i], 10'000);
    require(i == 0 || budgets[i - 1] < budgets[i], "budgets: expected ascending numbers, got ",
            budgets[i], " after ", budgets[i - 1]);
  }
}

/// Trainings = cells * budgets * seeds.
void check_extent(const BuildConfig& c) {
  const auto cells = static_cast<std::int64_t>(nas::canonical_cells(c.space).size());
  const auto each = static_cast<std::int64_t>(c.budgets.size()) * c.seeds;
  require(cells <= kMostTrainings / each, "a study trains at most ", kMostTrainings, " nets, ",
          cells, " cells of ", c.space.vertices, " vertices with ", each,
          each == 1 ? " training each are more" : " trainings each are more");
}

}  // namespace

std::vector<std::string> build_presets() { return {"small", "paper"}; }

BuildConfig build_preset(std::string_view preset, const std::string& data) {
  require_one_of("preset", std::string(preset), build_presets());
  BuildConfig c = preset == "small" ? build_small() : build_paper();
  c.training.model = "cell";
  c.training.data = data;
  c.training.validation = 0.2;
  c.training.optimizer = "rmsprop";
  c.training.lr = 0.1;
  c.training.momentum = 0.9;
  c.training.epsilon = 1;
  c.training.weight_decay = 1e-4;
  c.training.schedule = "cosine";
  // The same figures for any number of workers, among which the processors are divided.
  c.training.deterministic = true;
  return c;
}

void check(const BuildConfig& c) {
  training::Config training = c.training;
  training.model = "small-cnn";  // the trial's own comes in its place
  check(training);
  require(c.training.net.empty(), "net: the study makes its own nets");
  require(c.training.validation > 0,
          "validation: expected more than 0, as searches choose by the images held back");
  check(c.skeleton);
  check_budgets(c.budgets);
  training::require_count("seeds", c.seeds, kMostSeeds);
  check_extent(c);
}

nas::Skeleton skeleton_for(const BuildConfig& config, const Dataset& images) {
  nas::Skeleton skeleton = config.skeleton;
  const Shape image = images.image_shape();
  skeleton.height = image[0];
  skeleton.width = image[1];
  skeleton.colours = image[2];
  skeleton.classes = images.classes();
  return skeleton;
}

std::string to_json(const BuildConfig& c) {
  return dumped(ordered_json{{"preset", c.preset},
                             {"vertices", c.space.vertices},
                             {"edges", c.space.edges},
                             {"channels", c.skeleton.channels},
                             {"cells", c.skeleton.cells},
                             {"stacks", c.skeleton.stacks},
                             {"norm_momentum", c.skeleton.norm_momentum},
                             {"budgets", c.budgets},
                             {"seeds", c.seeds},
                             {"training", json_of(c.training)},
                             {"meter", c.meter}});
}

BuildConfig parse_build_config(std::string_view json, const std::string& path) {
  BuildConfig c;
  ordered_json training;
  JsonMembers members(json, path);
  members.read("preset", c.preset);
  members.read("vertices", c.space.vertices);
  members.read("edges", c.space.edges);
  members.read("channels", c.skeleton.channels);
  members.read("cells", c.skeleton.cells);
  members.read("stacks", c.skeleton.stacks);
  members.read("norm_momentum", c.skeleton.norm_momentum);
  members.read("budgets", c.budgets);
  members.read("seeds", c.seeds);
  members.read("training", training);
  members.read("meter", c.meter);
  members.require_no_other();
  c.training = training::parse_config(dumped(training), path);
  try {
    check(c);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  return c;
}

}  // namespace joule::study

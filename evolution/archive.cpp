// SPDX-License-Identifier: MIT
#include "joule/evolution/archive.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "joule/evolution/json/module_json.h"
#include "joule/search/front/front.h"

namespace joule::evolution {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "joule module archive";
constexpr int kVersion = 1;

void check_values(double power, double quality) {
  require(power > 0 && std::isfinite(power), "archive: power must be positive, got ", power);
  require(std::isfinite(quality), "archive: quality must be finite, got ", quality);
}

std::map<std::int64_t, Genes> layers_of(const Genotype& genotype, const Module& module) {
  std::map<std::int64_t, Genes> layers;
  for (const PlacedLayer& placed : module.layers) {
    layers[placed.layer] = genotype.layers.at(placed.layer);
  }
  return layers;
}

/// See ModuleArchive.
std::size_t worst(const std::vector<ArchivedModule>& modules) {
  std::vector<std::vector<double>> values;
  for (const ArchivedModule& each : modules) values.push_back({each.power, each.quality});
  const search::Objectives objectives({search::Direction::minimise, search::Direction::maximise},
                                      std::move(values));
  const std::vector<std::int64_t> ranks = search::ranks(objectives);
  const std::int64_t last = *std::ranges::max_element(ranks);
  std::vector<std::size_t> members;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] == last) members.push_back(i);
  }
  const std::vector<double> distances = search::crowding_distances(objectives, members);
  const auto least = std::ranges::min_element(distances);
  return members[static_cast<std::size_t>(least - distances.begin())];
}

ordered_json json_of(const ArchivedModule& archived) {
  ordered_json layers = ordered_json::object();
  for (const auto& [id, genes] : archived.layers) layers[std::to_string(id)] = json_of(genes);
  return {{"phenotype", archived.phenotype},
          {"power", archived.power},
          {"quality", archived.quality},
          {"module", json_of(archived.module)},
          {"layers", layers}};
}

ArchivedModule archived_of(const JsonReader& json) {
  json.require_members({"phenotype", "power", "quality", "module", "layers"});
  ArchivedModule read{.module = module_of_json(json.member("module")),
                      .layers = layers_of_json(json.member("layers")),
                      .phenotype = json.member("phenotype").text(),
                      .power = json.member("power").number(),
                      .quality = json.member("quality").number()};
  json.checked([&] { check_values(read.power, read.quality); });
  for (const PlacedLayer& placed : read.module.layers) {
    if (!read.layers.contains(placed.layer)) json.fail(str("there is no layer ", placed.layer));
  }
  return read;
}

}  // namespace

ModuleArchive::ModuleArchive(std::size_t capacity) : capacity_(capacity) {
  require(capacity > 0, "archive: expected a capacity of at least 1, got 0");
}

bool ModuleArchive::contains(const std::string& phenotype) const {
  return std::ranges::count(modules_, phenotype, &ArchivedModule::phenotype) > 0;
}

void ModuleArchive::saw(const std::string& phenotype, double quality) {
  for (ArchivedModule& each : modules_) {
    if (each.phenotype == phenotype) each.quality = std::max(each.quality, quality);
  }
}

bool ModuleArchive::add(const Genotype& genotype, std::size_t module, const Grammar& grammar,
                        double power, double quality) {
  check_values(power, quality);
  std::string phenotype = phenotype_of(genotype, module, grammar);
  if (contains(phenotype)) {
    saw(phenotype, quality);
    return false;
  }
  const Module& added = genotype.modules.at(module);
  modules_.push_back({.module = added,
                      .layers = layers_of(genotype, added),
                      .phenotype = phenotype,
                      .power = power,
                      .quality = quality});
  if (modules_.size() > capacity_) {
    modules_.erase(modules_.begin() + static_cast<std::ptrdiff_t>(worst(modules_)));
  }
  return contains(phenotype);
}

std::vector<double> ModuleArchive::probabilities() const {
  double sum = 0;
  for (const ArchivedModule& each : modules_) sum += 1 / each.power;
  std::vector<double> all;
  for (const ArchivedModule& each : modules_) all.push_back(1 / each.power / sum);
  return all;
}

const ArchivedModule* ModuleArchive::draw(Draws& draws) const {
  return modules_.empty() ? nullptr : &modules_[draws.weighted(probabilities())];
}

std::string to_json(const ModuleArchive& archive) {
  std::string modules;
  for (const ArchivedModule& each : archive.modules()) {
    modules += str(modules.empty() ? "" : ",", "\n    ", json_of(each).dump());
  }
  return str("{\n  \"format\": ", ordered_json(kFormat).dump(), ",\n  \"version\": ", kVersion,
             ",\n  \"capacity\": ", archive.capacity(), ",\n  \"modules\": [", modules,
             modules.empty() ? "" : "\n  ", "]\n}\n");
}

ModuleArchive parse_archive(std::string_view text, const std::string& path) {
  const ordered_json document = JsonReader::parsed(text, path);
  const JsonReader json(document, path);
  json.require_members({"format", "version", "capacity", "modules"});
  if (document["format"] != kFormat || document["version"] != kVersion) {
    json.fail(str("expected format '", kFormat, "', version ", kVersion, ", got ",
                  document["format"].dump(), ", ", document["version"].dump()));
  }
  const std::int64_t capacity = json.member("capacity").integer();
  if (capacity < 1) json.fail(str("capacity: expected at least 1, got ", capacity));
  ModuleArchive archive(static_cast<std::size_t>(capacity));
  std::set<std::string> seen;
  for (const JsonReader& each : json.member("modules").elements()) {
    archive.modules_.push_back(archived_of(each));
    const std::string& phenotype = archive.modules_.back().phenotype;
    if (!seen.insert(phenotype).second) each.fail("its phenotype is there twice");
  }
  if (archive.modules_.size() > archive.capacity_) {
    json.fail(str("expected at most ", capacity, " modules, got ", archive.modules_.size()));
  }
  return archive;
}

void insert(Genotype& genotype, const ArchivedModule& archived, std::size_t place) {
  require(place <= genotype.modules.size(), "archive: there is no place ", place, " among ",
          genotype.modules.size(), " modules");
  std::map<std::int64_t, std::int64_t> numbers;  // of its layers here
  for (const auto& [id, genes] : archived.layers) {
    const std::int64_t number = genotype.unused_layer();
    numbers[id] = number;
    genotype.layers[number] = genes;
  }
  Module module = archived.module;
  for (PlacedLayer& placed : module.layers) placed.layer = numbers.at(placed.layer);
  genotype.modules.insert(genotype.modules.begin() + static_cast<std::ptrdiff_t>(place),
                          std::move(module));
}

}  // namespace joule::evolution

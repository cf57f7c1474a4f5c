// SPDX-License-Identifier: MIT
#include "joule/evolution/individual.h"
#include "joule/evolution/json/json_reader.h"
#include "joule/evolution/json/module_json.h"
#include "joule/io/parse_number.h"

namespace joule::evolution {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "joule individual";
constexpr int kVersion = 1;

ordered_json json_of(const Mutation& mutation) {
  ordered_json json{{"type", mutation.type}, {"generation", mutation.generation}};
  ordered_json data = ordered_json::object();
  for (const auto& [name, value] : mutation.data) data[name] = value;
  json["data"] = data;
  return json;
}

Mutation mutation_of(const JsonReader& json) {
  json.require_members({"type", "generation", "data"});
  Mutation mutation{.type = json.member("type").text(),
                    .generation = json.member("generation").integer()};
  for (const auto& [name, value] : json.member("data").members())
    mutation.data[name] = value.text();
  return mutation;
}

ordered_json json_of(const Codon& codon) {
  ordered_json json = ordered_json::array({codon.alternative});
  for (const std::vector<double>& numbers : codon.numbers) json.push_back(numbers);
  return json;
}

Codon codon_of(const JsonReader& json) {
  const std::vector<JsonReader> elements = json.elements();
  if (elements.empty()) json.fail("expected [alternative, numbers ...], got []");
  Codon codon{.alternative = elements[0].integer()};
  for (std::size_t i = 1; i < elements.size(); ++i) codon.numbers.push_back(elements[i].numbers());
  return codon;
}

PlacedLayer placed_of(const JsonReader& json) {
  json.require_members({"layer", "inputs"});
  return {.layer = json.member("layer").integer(), .inputs = json.member("inputs").integers()};
}

/// A JSON object, a line per member.
std::string lines(const ordered_json& object, const char* indent) {
  std::string text;
  for (const auto& [name, value] : object.items()) {
    text += str(text.empty() ? "" : ",", "\n", indent, "  ", ordered_json(name).dump(), ": ",
                value.dump());
  }
  return text.empty() ? "{}" : "{" + text + "\n" + indent + "}";
}

Genotype genotype_of(const JsonReader& json) {
  json.require_members({"layers", "modules", "output", "macros"});
  Genotype genotype{.layers = layers_of_json(json.member("layers"))};
  for (const JsonReader& module : json.member("modules").elements()) {
    genotype.modules.push_back(module_of_json(module));
    for (const PlacedLayer& placed : genotype.modules.back().layers) {
      if (!genotype.layers.contains(placed.layer)) {
        module.fail(str("there is no layer ", placed.layer));
      }
    }
  }
  genotype.output = genes_of_json(json.member("output"));
  for (const auto& [name, genes] : json.member("macros").members()) {
    genotype.macros[name] = genes_of_json(genes);
  }
  return genotype;
}

}  // namespace

ordered_json json_of(const Genes& genes) {
  ordered_json json = ordered_json::object();
  for (const auto& [name, codons] : genes) {
    ordered_json list = ordered_json::array();
    for (const Codon& codon : codons) list.push_back(json_of(codon));
    json[name] = list;
  }
  return json;
}

Genes genes_of_json(const JsonReader& json) {
  Genes genes;
  for (const auto& [name, codons] : json.members()) {
    for (const JsonReader& codon : codons.elements()) genes[name].push_back(codon_of(codon));
  }
  return genes;
}

std::map<std::int64_t, Genes> layers_of_json(const JsonReader& json) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;  // numbers above it are left for new ones
  std::map<std::int64_t, Genes> layers;
  for (const auto& [name, genes] : json.members()) {
    const std::string number = name;
    const auto id =
        genes.checked([&] { return parse_number<std::int64_t>("the number of a layer", number); });
    if (id < 0 || id > kMost) genes.fail(str("a layer cannot have the number ", id));
    if (!layers.try_emplace(id, genes_of_json(genes)).second) {
      genes.fail(str("there are two layers ", id));
    }
  }
  return layers;
}

ordered_json json_of(const Module& module) {
  ordered_json layers = ordered_json::array();
  for (const PlacedLayer& placed : module.layers) {
    layers.push_back({{"layer", placed.layer}, {"inputs", placed.inputs}});
  }
  return {{"start", module.start}, {"layers", layers}};
}

Module module_of_json(const JsonReader& json) {
  json.require_members({"start", "layers"});
  Module module{.start = json.member("start").text()};
  for (const JsonReader& placed : json.member("layers").elements()) {
    module.layers.push_back(placed_of(placed));
  }
  return module;
}

std::string to_json(const Individual& individual) {
  ordered_json layers = ordered_json::object(), macros = ordered_json::object();
  for (const auto& [id, genes] : individual.genotype.layers) {
    layers[std::to_string(id)] = json_of(genes);
  }
  for (const auto& [name, genes] : individual.genotype.macros) macros[name] = json_of(genes);
  ordered_json modules = ordered_json::array(), history = ordered_json::array();
  for (const Module& module : individual.genotype.modules) modules.push_back(json_of(module));
  for (const Mutation& mutation : individual.history) history.push_back(json_of(mutation));
  const ordered_json parent =
      individual.parent ? ordered_json(*individual.parent) : ordered_json(nullptr);
  return str("{\n  \"format\": ", ordered_json(kFormat).dump(), ",\n  \"version\": ", kVersion,
             ",\n  \"id\": ", individual.id, ",\n  \"parent\": ", parent.dump(),
             ",\n  \"slots\": ", individual.slots,
             ",\n  \"resumes\": ", ordered_json(individual.resumes).dump(),
             ",\n  \"genotype\": {\n    \"layers\": ", lines(layers, "    "),
             ",\n    \"modules\": ", modules.dump(),
             ",\n    \"output\": ", json_of(individual.genotype.output).dump(),
             ",\n    \"macros\": ", lines(macros, "    "),
             "\n  },\n  \"history\": ", history.dump(), "\n}\n");
}

Individual parse_individual(std::string_view text, const std::string& path) {
  const ordered_json document = JsonReader::parsed(text, path);
  const JsonReader json(document, path);
  json.require_members(
      {"format", "version", "id", "parent", "slots", "resumes", "genotype", "history"});
  if (document["format"] != kFormat || document["version"] != kVersion) {
    json.fail(str("expected format '", kFormat, "', version ", kVersion, ", got ",
                  document["format"].dump(), ", ", document["version"].dump()));
  }
  Individual individual{.id = json.member("id").integer(),
                        .genotype = genotype_of(json.member("genotype")),
                        .slots = json.member("slots").integer(),
                        .resumes = json.member("resumes").flag()};
  if (!json.member("parent").is_null()) individual.parent = json.member("parent").integer();
  if (individual.slots < 1) json.fail(str("slots: expected at least 1, got ", individual.slots));
  for (const JsonReader& each : json.member("history").elements()) {
    individual.history.push_back(mutation_of(each));
  }
  return individual;
}

}  // namespace joule::evolution

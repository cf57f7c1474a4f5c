// SPDX-License-Identifier: MIT
#include "joule/cli/output/energy_report.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/energy/json/values_json.h"
#include "joule/io/json_dump.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

using energy::EnergyParts;
using energy::Joules;
using energy::SkippingEnergy;
using nlohmann::ordered_json;
using training::EnergyEstimate;
using training::LayerEnergy;

/// "77/20/3": percent for activations, parameters, compute, and overhead if there is any.
std::string shares(const EnergyParts& parts) {
  const Joules total = parts.total();
  if (total == Joules()) return "-";
  const auto percent = [&](Joules part) { return fmt::format("{:.0f}", 100 * (part / total)); };
  std::string text =
      percent(parts.activations) + "/" + percent(parts.parameters) + "/" + percent(parts.compute);
  if (parts.overhead > Joules()) text += "/" + percent(parts.overhead);
  return text;
}

std::string ratio_text(const SkippingEnergy& energy) {
  return energy.worst.total() > Joules() ? fmt::format("{:.3f}", energy.ratio()) : "-";
}

/// The cells of one layer or of the total; without an energy they are "-".
std::vector<std::string> cells(const SkippingEnergy* energy, bool with_shares) {
  if (!energy) return std::vector<std::string>(with_shares ? 5 : 3, "-");
  std::vector<std::string> text{str(energy->worst.total()), str(energy->optimal.total()),
                                ratio_text(*energy)};
  if (with_shares) {
    text.insert(text.begin() + 1, shares(energy->worst));
    text.insert(text.begin() + 3, shares(energy->optimal));
  }
  return text;
}

const SkippingEnergy* find(const EnergyEstimate& estimate, const std::string& layer) {
  const auto found = std::ranges::find(estimate.layers, layer, &LayerEnergy::layer);
  return found == estimate.layers.end() ? nullptr : &found->energy;
}

/// The layers of all estimates, each once: one that only a later estimate has stands where it has
/// it.
std::vector<std::string> layers_of(const std::vector<EnergyEstimate>& estimates) {
  std::vector<std::string> layers;
  for (const EnergyEstimate& estimate : estimates) {
    auto at = layers.begin();
    for (const LayerEnergy& layer : estimate.layers) {
      auto found = std::ranges::find(layers, layer.layer);
      if (found == layers.end()) found = layers.insert(at, layer.layer);
      at = found + 1;
    }
  }
  return layers;
}

/// The profile asked for, with shares; the others beside it, their names in the heads.
void print_table(const std::vector<EnergyEstimate>& estimates) {
  report::TextTable table{.head = {"layer"}};
  for (const EnergyEstimate& estimate : estimates) {
    const bool main = &estimate == &estimates.front();
    for (const char* head : {"E_worst", "shares %", "E_opt", "shares %", "ratio"}) {
      if (main) table.head.emplace_back(head);
      if (!main && std::string_view(head) != "shares %") {
        table.head.push_back(estimate.profile + " " + head);
      }
    }
  }
  const auto add_row = [&](const std::string& name, auto&& energy_of) {
    std::vector<std::string>& row = table.rows.emplace_back(1, name);
    for (const EnergyEstimate& estimate : estimates) {
      std::ranges::move(cells(energy_of(estimate), &estimate == &estimates.front()),
                        std::back_inserter(row));
    }
  };
  for (const std::string& layer : layers_of(estimates)) {
    add_row(layer, [&](const EnergyEstimate& e) { return find(e, layer); });
  }
  add_row("total", [](const EnergyEstimate& e) { return &e.total; });
  fmt::print("{}:\n{}", estimates.front().profile, text_of(table, columns_of(STDOUT_FILENO)));
}

ordered_json parts(const EnergyParts& p) {
  return {{"activations", p.activations.value()},
          {"parameters", p.parameters.value()},
          {"compute", p.compute.value()},
          {"overhead", p.overhead.value()}};
}

ordered_json profile(const EnergyEstimate& estimate) {
  ordered_json layers = ordered_json::array();
  for (const auto& [layer, kind, energy] : estimate.layers) {
    layers.push_back({{"layer", layer},
                      {"kind", kind},
                      {"worst_joules", parts(energy.worst)},
                      {"optimal_joules", parts(energy.optimal)}});
  }
  return {{"profile", estimate.profile},
          {"quality", "modelled"},
          {"worst", json_of(estimate.worst)},
          {"optimal", json_of(estimate.optimal)},
          {"ratio", estimate.ratio},
          {"ratio_of_sums", estimate.total.ratio()},
          {"worst_joules", parts(estimate.total.worst)},
          {"optimal_joules", parts(estimate.total.optimal)},
          {"layers", layers}};
}

ordered_json counts(const std::vector<training::LayerCounts>& layers) {
  ordered_json array = ordered_json::array();
  for (const auto& [layer, kind, c] : layers) {
    array.push_back({{"layer", layer},
                     {"kind", kind},
                     {"inputs", c.inputs},
                     {"inputs_nonzero", c.inputs_nonzero},
                     {"outputs", c.outputs},
                     {"outputs_nonzero", c.outputs_nonzero},
                     {"parameters", c.parameters},
                     {"parameters_nonzero", c.parameters_nonzero},
                     {"statistics", c.statistics},
                     {"statistics_nonzero", c.statistics_nonzero},
                     {"batch_counters", c.batch_counters},
                     {"operations", c.operations}});
  }
  return array;
}

}  // namespace

void print(const EnergyReport& r) {
  fmt::print("{}: images {}x{}, {} classes; {} images in {} of {}\n", r.spec.name,
             str(r.spec.image), r.spec.channels, r.spec.classes, r.images,
             r.batches == 1 ? "1 batch" : fmt::format("{} batches", r.batches), r.batch);
  if (r.relu_density) {
    fmt::print("synthetic activations: {:g} of what every ReLU puts out is not 0 (seed {})\n",
               *r.relu_density, r.seed);
  } else {
    fmt::print("activations of the data set {}\n", r.data);
  }
  if (r.threshold_bits) {
    fmt::print("{} takes for zero what a machine of {} bits does: magnitudes up to {:.3g}\n",
               r.estimates.front().profile, *r.threshold_bits,
               energy::zero_threshold(*r.threshold_bits));
    fmt::print("(in brackets): layers of the published code that Joule does not run\n");
  }
  fmt::print(
      "modelled: counts times constants, layers not fused; no joule was measured\n"
      "constants: {}\nshares: activations/parameters/compute\n\n",
      r.source);
  print_table(r.estimates);
  const EnergyEstimate& main = r.estimates.front();
  fmt::print("\n{}: E_opt / E_worst = {:.4f}", main.profile, main.ratio);
  if (r.ratios.size() > 1) {
    const auto [low, high] = std::ranges::minmax(r.ratios);
    fmt::print(", the mean over {} batches ({:.4f} to {:.4f})", r.ratios.size(), low, high);
  }
  fmt::print("\n");
  for (std::size_t i = 1; i < r.estimates.size(); ++i) {
    fmt::print("{}: E_opt / E_worst = {:.4f}\n", r.estimates[i].profile, r.estimates[i].ratio);
  }
}

std::string to_json(const EnergyReport& r) {
  ordered_json json{{"version", 1},
                    {"model", r.spec.name},
                    {"input", {r.spec.image.h, r.spec.image.w, r.spec.channels}},
                    {"classes", r.spec.classes},
                    {"images", r.images},
                    {"batches", r.batches},
                    {"batch", r.batch},
                    {"source", r.source}};
  if (r.relu_density) {
    json["relu_density"] = *r.relu_density;
    json["seed"] = r.seed;
  } else {
    json["data"] = r.data;
  }
  if (r.threshold_bits) {
    json["threshold_bits"] = *r.threshold_bits;
    const auto [low, high] = std::ranges::minmax(r.ratios);
    json["batch_ratios"] = {{"least", low}, {"largest", high}};
  }
  for (const EnergyEstimate& estimate : r.estimates) json["profiles"].push_back(profile(estimate));
  json["counts"] = counts(r.counts);
  return dumped(with_schema("joule.energy", 1, json), 2) + "\n";
}

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include "joule/cli/options/cost_models.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/energy/models/fit.h"
#include "joule/io/atomic_file.h"
#include "joule/io/nearest.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kPerMac = "picojoules_per_mac";
constexpr const char* kPerByte = "picojoules_per_byte";

double in_picojoules(energy::Joules energy) { return energy / energy::picojoules(1); }

ordered_json to_json(const energy::Constant& constant) {
  const double middle = in_picojoules(constant.energy);
  if (!constant.half_range) return middle;
  const double half = in_picojoules(*constant.half_range);
  return {{"low", middle - half}, {"high", middle + half}};
}

ordered_json collect() {
  ordered_json models = ordered_json::array();
  for (const energy::AsicModel& model : energy::asic_models()) {
    models.push_back({{"name", model.name},
                      {"kind", "accelerator"},
                      {"source", model.source},
                      {"picojoules_per_operation", in_picojoules(model.per_operation)},
                      {"picojoules_per_value", in_picojoules(model.per_value)},
                      {"statistics_recounts", model.statistics_recounts}});
  }
  for (const energy::CostModel& model : energy::built_in_cost_models()) {
    models.push_back({{"name", model.name},
                      {"kind", "linear"},
                      {"source", model.source},
                      {kPerMac, to_json(model.per_mac)},
                      {kPerByte, to_json(model.per_byte)}});
  }
  const energy::RelativeCostModel& relative = energy::eyeriss();
  models.push_back({{"name", relative.name},
                    {"kind", "relative"},
                    {"source", relative.source},
                    {"macs_per_value", relative.macs_per_value}});
  return models;
}

/// "4.6 pJ", "162.5 to 325 pJ".
std::string picojoule_text(const ordered_json& constant) {
  if (!constant.is_object()) return fmt::format("{:g} pJ", constant.get<double>());
  return fmt::format("{:g} to {:g} pJ", constant["low"].get<double>(),
                     constant["high"].get<double>());
}

std::string constants_text(const ordered_json& model) {
  const std::string kind = model["kind"];
  if (kind == "accelerator") {
    return fmt::format("{} per operation, {} per value, statistics of norms {} times",
                       picojoule_text(model["picojoules_per_operation"]),
                       picojoule_text(model["picojoules_per_value"]),
                       1 + model["statistics_recounts"].get<int>());
  }
  if (kind == "linear") {
    return fmt::format("{} per MAC, {} per byte", picojoule_text(model[kPerMac]),
                       picojoule_text(model[kPerByte]));
  }
  return fmt::format("1 per MAC, {:g} per value; in joules only with --mac-picojoules",
                     model["macs_per_value"].get<double>());
}

void print(const energy::Fit& fit, const std::string& out) {
  const energy::CostModel& model = fit.model;
  const energy::FitQuality& quality = *model.fit;
  fmt::print("{}: {}\n{}\n\n", out, model.name, model.source);
  const auto line = [&]<class Q>(const char* what, Q value, const std::optional<Q>& error) {
    const auto width = [&] {
      return Q(energy::half_width95(value.value(), error->value(), quality));
    };
    fmt::print("{:<10} {:>12}  {}\n", what, str(value),
               error ? "+- " + str(width()) + " (95 %)" : "no positive constant fits better");
  };
  line("per MAC", model.per_mac.energy, model.per_mac.half_range);
  line("per byte", model.per_byte.energy, model.per_byte.half_range);
  if (model.per_call) line("per call", model.per_call->energy, model.per_call->half_range);
  if (model.per_second) line("per second", model.per_second->power, model.per_second->half_range);
  fmt::print(
      "\nchi^2 {:.4g} with {} degrees of freedom; residuals: root mean square {}, largest {}\n",
      quality.chi_square, quality.degrees_of_freedom, str(quality.rms_residual),
      str(quality.largest_residual));
  fmt::print("condition number {:.4g}: from about 30 on, constants can hardly be told apart\n",
             quality.condition_number);
  if (const std::string remark = energy::remark_of(quality); !remark.empty()) {
    fmt::print("note: {}\n", remark);
  }
}

}  // namespace

NamedCostModel find_cost_model(const std::string& name_or_path,
                               std::optional<double> mac_picojoules) {
  if (name_or_path == energy::eyeriss().name) {
    require(
        mac_picojoules.has_value(), name_or_path,
        ": its constants are multiples of the energy of a MAC, not joules; say what a MAC costs "
        "with --mac-picojoules");
    return energy::eyeriss().at(energy::picojoules(*mac_picojoules));
  }
  require(!mac_picojoules, "mac-picojoules: only ", energy::eyeriss().name,
          " leaves open what a MAC costs, ", name_or_path, " does not");
  std::vector<std::string> names;
  for (const ordered_json& model : collect()) names.push_back(model["name"]);
  for (const energy::AsicModel& model : energy::asic_models()) {
    if (model.name == name_or_path) return model;
  }
  const bool linear = std::ranges::count(energy::built_in_cost_models(), name_or_path,
                                         &energy::CostModel::name) > 0;
  if (std::error_code none; !linear && !std::filesystem::exists(name_or_path, none)) {
    throw DataError(str(name_or_path, ": neither a profile (", listed(names), ") nor a file",
                        did_you_mean(name_or_path, names)));
  }
  return energy::load_cost_model(name_or_path);
}

std::string source_of(const NamedCostModel& model) {
  if (const auto* const asic = std::get_if<energy::AsicModel>(&model)) return asic->source;
  const auto& linear = std::get<energy::CostModel>(model);
  if (!linear.fit) return linear.source;
  return fmt::format("{}; device {}, condition number {:.4g}", linear.source, linear.device,
                     linear.fit->condition_number);
}

void print_cost_models(bool json) {
  const ordered_json models = collect();
  if (json) {
    fmt::print("{}\n", models.dump(2));
    return;
  }
  for (const ordered_json& model : models) {
    const std::size_t width = columns_of(STDOUT_FILENO);
    const std::string first = fmt::format("{:<17} {:<12} {}", model["name"].get<std::string>(),
                                          model["kind"].get<std::string>(), constants_text(model));
    const std::string second =
        fmt::format("{:<17} {:<12} {}", "", "", model["source"].get<std::string>());
    fmt::print("{}\n{}\n", report::wrapped(first, width, 31), report::wrapped(second, width, 31));
  }
}

void fit_cost_model(const std::string& trace, const std::string& out, bool json) {
  const energy::Fit fit = [&] {
    const energy::MeasuredWindows measured = energy::load_measured_windows(trace);
    try {
      return energy::fit_cost_model(measured);
    } catch (const ArgumentError& error) {
      throw DataError(str(trace, ": ", error.what()));  // it is the file that is at fault
    }
  }();
  const std::string text = energy::to_json(fit.model);
  write_file_atomically(out, text);
  if (json) {
    fmt::print("{}", text);
  } else {
    print(fit, out);
  }
}

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/energy/json/json_members.h"
#include "joule/energy/models/fit.h"
#include "joule/io/input_file.h"
#include "joule/io/json_dump.h"

namespace joule::energy {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMaxFitBytes = 64 << 20;
constexpr const char* kFormat = "joule-measured-windows";
constexpr std::int64_t kVersion = 1;
// As a double it stays within the 64 bits that it is written with.
constexpr std::int64_t kMaxCount = std::int64_t{1} << 62;

MeasuredWindows::Window window(const json& object, const std::vector<Charge>& charges,
                               const std::string& place) {
  Members members(object, place);
  MeasuredWindows::Window w{
      .energy = Joules(members.not_negative("joules", "a number of joules")),
      .uncertainty = Joules(members.not_negative("uncertainty_joules", "a number of joules"))};
  if (w.uncertainty == Joules()) {
    throw DataError(str(place, ": 'uncertainty_joules' must be above 0: no meter is exact"));
  }
  for (const Charge charge : charges) {
    const std::string key(name(charge));
    if (charge == Charge::seconds) {
      w.counts.push_back(members.not_negative(key, "a number of seconds"));
      continue;
    }
    const std::int64_t count = members.count(key);
    if (count > kMaxCount) {
      throw DataError(str(place, ": '", key, "' must be at most ", kMaxCount, ", got ", count));
    }
    w.counts.push_back(static_cast<double>(count));
  }
  members.reject_others();
  return w;
}

/// {"value", "standard_error"}, or the value if there is no error: it is 0 then.
ordered_json constant(double value, std::optional<double> error) {
  if (!error) return value;
  return {{"value", value}, {"standard_error", *error}};
}

ordered_json constant(const Constant& c) {
  const auto picojoules_of = [](Joules energy) { return energy / picojoules(1); };
  std::optional<double> error;
  if (c.half_range) error = picojoules_of(*c.half_range);
  return constant(picojoules_of(c.energy), error);
}

ordered_json constant(const ConstantPower& c) {
  std::optional<double> error;
  if (c.half_range) error = c.half_range->value();
  return constant(c.power.value(), error);
}

}  // namespace

MeasuredWindows parse_measured_windows(std::string_view text, const std::string& path) {
  const json document = parse_json(text, path);
  Members trace(document, path);
  if (const std::string format = trace.text("format"); format != kFormat) {
    throw DataError(str(path, ": 'format' must be ", kFormat, ", got ", format));
  }
  if (const std::int64_t version = trace.count("version"); version != kVersion) {
    throw DataError(str(path, ": 'version' must be ", kVersion, ", got ", version));
  }
  MeasuredWindows measured{.device = trace.text("device"),
                           .meter = trace.text("meter"),
                           .charges = {Charge::macs, Charge::bytes}};
  // Of files of an earlier version it is in each window's uncertainty.
  if (trace.has("systematic")) measured.systematic = trace.not_negative("systematic");
  const json& windows = trace.at("windows");
  if (!windows.is_array()) {
    throw DataError(str(path, ": 'windows' must be an array, got ", windows.type_name()));
  }
  // What the first window states, all must.
  for (const Charge charge : {Charge::calls, Charge::seconds}) {
    if (!windows.empty() && windows[0].contains(name(charge))) measured.charges.push_back(charge);
  }
  for (std::size_t i = 0; i < windows.size(); ++i) {
    measured.windows.push_back(window(windows[i], measured.charges, str(path, ": window ", i)));
  }
  trace.reject_others();
  return measured;
}

MeasuredWindows load_measured_windows(const std::string& path) {
  return parse_measured_windows(read_file(path, kMaxFitBytes, "a file of windows"), path);
}

std::string to_json(const MeasuredWindows& measured) {
  ordered_json windows = ordered_json::array();
  for (const MeasuredWindows::Window& w : measured.windows) {
    ordered_json object{{"joules", w.energy.value()},
                        {"uncertainty_joules", w.uncertainty.value()}};
    for (std::size_t i = 0; i < measured.charges.size(); ++i) {
      const Charge charge = measured.charges[i];
      const std::string key(name(charge));
      if (charge == Charge::seconds) {
        object[key] = w.counts[i];
      } else {
        object[key] = static_cast<std::int64_t>(w.counts[i]);
      }
    }
    windows.push_back(object);
  }
  const ordered_json document{{"format", kFormat},
                              {"version", kVersion},
                              {"device", measured.device},
                              {"meter", measured.meter},
                              {"systematic", measured.systematic},
                              {"windows", windows}};
  return dumped(document, 2) + "\n";
}

std::string to_json(const CostModel& model) {
  require(model.fit.has_value(), model.name, ": only a fitted profile is written");
  ordered_json profile{{"name", model.name}, {"source", model.source}};
  if (!model.device.empty()) profile["device"] = model.device;
  profile["picojoules_per_mac"] = constant(model.per_mac);
  profile["picojoules_per_byte"] = constant(model.per_byte);
  if (model.per_call) profile["picojoules_per_call"] = constant(*model.per_call);
  if (model.per_second) profile["watts"] = constant(*model.per_second);
  profile["fit"] = {{"windows", model.fit->windows},
                    {"degrees_of_freedom", model.fit->degrees_of_freedom},
                    {"chi_square", model.fit->chi_square},
                    {"condition_number", model.fit->condition_number},
                    {"systematic", model.fit->systematic},
                    {"rms_residual_joules", model.fit->rms_residual.value()},
                    {"largest_residual_joules", model.fit->largest_residual.value()}};
  return dumped(profile, 2) + "\n";
}

}  // namespace joule::energy

// SPDX-License-Identifier: MIT
#include <filesystem>

#include "joule/core/error.h"
#include "joule/energy/json/json_members.h"
#include "joule/energy/models/cost_model.h"
#include "joule/io/input_file.h"
#include "joule/io/nearest.h"

namespace joule::energy {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBytes = 1 << 20;

/// A number, {low, high}, or {value, standard_error}.
struct Stated {
  double middle;
  std::optional<double> half_range;
};

Stated stated(Members& profile, const std::string& key, std::string_view what,
              const std::string& path) {
  if (!profile.at(key).is_object()) return {profile.not_negative(key, what), {}};
  const std::string place = str(path, ": '", key, "'");
  Members range(profile.at(key), place);
  Stated result{};
  if (range.has("value")) {
    result = {range.not_negative("value", what), range.not_negative("standard_error", what)};
  } else {
    const double low = range.not_negative("low", what);
    const double high = range.not_negative("high", what);
    if (low > high) throw DataError(str(place, ": low ", low, " is above high ", high));
    result = {low + (high - low) / 2, (high - low) / 2};
  }
  range.reject_others();
  return result;
}

Constant constant(Members& profile, const std::string& key, const std::string& path) {
  const Stated s = stated(profile, key, "a number of picojoules", path);
  Constant c{picojoules(s.middle), {}};
  if (s.half_range) c.half_range = picojoules(*s.half_range);
  return c;
}

ConstantPower power(Members& profile, const std::string& key, const std::string& path) {
  const Stated s = stated(profile, key, "a number of watts", path);
  ConstantPower c{Watts(s.middle), {}};
  if (s.half_range) c.half_range = Watts(*s.half_range);
  return c;
}

FitQuality fit_quality(const json& object, const std::string& path) {
  Members fit(object, str(path, ": 'fit'"));
  FitQuality quality{.windows = fit.count("windows"),
                     .degrees_of_freedom = fit.count("degrees_of_freedom"),
                     .chi_square = fit.not_negative("chi_square"),
                     .condition_number = fit.not_negative("condition_number"),
                     .rms_residual = Joules(fit.not_negative("rms_residual_joules")),
                     .largest_residual = Joules(fit.not_negative("largest_residual_joules"))};
  if (fit.has("systematic")) quality.systematic = fit.not_negative("systematic");
  fit.reject_others();
  return quality;
}

}  // namespace

CostModel parse_cost_model(std::string_view text, const std::string& path) {
  const json document = parse_json(text, path);
  Members profile(document, path);
  CostModel model{.name = profile.text("name"),
                  .source = profile.text("source"),
                  .per_mac = constant(profile, "picojoules_per_mac", path),
                  .per_byte = constant(profile, "picojoules_per_byte", path)};
  if (profile.has("picojoules_per_call")) {
    model.per_call = constant(profile, "picojoules_per_call", path);
  }
  if (profile.has("watts")) model.per_second = power(profile, "watts", path);
  if (profile.has("device")) model.device = profile.text("device");
  if (profile.has("fit")) model.fit = fit_quality(profile.at("fit"), path);
  profile.reject_others();
  for (const CostModel& built_in : built_in_cost_models()) {
    if (model.name == built_in.name) {
      throw DataError(str(path, ": '", model.name, "' is the name of a built-in profile"));
    }
  }
  return model;
}

CostModel load_cost_model(const std::string& name_or_path) {
  std::vector<std::string> names;
  for (const CostModel& model : built_in_cost_models()) {
    if (model.name == name_or_path) return model;
    names.push_back(model.name);
  }
  require(name_or_path != eyeriss().name, eyeriss().name,
          ": its constants are multiples of the energy of a MAC, not joules; say what a MAC costs");
  if (std::error_code none; !std::filesystem::exists(name_or_path, none)) {
    throw DataError(str(name_or_path, ": neither a profile (", listed(names),
                        ") nor a readable file", did_you_mean(name_or_path, names)));
  }
  return parse_cost_model(read_file(name_or_path, kMaxBytes, "a profile"), name_or_path);
}

}  // namespace joule::energy

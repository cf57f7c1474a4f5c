// SPDX-License-Identifier: MIT
#include "joule/training/run/spent_file.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/input_file.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"

namespace joule::training {
namespace {

using energy::Joules;
using nlohmann::ordered_json;

constexpr const char *kSpentJoules = "spent_joules", *kBudgetJoules = "budget_joules";

std::string spent_path(const std::string& folder) {
  return (std::filesystem::path(folder) / "spent.json").string();
}

}  // namespace

SpentFile parse_spent(std::string_view text, const std::string& path) {
  const std::string fault = fault_of_json(text);
  if (!fault.empty()) throw DataError(str(path, ": ", fault));
  const ordered_json json = ordered_json::parse(text);
  const auto joules = [&](const char* key) {
    const bool known = json.is_object() && json.contains(key) && json[key].is_number();
    const double value = known ? json[key].get<double>() : -1;
    if (value < 0 || !std::isfinite(value)) {
      throw DataError(str(path, ": expected '", key, "', a number of joules >= 0"));
    }
    return Joules(value);
  };
  return {.spent = joules(kSpentJoules), .budget = joules(kBudgetJoules)};
}

std::string to_json(const SpentFile& spent) {
  const ordered_json json{{kSpentJoules, spent.spent.value()},
                          {kBudgetJoules, spent.budget.value()}};
  return dumped(json, 2) + "\n";
}

std::optional<SpentFile> read_spent(const std::string& folder) {
  const std::string path = spent_path(folder);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  return parse_spent(read_file(path), path);
}

void write_spent(const std::string& folder, const SpentFile& spent) {
  write_file_atomically(spent_path(folder), to_json(spent));
}

void remove_spent(const std::string& folder) {
  std::error_code error;
  std::filesystem::remove(spent_path(folder), error);
  if (error) throw DataError(str(spent_path(folder), ": cannot be removed: ", error.message()));
}

}  // namespace joule::training

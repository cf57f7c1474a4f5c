// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include "joule/bench/environment.h"
#include "joule/bench/statistics.h"
#include "joule/core/shape.h"
#include "joule/measure/environment_json.h"

// JSON that all reports of this folder share.
namespace joule::bench {

struct ConvReport;
struct StepsReport;

/// Whole reports.  The keys are in docs/cli.md.
nlohmann::ordered_json json_of(const ConvReport& report);
nlohmann::ordered_json json_of(const StepsReport& report);

nlohmann::ordered_json json_of(const Spread& spread);
using measure::json_of;
nlohmann::ordered_json json_of(const Shape& shape);

/// null if there is nothing.
template <class T>
nlohmann::ordered_json json_or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  if constexpr (requires { json_of(*value); }) {
    return json_of(*value);
  } else {
    return *value;
  }
}

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#include "joule/energy/json/meter_json.h"

#include <nlohmann/json.hpp>

#include "joule/energy/json/json.h"

namespace joule::energy {
namespace {

using nlohmann::ordered_json;

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

std::string dump(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

template <class Q>
ordered_json parsed(const Figure<Q>& figure) {
  return ordered_json::parse(to_json(figure));
}

}  // namespace

std::string to_json(const MeterInfo& meter) {
  ordered_json unit, period, systematic;
  if (meter.unit > Joules(0)) {
    unit = meter.unit.value();
    systematic = meter.systematic;
  }
  if (meter.update_period) period = meter.update_period->value();
  return dump({{"name", meter.name},
               {"scope", text_or_null(meter.scope)},
               {"domain", name(meter.domain)},
               {"status", name(meter.status)},
               {"reason", text_or_null(meter.reason)},
               {"remedy", text_or_null(meter.remedy)},
               {"joules_per_tick", unit},
               {"update_period_s", period},
               {"systematic", systematic},
               {"remarks", meter.remarks}});
}

std::string to_json(const Measurement& measurement) {
  return dump({{"gross", parsed(measurement.gross)},
               {"idle", parsed(measurement.idle)},
               {"dynamic", parsed(measurement.dynamic)},
               {"power", parsed(measurement.power)},
               {"duration", parsed(measurement.duration)},
               {"remarks", measurement.remarks}});
}

}  // namespace joule::energy

// SPDX-License-Identifier: MIT
#include "joule/energy/json/meter_json.h"

#include <nlohmann/json.hpp>

#include "joule/energy/json/values_json.h"
#include "joule/io/json_dump.h"

namespace joule::energy {
namespace {

using nlohmann::ordered_json;

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

}  // namespace

ordered_json json_of(const MeterInfo& meter) {
  ordered_json unit, period, systematic, quality, most, limit, band;
  if (meter.unit > Joules(0)) {
    unit = meter.unit.value();
    systematic = meter.systematic;
    quality = name(meter.integrates_power ? Quality::sampled : Quality::measured);
  }
  if (meter.most) most = meter.most->value();
  if (meter.limit) limit = meter.limit->value();
  if (meter.band_hz) band = *meter.band_hz;
  if (meter.update_period) period = meter.update_period->value();
  return {{"name", meter.name},
          {"scope", text_or_null(meter.scope)},
          {"domain", name(meter.domain)},
          {"status", name(meter.status)},
          {"reason", text_or_null(meter.reason)},
          {"remedy", text_or_null(meter.remedy)},
          {"joules_per_tick", unit},
          {"update_period_s", period},
          {"systematic", systematic},
          {"quality", quality},
          {"most_watts", most},
          {"limit_watts", limit},
          {"band_hz", band},
          {"remarks", meter.remarks}};
}

ordered_json json_of(const Measurement& measurement) {
  return {{"gross", json_of(measurement.gross)},       {"idle", json_of(measurement.idle)},
          {"dynamic", json_of(measurement.dynamic)},   {"power", json_of(measurement.power)},
          {"duration", json_of(measurement.duration)}, {"remarks", measurement.remarks}};
}

std::string to_json(const MeterInfo& meter) { return dumped(json_of(meter)); }
std::string to_json(const Measurement& measurement) { return dumped(json_of(measurement)); }

}  // namespace joule::energy

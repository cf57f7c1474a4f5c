// SPDX-License-Identifier: MIT
#include "joule/measure/environment_json.h"

#include <nlohmann/json.hpp>

#include "joule/io/json_dump.h"

namespace joule::measure {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json value_or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

}  // namespace

ordered_json json_of(const Environment& e) {
  ordered_json caches = ordered_json::object();
  for (const auto& [name, bytes] : e.machine.caches) caches[name] = bytes;
  ordered_json json{{"date", text_or_null(e.date)},
                    {"cpu", e.cpu},
                    {"simd", e.simd},
                    {"processors", e.processors},
                    {"threads", e.threads},
                    {"load_before", value_or_null(e.load)},
                    {"compiler", e.compiler},
                    {"flags", text_or_null(e.flags)},
                    {"joule", e.joule},
                    {"commit", text_or_null(e.commit)},
                    {"onednn", value_or_null(e.onednn)},
                    {"governor", text_or_null(e.machine.governor)},
                    {"frequency_hz", value_or_null(e.machine.hertz)},
                    {"temperature_celsius", value_or_null(e.machine.celsius)},
                    {"cache_bytes", caches},
                    {"memory_limit_bytes", value_or_null(e.machine.memory_limit)}};
  if (e.gpu) {
    json["gpu"] = {{"name", e.gpu->name},
                   {"driver", text_or_null(e.machine.gpu_driver)},
                   {"cuda", e.gpu->cuda}};
  }
  json["warnings"] = e.warnings;
  return json;
}

std::string environment_json() { return dumped(json_of(environment())); }

}  // namespace joule::measure

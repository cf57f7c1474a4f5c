// SPDX-License-Identifier: MIT
#include "joule/report/figures.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace joule::report {

std::string count(std::int64_t value) {
  double scaled = static_cast<double>(value);
  const char* const prefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t prefix = 0;
  for (; scaled >= 1000 && prefix < 5; ++prefix) scaled /= 1000;
  return prefix == 0 ? std::to_string(value) : fmt::format("{:.4g}{}", scaled, prefixes[prefix]);
}

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

Scale scale_for(double largest, std::string_view unit) {
  static constexpr std::array kPrefixes = {"p", "n", "µ", "m", "", "k", "M", "G"};
  constexpr int kNone = 4;
  const int thousands =
      largest > 0 ? static_cast<int>(std::floor(std::log10(largest) / 3 + 1e-9)) : 0;
  const int prefix = std::clamp(kNone + thousands, 0, static_cast<int>(kPrefixes.size()) - 1);
  return {.factor = std::pow(1000.0, kNone - prefix),
          .unit = std::string(kPrefixes[static_cast<std::size_t>(prefix)]) + std::string(unit)};
}

Line stretches(std::string name, std::span<const Stretch> stretches) {
  Line line{.name = std::move(name), .marks = false};
  for (const auto& [begin, end, watts, half_width] : stretches) {
    const bool apart = !line.points.empty() && begin > line.points.back().x;
    line.points.push_back({begin, watts, watts, watts, apart});
    line.points.push_back({(begin + end) / 2, watts, watts - half_width, watts + half_width});
    line.points.push_back({end, watts, watts, watts});
  }
  return line;
}

Table table_of(std::string caption, const Pairs& pairs) {
  Table table{.caption = std::move(caption), .head = {"what", "is"}, .prose = true};
  for (const auto& [what, is] : pairs) table.rows.push_back({what, is});
  return table;
}

bool none_can_be_read(std::span<const energy::MeterInfo> sources) {
  return !sources.empty() && std::ranges::none_of(sources, [](const energy::MeterInfo& source) {
    return source.status == energy::Status::ok;
  });
}

Table table_of(std::span<const energy::MeterInfo> sources) {
  Table table{.caption = "Sources of measured energy on this machine",
              .head = {"source", "status", "scope, or why it cannot be read", "what to do"},
              .prose = true};
  for (const energy::MeterInfo& source : sources) {
    std::string said = source.reason.empty() ? source.scope : source.reason;
    for (const std::string& remark : source.remarks) said += "; " + remark;
    table.rows.push_back(
        {source.name, std::string(energy::name(source.status)), said, source.remedy});
  }
  return table;
}

Pairs facts(const energy::MeterInfo& meter) {
  Pairs pairs{{"meter", meter.name}};
  if (!meter.scope.empty()) pairs.emplace_back("scope", meter.scope);
  if (meter.domain != energy::Domain::unknown) {
    pairs.emplace_back("counts", meter.domain == energy::Domain::gpu ? "a GPU"
                                 : meter.domain == energy::Domain::module
                                     ? "a GPU's whole module"
                                     : str("the ", name(meter.domain)));
  }
  if (!meter.reason.empty()) {
    pairs.emplace_back("status", str(energy::name(meter.status), ": ", meter.reason));
  }
  if (meter.unit > energy::Joules(0)) {
    pairs.emplace_back("resolution", str(meter.unit, " a tick"));
    const bool replay = meter.name.starts_with("replay");
    pairs.emplace_back("update period",
                       meter.update_period ? str(*meter.update_period,
                                                 replay ? ", as the trace says" : ", as calibrated")
                                           : "unknown, so figures have no uncertainty");
    pairs.emplace_back("systematic error", meter.systematic > 0
                                               ? str("± ", percent(meter.systematic))
                                               : "none is stated");
  }
  for (const std::string& remark : meter.remarks) pairs.emplace_back("remark", remark);
  return pairs;
}

}  // namespace joule::report

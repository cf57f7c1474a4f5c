// SPDX-License-Identifier: MIT
#include "joule/energy/json/json.h"

#include <nlohmann/json.hpp>

#include "joule/energy/json/values_json.h"
#include "joule/io/json_dump.h"

namespace joule::energy {

using nlohmann::ordered_json;

ordered_json json_of(std::span<const Ledger::Line> lines) {
  ordered_json array = ordered_json::array();
  for (const Ledger::Line& line : lines) {
    array.push_back({{"layer", line.run.scope.layer},
                     {"phase", name(line.run.scope.phase)},
                     {"op", line.run.op},
                     {"implementation", line.run.implementation},
                     {"calls", line.calls},
                     {"macs", line.work.macs},
                     {"bytes_read", line.work.bytes_read},
                     {"bytes_written", line.work.bytes_written},
                     {"macs_skippable", line.tally.macs_skippable},
                     {"macs_skipped", line.tally.macs_skipped},
                     {"values_in", line.tally.values_in},
                     {"values_in_nonzero", line.tally.values_in_nonzero},
                     {"nanoseconds", line.tally.nanoseconds}});
  }
  return array;
}

template <class Q>
ordered_json json_of(const Figure<Q>& figure) {
  ordered_json value, uncertainty, reason;
  if (!figure.available()) {
    reason = figure.reason();
  } else {
    value = figure.value().value();
    if (figure.uncertainty()) uncertainty = figure.uncertainty()->value();
  }
  return {{"value", value},
          {"unit", Q::kUnit},
          {"uncertainty", uncertainty},
          {"quality", name(figure.quality())},
          {"source", figure.source()},
          {"reason", reason}};
}

template ordered_json json_of(const Figure<Joules>&);
template ordered_json json_of(const Figure<Watts>&);
template ordered_json json_of(const Figure<Seconds>&);

std::string to_json(std::span<const Ledger::Line> lines) { return dumped(json_of(lines), 2); }

template <class Q>
std::string to_json(const Figure<Q>& figure) {
  return dumped(json_of(figure));
}

template std::string to_json(const Figure<Joules>&);
template std::string to_json(const Figure<Watts>&);
template std::string to_json(const Figure<Seconds>&);

}  // namespace joule::energy

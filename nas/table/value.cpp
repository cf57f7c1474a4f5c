// SPDX-License-Identifier: MIT
#include "joule/nas/table/value.h"

#include <array>
#include <cmath>

#include "joule/core/error.h"

namespace joule::nas {
namespace {

constexpr std::array<std::string_view, kCheckpoints> kCheckpointNames{"run", "start", "half",
                                                                      "end"};

}  // namespace

std::string_view name(Checkpoint checkpoint) {
  return kCheckpointNames[static_cast<std::size_t>(checkpoint)];
}

Checkpoint parse_checkpoint(std::string_view text, const std::string& where) {
  std::string all;
  for (std::size_t i = 0; i < kCheckpointNames.size(); ++i) {
    if (kCheckpointNames[i] == text) return static_cast<Checkpoint>(i);
    all += str(i > 0 ? ", " : "", kCheckpointNames[i]);
  }
  throw DataError(str(where, ": checkpoint: expected one of ", all, ", got '", text, "'"));
}

void check(const Value& value) {
  const std::string& what = value.metric.name;
  require(!what.empty(), "a value of a table has no name");
  const bool available = value.origin.quality != Quality::unavailable;
  require(value.number.has_value() == available, what,
          ": expected a number, or none of the quality unavailable");
  require(available || !value.origin.reason.empty(), what,
          ": a number that is unavailable needs a reason");
  require(value.low.has_value() == value.high.has_value(), what,
          ": expected both ends of the interval, or none");
  require(!value.low || value.number, what, ": an interval without a number");
  for (const std::optional<double>& number : {value.number, value.low, value.high}) {
    require(!number || std::isfinite(*number), what, ": expected a finite number, got ",
            number.value_or(0));
  }
  require(!value.low || (*value.low <= *value.number && *value.number <= *value.high), what,
          ": expected low <= number <= high, got ", value.low.value_or(0), ", ",
          value.number.value_or(0), ", ", value.high.value_or(0));
}

}  // namespace joule::nas

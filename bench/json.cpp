// SPDX-License-Identifier: MIT
#include "joule/bench/json.h"

namespace joule::bench {

using nlohmann::ordered_json;

ordered_json json_of(const Spread& s) {
  return {{"median", s.median},
          {"lower_quartile", s.lower},
          {"upper_quartile", s.upper},
          {"least", s.least},
          {"most", s.most},
          {"count", s.count}};
}

ordered_json json_of(const Shape& shape) {
  return std::vector<std::int64_t>(shape.begin(), shape.end());
}

}  // namespace joule::bench

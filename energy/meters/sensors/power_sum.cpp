// SPDX-License-Identifier: MIT
#include "joule/energy/meters/sensors/power_sum.h"

namespace joule::energy {

void PowerSum::add(std::int64_t microwatts, std::int64_t now_ns) {
  if (sum_.samples > 0) {
    __extension__ using Wide = __int128;  // a second at ten kilowatts does not fit 64 bits
    constexpr std::int64_t kHalves = 2'000'000'000;  // of a femtojoule, in a microjoule
    const Wide halves = Wide{microwatts + last_uw_} * (now_ns - last_ns_) + half_femtojoules_;
    sum_.microjoules += static_cast<std::int64_t>(halves / kHalves);
    half_femtojoules_ = static_cast<std::int64_t>(halves % kHalves);
  }
  skip_to(microwatts, now_ns);
}

void PowerSum::skip_to(std::int64_t microwatts, std::int64_t now_ns) {
  ++sum_.samples;
  last_uw_ = microwatts;
  last_ns_ = now_ns;
}

}  // namespace joule::energy

// SPDX-License-Identifier: MIT
#include "joule/study/workers/proposal_meter.h"

#include <chrono>
#include <optional>

#include "joule/energy/run_meters.h"
#include "joule/study/workers/meter_lock.h"

namespace joule::study {
std::vector<Value> ProposalMeter::measure(const std::function<void()>& propose) {
  if (!selection_.empty() && !metering_) {
    metering_ = std::make_shared<training::Metering>(
        energy::open_run_meters(selection_, {.device = Device::cpu}));
  }
  std::optional<MeterLock> lock;
  std::optional<training::MeteredLaps> laps;
  if (metering_) {
    lock = MeterLock::wait(locks_of(*metering_), [] { return true; });
    if (lock) laps.emplace(*metering_);
  }
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  propose();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<Value> values{measured(std::string(kProposalTime), seconds, "s", "monotonic clock")};
  if (laps) {
    values.push_back(
        value_of(std::string(kProposalEnergy), energy::total(laps->lap("a proposal")).gross));
  } else if (metering_) {
    values.push_back(unavailable(std::string(kProposalEnergy), "J", "",
                                 "a trial had the meters to itself meanwhile"));
  }
  return values;
}

}  // namespace joule::study

// SPDX-License-Identifier: MIT
#include "joule/energy/meters/none.h"

#include <utility>

namespace joule::energy {
namespace {

class UnreadableMeter final : public Meter {
 public:
  using Meter::Meter;

 private:
  Sample sample(Purpose) override { return {.failure = info().reason}; }
};

}  // namespace

std::unique_ptr<Meter> unreadable_meter(const Machine& machine, std::string name, Status status,
                                        std::string reason, std::string remedy) {
  const Domain domain = domain_of(name);
  return unreadable_meter(machine, {.name = std::move(name), .domain = domain}, status,
                          std::move(reason), std::move(remedy));
}

std::unique_ptr<Meter> unreadable_meter(const Machine& machine, MeterInfo info, Status status,
                                        std::string reason, std::string remedy) {
  info.unit = Joules();  // as it has no ticks
  info.status = status;
  info.reason = std::move(reason);
  info.remedy = std::move(remedy);
  return std::make_unique<UnreadableMeter>(std::move(info), *machine.clock);
}

std::unique_ptr<Meter> no_meter(const Machine& machine) {
  return unreadable_meter(
      machine, "none", Status::off, "no meter was asked for",
      "choose one: auto, nvml, rocm_smi, perf, rapl, hwmon, battery, stream:..., replay:FILE");
}

}  // namespace joule::energy

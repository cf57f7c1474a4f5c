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
  return std::make_unique<UnreadableMeter>(MeterInfo{.name = std::move(name),
                                                     .domain = domain,
                                                     .status = status,
                                                     .reason = std::move(reason),
                                                     .remedy = std::move(remedy)},
                                           *machine.clock);
}

std::unique_ptr<Meter> no_meter(const Machine& machine) {
  return unreadable_meter(machine, "none", Status::off, "no meter was asked for",
                          "choose one: auto, nvml, perf, rapl, replay:FILE");
}

}  // namespace joule::energy

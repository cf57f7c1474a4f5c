// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"
#include "joule/energy/meters/gpu/nvml_library.h"

namespace joule::energy::nvml {

/// What a card says that it draws: the power of the moment where the driver tells it, else that of
/// nvmlDeviceGetPowerUsage.
class PowerSensor {
 public:
  PowerSensor(std::shared_ptr<Library> library, Device device);

  struct Answer {
    std::int64_t milliwatts = 0;
    Return code = kSuccess;
  };
  bool tells_the_moment() const { return instant_; }
  /// Of the moment; not supported before NVML 12.2, nor by older cards.
  Answer instant() const;
  /// The best that there is.
  Answer power() const;
  /// "nvmlDeviceGetPowerUsage: GPU is lost": what power() answered.
  std::string text(Return code) const;
  /// Whether power() is the mean of a whole second: nvmlDeviceGetPowerUsage from Ampere on, or on
  /// a card that does not say what it is.
  bool averages_a_second() const { return averages_; }

 private:
  std::shared_ptr<Library> library_;
  Device device_;
  bool instant_ = false, averages_ = false;
};

/// The energy of a card without an energy counter, as that of any energy::power_meter().
///
/// `info` needs scope, domain and the like; what follows from the sensor is filled in.
std::unique_ptr<Meter> power_meter(const Machine& machine, MeterInfo info, PowerSensor sensor);

}  // namespace joule::energy::nvml

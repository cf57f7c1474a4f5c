// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/energy/domain.h"
#include "joule/energy/machine.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

/// One sensor of a chip that tells power or energy.
struct HwmonSensor {
  enum class Kind {
    energy,   // a counter, in microjoules
    average,  // mean power, in microwatts
    input,    // power of the moment, in microwatts
    product   // of millivolts and milliamperes
  };
  Kind kind = Kind::input;
  std::string file, second{};       // second: the other factor of a product
  std::string label{};              // empty if it has none
  std::optional<Watts> limit{};     // of its power
  std::optional<Seconds> period{};  // over which it averages, or in which it is renewed
  Domain domain = Domain::unknown;
  std::string what{};    // whose energy, in words
  std::string remark{};  // what is left out beside it
};

/// A folder hwmonN.
struct HwmonChip {
  std::string folder, name;
  std::string gpu{};  // PCI bus id of the device, of a graphics driver
  std::vector<HwmonSensor> sensors{};
};

/// The chips that tell power or energy, in the order of their numbers.
std::vector<HwmonChip> find_hwmon_chips(const Machine& machine);

/// Which of a chip's sensors are read, and what they count; open_hwmon() has the table.
void choose_sensors(HwmonChip& chip);

}  // namespace joule::energy

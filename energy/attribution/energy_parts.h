// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/error.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

/// What an energy is spent on.
struct EnergyParts {
  Joules activations;  // moving them to and from memory
  Joules parameters;   // moving them from memory, running statistics included
  Joules compute;
  Joules overhead;  // per call and per second, where a profile charges them

  Joules total() const { return activations + parameters + compute + overhead; }
  EnergyParts& operator+=(const EnergyParts& o) {
    activations += o.activations;
    parameters += o.parameters;
    compute += o.compute;
    overhead += o.overhead;
    return *this;
  }
};

/// The energies of a machine that skips nothing, and of one that skips every zero that counts.
struct SkippingEnergy {
  EnergyParts worst, optimal;

  /// optimal / worst.  Errors: ArgumentError if worst is 0.
  double ratio() const {
    require(worst.total() > Joules(), "energy: there is no ratio, as nothing costs energy here");
    return optimal.total() / worst.total();
  }
  SkippingEnergy& operator+=(const SkippingEnergy& o) {
    worst += o.worst;
    optimal += o.optimal;
    return *this;
  }
};

}  // namespace joule::energy

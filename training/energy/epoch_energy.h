// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/energy/ledger.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/window_sum.h"
#include "joule/training/energy/metering.h"

namespace joule::training {

/// What the training steps of an epoch cost, or one of its evaluations: integers, so that they add
/// up exactly over runs that were interrupted.
struct PartEnergy {
  std::vector<energy::WindowSum> measured;  // per meter; empty if nothing ran
  energy::Totals work;                      // for the models

  /// If the two were measured by different meters, each misses something, and says so.
  PartEnergy& operator+=(const PartEnergy& o);
};

struct EpochEnergy {
  PartEnergy training;
  PartEnergy validation;  // of the images held back, by which is chosen
  PartEnergy evaluation;  // of the test images
  EpochEnergy& operator+=(const EpochEnergy& o);
};

/// All three together.
PartEnergy whole(const EpochEnergy& epoch);

/// The figures of all meters in the sum together.  If nothing ran, they are unavailable.
energy::EnergySplit measured(const PartEnergy& part);
/// What Joule's kernels did, by a profile.
energy::Figure<energy::Joules> modelled(const PartEnergy& part, const energy::CostModel& profile);

/// What the meters in the sum counted, also if it is too little for a figure.
Spent counted(const PartEnergy& part);

}  // namespace joule::training

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
  /// The windows of all three in the order of time, in which neighbours share a reading, so that
  /// their sum is surer than that of the parts.  Empty: those of the parts, one behind the other.
  std::vector<energy::WindowSum> laps{};

  /// The next lap, which is of that part.
  void add(PartEnergy EpochEnergy::*part, const PartEnergy& lap);
  /// The epochs behind these.
  EpochEnergy& operator+=(const EpochEnergy& o);
};

/// All three together.
PartEnergy whole(const EpochEnergy& epoch);
/// The windows of the parts, one behind the other.
std::vector<energy::WindowSum> laps_of_parts(const EpochEnergy& epoch);

/// The figures of all meters in the sum together.  If nothing ran, they are unavailable.
energy::EnergySplit measured(const PartEnergy& part);
/// What Joule's kernels did, by a profile.
energy::Figure<energy::Joules> modelled(const PartEnergy& part, const energy::CostModel& profile);

/// What the meters in the sum counted, also if it is too little for a figure.
Spent counted(const PartEnergy& part);

}  // namespace joule::training

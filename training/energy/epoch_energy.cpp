// SPDX-License-Identifier: MIT
#include "joule/training/energy/epoch_energy.h"

#include <algorithm>

namespace joule::training {
namespace {

using energy::Figure;
using energy::Joules;
using energy::WindowSum;

bool same_meter(const WindowSum& a, const WindowSum& b) {
  return a.meter == b.meter && a.scope == b.scope && a.unit == b.unit &&
         a.systematic == b.systematic;
}

void add_windows(WindowSum& to, const WindowSum& more) {
  add(to, more);
  if (to.beside.empty() == more.beside.empty()) return;
  to.beside.clear();
  if (to.missing.empty()) {
    to.missing = "it was in the run's sum for some windows, and beside it for others";
  }
}

void say_incomplete(WindowSum& sum) {
  if (sum.missing.empty()) sum.missing = "a part of the run was not measured by this meter";
}

void merge(std::vector<WindowSum>& to, const std::vector<WindowSum>& more) {
  if (more.empty()) return;
  if (to.empty()) {
    to = more;
    return;
  }
  const auto among = [](std::vector<WindowSum>& sums, const WindowSum& wanted) {
    return std::find_if(sums.begin(), sums.end(),
                        [&](const WindowSum& sum) { return same_meter(sum, wanted); });
  };
  std::vector<WindowSum> left = more;
  for (WindowSum& sum : to) {
    const auto found = among(left, sum);
    if (found == left.end()) {
      say_incomplete(sum);
    } else {
      add_windows(sum, *found);
      left.erase(found);
    }
  }
  for (WindowSum& sum : left) {
    say_incomplete(sum);
    to.push_back(sum);
  }
}

}  // namespace

PartEnergy& PartEnergy::operator+=(const PartEnergy& o) {
  merge(measured, o.measured);
  work += o.work;
  return *this;
}

std::vector<WindowSum> laps_of_parts(const EpochEnergy& epoch) {
  std::vector<WindowSum> sums = epoch.training.measured;
  merge(sums, epoch.validation.measured);
  merge(sums, epoch.evaluation.measured);
  return sums;
}

PartEnergy whole(const EpochEnergy& epoch) {
  PartEnergy sum{.measured = epoch.laps.empty() ? laps_of_parts(epoch) : epoch.laps, .work = {}};
  for (const PartEnergy* part : {&epoch.training, &epoch.validation, &epoch.evaluation}) {
    sum.work += part->work;
  }
  return sum;
}

void EpochEnergy::add(PartEnergy EpochEnergy::*part, const PartEnergy& lap) {
  laps = whole(*this).measured;
  merge(laps, lap.measured);
  this->*part += lap;
}

EpochEnergy& EpochEnergy::operator+=(const EpochEnergy& o) {
  laps = whole(*this).measured;
  merge(laps, whole(o).measured);
  training += o.training;
  validation += o.validation;
  evaluation += o.evaluation;
  return *this;
}

energy::EnergySplit measured(const PartEnergy& part) {
  if (!part.measured.empty()) return energy::total(part.measured);
  const auto none = Figure<Joules>::unavailable("no meter", "nothing has run");
  return {.gross = none, .idle = none, .dynamic = none};
}

Figure<Joules> modelled(const PartEnergy& part, const energy::CostModel& profile) {
  return profile.energy(part.work, energy::Skipping::executed);
}

Spent counted(const PartEnergy& part) {
  Spent spent;
  for (const WindowSum& sum : part.measured) {
    if (!sum.beside.empty()) continue;
    if (!sum.missing.empty()) return {.problem = sum.missing};
    spent.energy += static_cast<double>(sum.ticks) * sum.unit;
  }
  return spent;
}

}  // namespace joule::training

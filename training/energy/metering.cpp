// SPDX-License-Identifier: MIT
#include "joule/training/energy/metering.h"

#include <algorithm>
#include <utility>

#include "joule/core/error.h"

namespace joule::training {

using energy::Figure;
using energy::Interval;
using energy::Seconds;
using energy::Watts;
using energy::Window;

Metering::Metering(energy::RunMeters run)
    : run_(std::move(run)), idle_(meters().size(), energy::no_idle_power("not asked for")) {
  require(run_.beside.size() == meters().size(), "metering: ", run_.beside.size(),
          " meters are charged, and there are ", meters().size());
  require(std::ranges::count(run_.beside, std::string()) > 0, "metering: no meter is in the sum");
}

const energy::Meter* Metering::unreadable() const {
  for (std::size_t i = 0; i < meters().size(); ++i) {
    if (beside(i).empty() && !meters()[i]->available()) return meters()[i].get();
  }
  return nullptr;
}

void Metering::measure_idle_power(Seconds time, const std::function<bool()>& stop) {
  if (!available()) return;
  const std::vector<energy::Quiet> quiet = energy::watch_idle(meters(), time, stop);
  for (std::size_t i = 0; i < meters().size(); ++i) {
    idle_[i] = energy::measured_idle_power(meters()[i]->info(), {&quiet[i], 1});
  }
}

void Metering::state_idle_power(Watts power) {
  const auto charged = std::ranges::count(run_.beside, std::string());
  require(charged == 1, "idle power: one number was stated for ", charged, " meters; choose one");
  for (std::size_t i = 0; i < meters().size(); ++i) {
    idle_[i] = beside(i).empty()
                   ? energy::stated_idle_power(power)
                   : energy::no_idle_power("it was stated for the meter in the sum alone");
  }
}

std::vector<energy::WindowSum> Metering::nothing() const {
  std::vector<energy::WindowSum> sums;
  for (std::size_t i = 0; i < meters().size(); ++i) {
    sums.push_back(energy::no_windows(meters()[i]->info()));
    sums.back().beside = beside(i);
  }
  return sums;
}

std::shared_ptr<Metering> no_metering() {
  return std::make_shared<Metering>(energy::open_run_meters("none", {}));
}

void add(Spent& to, const Spent& more) {
  to.energy += more.energy;
  if (to.problem.empty()) to.problem = more.problem;
}

MeteredLaps::MeteredLaps(Metering& metering) : metering_(metering) {
  for (const auto& meter : metering.meters()) {
    windows_.push_back(std::make_unique<Window>(*meter));
    begin_.push_back(windows_.back()->so_far().begin);
  }
}

std::vector<energy::WindowSum> MeteredLaps::lap(const std::string& place) {
  std::vector<energy::WindowSum> sums;
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    const Interval interval = windows_[i]->lap();
    begin_[i] = interval.end;
    sums.push_back(
        energy::sum_of(metering_.meters()[i]->info(), interval, metering_.idle_power(i), place));
    sums.back().beside = metering_.beside(i);
  }
  return sums;
}

Spent MeteredLaps::spent(energy::Purpose purpose) const {
  Spent spent;
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    if (!metering_.beside(i).empty()) continue;
    const Interval so_far{begin_[i], metering_.meters()[i]->read(purpose)};
    spent.problem = so_far.problem();
    if (!spent.problem.empty()) return spent;
    spent.energy += static_cast<double>(so_far.ticks()) * so_far.end.unit;
  }
  return spent;
}

}  // namespace joule::training

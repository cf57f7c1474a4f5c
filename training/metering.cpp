// SPDX-License-Identifier: MIT
#include "training/metering.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace joule::training {

using energy::Figure;
using energy::Interval;
using energy::Seconds;
using energy::Watts;
using energy::Window;

Metering::Metering(energy::Meters meters)
    : meters_(std::move(meters)), idle_(meters_.size(), energy::no_idle_power("not asked for")) {
  require(!meters_.empty(), "metering: there is no meter");
}

bool Metering::available() const {
  return std::any_of(meters_.begin(), meters_.end(), [](const auto& m) { return m->available(); });
}

void Metering::measure_idle_power(Seconds time, const std::function<bool()>& stop) {
  if (!available()) return;
  constexpr std::int64_t kSliceNs = 50'000'000;
  std::vector<std::unique_ptr<Window>> windows;
  for (const auto& meter : meters_) windows.push_back(std::make_unique<Window>(*meter));
  for (auto left = static_cast<std::int64_t>(1e9 * time.value()); left > 0 && !(stop && stop());
       left -= kSliceNs) {
    meters_.front()->clock().sleep_ns(std::min(left, kSliceNs));
  }
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const std::vector<Interval> quiet{windows[i]->close()};
    idle_[i] = energy::measured_idle_power(meters_[i]->info(), quiet);
  }
}

void Metering::state_idle_power(Watts power) {
  require(meters_.size() == 1, "idle power: one number was stated for ", meters_.size(),
          " meters; choose one");
  idle_.front() = energy::stated_idle_power(power);
}

std::vector<energy::WindowSum> Metering::nothing() const {
  std::vector<energy::WindowSum> sums;
  for (const auto& meter : meters_) sums.push_back(energy::no_windows(meter->info()));
  return sums;
}

std::shared_ptr<Metering> no_metering() {
  return std::make_shared<Metering>(energy::open_meters("none"));
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
  }
  return sums;
}

Spent MeteredLaps::spent(energy::Purpose purpose) const {
  Spent spent;
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    const Interval so_far{begin_[i], metering_.meters()[i]->read(purpose)};
    spent.problem = so_far.problem();
    if (!spent.problem.empty()) return spent;
    spent.energy += static_cast<double>(so_far.ticks()) * so_far.end.unit;
  }
  return spent;
}

}  // namespace joule::training

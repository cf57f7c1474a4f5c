// SPDX-License-Identifier: MIT
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/energy/clock.h"
#include "joule/energy/json/values_json.h"
#include "joule/energy/ledger.h"
#include "joule/energy/run_meters.h"
#include "joule/energy/window_sum.h"
#include "joule/io/json_dump.h"
#include "joule/python/src/bindings.h"
#include "joule/python/src/meters.h"
#include "joule/training/energy/metering.h"

namespace joule::python {
namespace {

using nlohmann::ordered_json;
using training::Metering;

/// Opened, calibrated meters; measurements and runs share them.
class Meters {
 public:
  explicit Meters(const std::string& selection)
      : metering_(std::make_shared<Metering>(
            energy::open_run_meters(selection, {.device = Device::cpu}))) {}

  const std::shared_ptr<Metering>& metering() const { return metering_; }

  std::string json() const {
    ordered_json all = ordered_json::array();
    for (std::size_t i = 0; i < metering_->meters().size(); ++i) {
      ordered_json entry = energy::json_of(metering_->meters()[i]->info());
      entry["not_in_sum"] = not_in_sum(i);
      all.push_back(std::move(entry));
    }
    return dumped(all);
  }
  ordered_json not_in_sum(std::size_t meter) const {
    const std::string& why = metering_->beside(meter);
    return why.empty() ? ordered_json() : ordered_json(why);
  }

 private:
  std::shared_ptr<Metering> metering_;
};

/// The work of a block; its thread holds it, too, so that nothing dangles if the block ends
/// elsewhere.
struct Block {
  energy::Ledger ledger;
  std::shared_ptr<Block> outer;
  WorkSink* outer_sink = nullptr;
};
thread_local std::shared_ptr<Block> innermost;

/// From begin() to end(): windows of all meters, and the work of this thread's operations.
class Measuring {
 public:
  explicit Measuring(std::shared_ptr<Meters> meters) : meters_(std::move(meters)) {}
  Measuring(const Measuring&) = delete;
  Measuring& operator=(const Measuring&) = delete;

  void begin() {
    require(!block_, "measure: this block has begun already");
    thread_ = std::this_thread::get_id();
    block_ = std::make_shared<Block>();
    block_->outer = std::exchange(innermost, block_);
    block_->outer_sink = std::exchange(context().sink, &block_->ledger);
    laps_.emplace(*meters_->metering());
    began_ns_ = energy::monotonic_clock().now_ns();
  }

  /// What it cost, as JSON.
  std::string end() {
    require(laps_.has_value(), "measure: this block has not begun, or has ended");
    require(thread_ == std::this_thread::get_id(), "measure: the block ended on another thread");
    require(innermost == block_, "measure: a block inside of this one has not ended");
    const std::int64_t nanoseconds = energy::monotonic_clock().now_ns() - began_ns_;
    const auto windows = laps_->lap("the block");
    laps_.reset();
    innermost = block_->outer;
    context().sink = block_->outer_sink;
    if (innermost) innermost->ledger.merge(block_->ledger);  // it ran inside of that one, too
    return dumped(report(windows, nanoseconds));
  }

 private:
  ordered_json report(const std::vector<energy::WindowSum>& windows, std::int64_t ns) const {
    ordered_json meters = ordered_json::array();
    for (std::size_t i = 0; i < windows.size(); ++i) {
      ordered_json entry{{"meter", energy::json_of(meters_->metering()->meters()[i]->info())},
                         {"not_in_sum", meters_->not_in_sum(i)}};
      entry.update(energy::json_of(energy::measure(windows[i])));
      meters.push_back(std::move(entry));
    }
    const energy::EnergySplit sum = energy::total(windows);
    const auto lines = block_->ledger.lines();
    return {{"seconds", 1e-9 * static_cast<double>(ns)},
            {"gross", energy::json_of(sum.gross)},
            {"idle", energy::json_of(sum.idle)},
            {"dynamic", energy::json_of(sum.dynamic)},
            {"meters", meters},
            {"lines", energy::json_of(lines)}};
  }

  std::shared_ptr<Meters> meters_;
  std::shared_ptr<Block> block_;
  std::optional<training::MeteredLaps> laps_;
  std::thread::id thread_;
  std::int64_t began_ns_ = 0;
};

void measure_idle(Meters& meters, double seconds) {
  require(seconds >= 0 && seconds <= 3600, "idle: expected 0 to 3600 seconds, got ", seconds);
  interruptible([&](const auto& stop) {
    meters.metering()->measure_idle_power(energy::Seconds(seconds), stop);
    return 0;
  });
}

}  // namespace

std::shared_ptr<Metering> metering_of(nb::handle meters) {
  return nb::cast<const Meters&>(meters).metering();
}

void bind_energy(nb::module_& m) {
  nb::class_<Meters>(m, "Meters",
                     "The meters of a selection (docs/energy.md), opened and calibrated once; for "
                     "measure(), profile() and train().")
      .def(nb::init<const std::string&>(), nb::arg("selection") = "auto",
           nb::call_guard<nb::gil_scoped_release>(),
           "Errors: ArgumentError for a selection that there is not; DataError for a trace that "
           "cannot be read.  A meter that cannot be read is there, and says why.")
      .def("json", &Meters::json, "What they are, as JSON.")
      .def("measure_idle", &measure_idle, nb::arg("seconds"),
           "Takes what is drawn while nothing runs for the idle power from now on.")
      .def(
          "state_idle",
          [](Meters& meters, double watts) {
            meters.metering()->state_idle_power(energy::Watts(watts));
          },
          nb::arg("watts"), "Takes a stated idle power; energies that use it are modelled.");
  nb::class_<Measuring>(m, "Measuring")
      .def(nb::init<std::shared_ptr<Meters>>(), nb::arg("meters"))
      .def("begin", &Measuring::begin, nb::call_guard<nb::gil_scoped_release>())
      .def("end", &Measuring::end, nb::call_guard<nb::gil_scoped_release>());
}

}  // namespace joule::python

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/energy/clock.h"
#include "joule/energy/domain.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

class Sampler;

/// Whether a meter can be read.
enum class Status {
  ok,
  absent,  // the machine does not offer it
  denied,  // it is there, but not for this user
  failed,  // it is there and does not work (any more)
  off      // nobody wanted one
};
std::string_view name(Status status);

/// A second opinion on a counter: sampled power, integrated since the meter was opened.
struct PowerIntegral {
  std::int64_t microjoules = 0;
  std::int64_t samples = 0;
};

/// One look at a cumulative counter.  The energy between two of the same meter is an Interval's.
struct Reading {
  Status status = Status::ok;
  std::int64_t ticks = 0;         // if ok: the counter; wraps of the hardware are already undone
  Joules unit;                    // energy of a tick
  std::int64_t monotonic_ns = 0;  // when
  bool aligned = false;           // it is the first one after the counter moved
  /// Times that the counter has lost its place (reset, missed wrap).  Readings whose numbers differ
  /// have no difference.
  std::int64_t resets = 0;
  std::string reason;         // of the status, or of the last reset
  std::int64_t since_ns = 0;  // when that happened
  std::optional<PowerIntegral> integral;
  std::int64_t shown = 0;  // what moves once per update period: the ticks, or the sampled power
};

/// What is known of a meter before it is read.
struct MeterInfo {
  std::string name;                      // "rapl"
  std::string scope;                     // what draws the energy: "package 0 + DRAM"
  Domain domain = Domain::unknown;       // the same, for the rule of energy/run_meters.h
  std::string gpu;                       // PCI bus id of the card, of a live meter of one
  Joules unit;                           // of a tick: the resolution
  std::optional<Seconds> update_period;  // how often the counter moves, from calibrate()
  double systematic = 0;                 // relative error that repeating does not reduce: .05
  /// Not a counter: the ticks are samples of power, integrated.  What was drawn between two of them
  /// nobody knows, so that an edge leaves more of a window open than a counter's does.
  bool integrates_power = false;
  std::optional<Seconds> sample_period;  // a window reads at least that often in the background
  Status status = Status::ok;
  std::string reason;  // why it cannot be read
  std::string remedy;  // and what to do about it
  std::vector<std::string> remarks;

  /// How many update periods an edge of a window leaves open.  A counter moves once a period, so
  /// that an edge lies half a period from its move on average.  A sample of power is up to a
  /// period old, and the power may change up to a period before the next one shows it: two.
  double edge_periods(bool aligned) const {
    return (aligned ? 0.5 : 1) * (integrates_power ? 2 : 0.5);
  }
};

/// Why a reading is taken.  A replay answers only the first kind from its trace, so that how often
/// a thread looked in does not change the result.
enum class Purpose { window, background };

/// A cumulative energy counter.  One that cannot be read is an object too: its readings say why.
///
/// Threads   read() may be called by several threads at once.
/// Errors    none from read(): a counter that fails is dead from then on, and each of its readings
///           says why and since when.  One that goes backwards has lost its place: `resets`.
class Meter {
 public:
  explicit Meter(MeterInfo info, Clock& clock = monotonic_clock());
  virtual ~Meter() = default;
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  const MeterInfo& info() const { return info_; }
  bool available() const { return info_.status == Status::ok; }
  Clock& clock() const { return clock_; }
  Reading read(Purpose purpose = Purpose::window);

  /// What there is to say after the readings; empty if nothing.
  virtual std::string closing_remark() const { return {}; }

  /// `observer` sees every reading from now on, in order; none by default.
  void observe(std::function<void(const Reading&, Purpose)> observer);

  /// A thread that reads this meter every sample_period for as long as somebody holds the pointer;
  /// null if the meter needs none.  Nobody may hold it longer than the meter lives.
  std::shared_ptr<Sampler> keep_sampled();

  // For calibrate(), before the meter is shared.
  void set_update_period(Seconds period, const std::string& remark = {});
  void give_up(Status status, std::string reason, std::string remedy);

 protected:
  struct Sample {
    std::int64_t ticks = 0;
    std::string failure;                       // why there are none
    std::string reset;                         // why they do not continue those before
    std::optional<std::int64_t> monotonic_ns;  // when, if that is not now
    std::optional<PowerIntegral> integral;
    std::optional<std::int64_t> shown;  // if that is not the ticks
  };
  /// The counter, now.  Never called by two threads at once, nor again after a failure.
  virtual Sample sample(Purpose purpose) = 0;

 private:
  void take(Sample sample, Reading& reading);

  MeterInfo info_;
  Clock& clock_;
  std::mutex mutex_;
  std::function<void(const Reading&, Purpose)> observer_;
  std::weak_ptr<Sampler> sampler_;
  std::optional<Reading> last_;
};

}  // namespace joule::energy

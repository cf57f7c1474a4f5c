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
#include "joule/energy/meters/reading.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

class Sampler;

/// A cumulative energy counter.  One that cannot be read is an object too: its readings say why.
///
/// Threads   read() may be called by several threads at once.
/// Cost      of a reading for a window whose counter does not answer: it is asked again for up to
///           0.4 s, once; until it has answered, each later reading asks a single time.
/// Errors    none from read(): a reading that fails says why and since when, and the counter goes
/// on
///           when it answers again, as it has lost nothing; one that never will is dead from then
///           on.  A counter that goes backwards, jumps by more than info().most allows, or that the
///           machine was suspended under, has lost its place: `resets`.
class Meter {
 public:
  explicit Meter(MeterInfo info, Clock& clock = monotonic_clock());
  virtual ~Meter() = default;
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  const MeterInfo& info() const { return info_; }
  bool available() const { return info_.status == Status::ok; }
  Clock& clock() const { return clock_; }
  /// `moved_after_ns`: the counter was seen not to have moved then, and to have moved since.
  Reading read(Purpose purpose = Purpose::window, std::optional<std::int64_t> moved_after_ns = {});

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
  /// When to ask a counter again that has not answered.
  enum class Retry { soon, later, never };  // within a reading; in the next one
  struct Sample {
    std::int64_t ticks = 0;
    std::string failure;  // why there are none
    Retry retry = Retry::soon;
    std::string reset;                         // why they do not continue those before
    std::int64_t doubt = 0;                    // ticks that they may be off by, since those before
    std::optional<std::int64_t> monotonic_ns;  // when, if that is not now
    std::optional<PowerIntegral> integral;
    std::optional<std::int64_t> shown;      // if that is not the ticks
    std::optional<std::int64_t> late_ns{};  // of a recording: as Reading's
  };
  /// The counter, now.  Never called by two threads at once, nor again after Retry::never.
  virtual Sample sample(Purpose purpose) = 0;

 private:
  struct Asked {
    Sample sample;
    std::int64_t before_ns = 0, after_ns = 0;
  };
  Asked ask(Purpose purpose);
  void take(Asked asked, Reading& reading);
  std::string lost_place(const Sample& sample, std::int64_t after_ns);
  void note_power(Reading& reading);

  MeterInfo info_;
  Clock& clock_;
  std::mutex mutex_;
  std::function<void(const Reading&, Purpose)> observer_;
  std::weak_ptr<Sampler> sampler_;
  std::optional<Reading> last_, good_;  // good: the last one that is ok
  std::optional<Reading> mark_;         // of a window, since which power is taken the mean of
  std::int64_t good_before_ns_ = 0;     // it was asked for
  std::int64_t suspended_ns_ = 0;       // until then
  bool dead_ = false, patient_ = true;
};

}  // namespace joule::energy

// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>

#include "joule/energy/meter.h"

// A machine whose power fluctuates, on simulated time, and a counter of it: what its figures claim
// can be compared with what was drawn.
namespace joule::test {

/// How a machine draws power.
struct PowerNoise {
  double idle_w = 50;
  double deviation_w = 0;  // of its noise, which is autocorrelated:
  double rho = 0;          // from a step to the next
  std::int64_t step_ns = 10'000'000;
  double drift_w_per_s = 0;  // it grows by
};

/// A counter and its faults.
struct CounterKind {
  std::int64_t period_ns = 1'000'000;  // it moves so often
  double unit_j = 1e-6;
  double gain = 1;            // it shows so many joules for each that is drawn
  double dropped = 0;         // so many readings fail, and the next one does not
  std::int64_t reset_ns = 0;  // it begins anew then; 0: never
};

/// Time passes only when somebody waits.  Meanwhile the machine draws its idle power, and `load` of
/// the time in nanoseconds on top, which is held within a step.
class NoisyMachine final : public energy::Clock {
 public:
  NoisyMachine(const PowerNoise& noise, const CounterKind& counter, std::uint64_t seed)
      : noise_(noise), counter_(counter), random_(seed) {
    now_ = std::uniform_int_distribution<std::int64_t>(0, 50'000'000)(random_);
    begin_ = now_;
    step();
  }

  std::int64_t now_ns() override { return now_; }
  bool simulated() const override { return true; }
  void sleep_ns(std::int64_t ns) override {
    const std::int64_t until = now_ + ns;
    while (now_ < until) {
      const std::int64_t next = std::min({until, next_step_, next_move()});
      const double seconds = 1e-9 * static_cast<double>(next - now_);
      const double extra = load ? load(now_) : 0;
      drawn_ += (power_ + extra) * seconds;
      work_ += extra * seconds;
      now_ = next;
      if (now_ == next_step_) step();
      if (now_ % counter_.period_ns == 0) show();
    }
  }

  double drawn_j() const { return drawn_; }  // all
  double work_j() const { return work_; }    // by the load
  std::mt19937_64& random() { return random_; }
  /// What the counter shows, in its units.
  std::int64_t shown() const { return shown_; }
  const CounterKind& counter() const { return counter_; }

  std::function<double(std::int64_t)> load;

 private:
  std::int64_t next_move() const { return (now_ / counter_.period_ns + 1) * counter_.period_ns; }
  void step() {
    const double fresh = normal_(random_);
    level_ = first_ ? fresh : noise_.rho * level_ + std::sqrt(1 - noise_.rho * noise_.rho) * fresh;
    first_ = false;
    const double seconds = 1e-9 * static_cast<double>(now_ - begin_);
    power_ = noise_.idle_w + noise_.deviation_w * level_ + noise_.drift_w_per_s * seconds;
    next_step_ = now_ + noise_.step_ns;
  }
  void show() {
    if (counter_.reset_ns > 0 && now_ >= counter_.reset_ns && !std::exchange(reset_, true)) {
      start_j_ = 0;
      before_j_ = drawn_;
    }
    shown_ = static_cast<std::int64_t>((start_j_ + counter_.gain * (drawn_ - before_j_)) /
                                       counter_.unit_j);
  }

  PowerNoise noise_;
  CounterKind counter_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::int64_t now_ = 0, begin_ = 0, next_step_ = 0;
  bool first_ = true, reset_ = false;
  double level_ = 0, power_ = 0, drawn_ = 0, work_ = 0;
  double start_j_ = 1e5, before_j_ = 0;
  std::int64_t shown_ = static_cast<std::int64_t>(start_j_ / counter_.unit_j);
};

class NoisyMeter final : public energy::Meter {
 public:
  NoisyMeter(NoisyMachine& machine, std::optional<energy::Watts> limit = {}, double systematic = 0)
      : Meter({.name = "simulated",
               .scope = "everything",
               .domain = energy::Domain::machine,
               .unit = energy::Joules(machine.counter().unit_j),
               .update_period =
                   energy::Seconds(1e-9 * static_cast<double>(machine.counter().period_ns)),
               .systematic = systematic,
               .limit = limit},
              machine),
        machine_(machine) {}

 private:
  Sample sample(energy::Purpose purpose) override {
    std::bernoulli_distribution dropped(machine_.counter().dropped);
    if (purpose != energy::Purpose::background && dropped(machine_.random())) {
      return {.failure = "busy"};
    }
    return {.ticks = machine_.shown()};
  }

  NoisyMachine& machine_;
};

}  // namespace joule::test

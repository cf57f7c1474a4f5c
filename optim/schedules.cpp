// SPDX-License-Identifier: MIT
#include "joule/optim/schedules.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>

#include "joule/core/error.h"
#include "joule/optim/state_text.h"

namespace joule {
namespace {

using Texts = std::map<std::string, std::string>;

void require_positive(std::string_view owner, std::string_view name, double value) {
  require(value > 0 && std::isfinite(value), owner, ": ", name, " must be positive, got ", value);
}

void require_at_least(std::int64_t least, std::string_view owner, std::string_view name,
                      std::int64_t value) {
  require(value >= least, owner, ": ", name, " must be at least ", least, ", got ", value);
}

void require_min_lr(std::string_view owner, double min_lr, double lr) {
  require(min_lr >= 0 && min_lr <= lr, owner, ": min_lr must be in [0, ", lr, "], got ", min_lr);
}

/// From `from` at 0 to `to` at 1 on half a cosine.
double cosine(double from, double to, double fraction) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * fraction)) / 2;
}

/// Of StepLrOptions and ExponentialLrOptions.
template <class Options>
Texts checked_decay(std::string_view owner, const Options& o) {
  require_positive(owner, "lr", o.lr);
  require_at_least(1, owner, "every", o.every);
  require(o.factor > 0 && o.factor <= 1, owner, ": factor must be in (0, 1], got ", o.factor);
  return {
      {"lr", exact_text(o.lr)}, {"every", exact_text(o.every)}, {"factor", exact_text(o.factor)}};
}

Texts checked_constant(double lr) {
  require_positive("constant", "lr", lr);
  return {{"lr", exact_text(lr)}};
}

Texts checked(const CosineLrOptions& o) {
  require_positive("cosine", "lr", o.lr);
  require_min_lr("cosine", o.min_lr, o.lr);
  require_at_least(1, "cosine", "steps", o.steps);
  return {
      {"lr", exact_text(o.lr)}, {"min_lr", exact_text(o.min_lr)}, {"steps", exact_text(o.steps)}};
}

Texts checked(const OneCycleLrOptions& o) {
  require_positive("one-cycle", "max_lr", o.max_lr);
  require_at_least(1, "one-cycle", "steps", o.steps);
  require(o.pct_start >= 0 && o.pct_start < 1, "one-cycle: pct_start must be in [0, 1), got ",
          o.pct_start);
  require(o.div_factor >= 1 && std::isfinite(o.div_factor),
          "one-cycle: div_factor must be at least 1, got ", o.div_factor);
  require(o.final_div_factor >= 1 && std::isfinite(o.final_div_factor),
          "one-cycle: final_div_factor must be at least 1, got ", o.final_div_factor);
  require(o.base_momentum > 0 && o.base_momentum <= o.max_momentum && o.max_momentum < 1,
          "one-cycle: momentum must go from base_momentum > 0 to max_momentum < 1, got ",
          o.base_momentum, " to ", o.max_momentum);
  Texts texts{{"max_lr", exact_text(o.max_lr)},
              {"steps", exact_text(o.steps)},
              {"pct_start", exact_text(o.pct_start)},
              {"div_factor", exact_text(o.div_factor)},
              {"final_div_factor", exact_text(o.final_div_factor)}};
  if (o.cycle_momentum) {
    texts["base_momentum"] = exact_text(o.base_momentum);
    texts["max_momentum"] = exact_text(o.max_momentum);
  }
  return texts;
}

Texts checked(const PlateauLrOptions& o) {
  require_positive("plateau", "lr", o.lr);
  require(o.factor > 0 && o.factor < 1, "plateau: factor must be in (0, 1), got ", o.factor);
  require_at_least(0, "plateau", "patience", o.patience);
  require(o.threshold >= 0 && std::isfinite(o.threshold),
          "plateau: threshold must be finite and not negative, got ", o.threshold);
  require_min_lr("plateau", o.min_lr, o.lr);
  return {{"lr", exact_text(o.lr)},
          {"factor", exact_text(o.factor)},
          {"patience", exact_text(o.patience)},
          {"threshold", exact_text(o.threshold)},
          {"min_lr", exact_text(o.min_lr)},
          {"higher_is_better", exact_text(o.higher_is_better)}};
}

Texts checked_warmup(std::int64_t steps, const Schedule* after) {
  require_at_least(1, "warm-up", "steps", steps);
  require(after != nullptr, "warm-up: there is no schedule after it");
  return {{"steps", exact_text(steps)}};
}

constexpr std::string_view kAfter = "after.";

}  // namespace

ConstantLr::ConstantLr(double lr) : Schedule("constant", checked_constant(lr)), lr_(lr) {}

double ConstantLr::at(std::int64_t) const { return lr_; }

StepLr::StepLr(const StepLrOptions& options)
    : Schedule("step", checked_decay("step", options)), options_(options) {}

double StepLr::at(std::int64_t step) const {
  return options_.lr * std::pow(options_.factor, static_cast<double>(step / options_.every));
}

ExponentialLr::ExponentialLr(const ExponentialLrOptions& options)
    : Schedule("exponential", checked_decay("exponential", options)), options_(options) {}

double ExponentialLr::at(std::int64_t step) const {
  const double times = static_cast<double>(step) / static_cast<double>(options_.every);
  return options_.lr * std::pow(options_.factor, times);
}

CosineLr::CosineLr(const CosineLrOptions& options)
    : Schedule("cosine", checked(options)), options_(options) {}

double CosineLr::at(std::int64_t step) const {
  if (step >= options_.steps) return options_.min_lr;
  return cosine(options_.lr, options_.min_lr,
                static_cast<double>(step) / static_cast<double>(options_.steps));
}

OneCycleLr::OneCycleLr(const OneCycleLrOptions& options)
    : Schedule("one-cycle", checked(options)), options_(options) {}

/// From `first` to `peak` and on to `last`.
double OneCycleLr::cycle(std::int64_t step, double first, double peak, double last) const {
  const double end = static_cast<double>(options_.steps) - 1;
  const double turn = options_.pct_start * static_cast<double>(options_.steps) - 1;
  const double now = static_cast<double>(step);
  if (now >= end) return last;
  if (now >= turn) return cosine(peak, last, (now - turn) / (end - turn));
  return cosine(first, peak, now / turn);
}

double OneCycleLr::at(std::int64_t step) const {
  const double first = options_.max_lr / options_.div_factor;
  return cycle(step, first, options_.max_lr, first / options_.final_div_factor);
}

std::optional<double> OneCycleLr::momentum_at(std::int64_t step) const {
  if (!options_.cycle_momentum) return std::nullopt;
  return cycle(step, options_.max_momentum, options_.base_momentum, options_.max_momentum);
}

PlateauLr::PlateauLr(const PlateauLrOptions& options)
    : Schedule("plateau", checked(options)), options_(options), lr_(options.lr) {}

double PlateauLr::at(std::int64_t) const { return lr_; }

void PlateauLr::observe(double metric) {
  const double value = options_.higher_is_better ? -metric : metric;
  const double margin = std::isfinite(best_) ? options_.threshold * std::abs(best_) : 0;
  if (value < best_ - margin) {
    best_ = value;
    bad_ = 0;
  } else if (++bad_ > options_.patience) {
    lr_ = std::max(lr_ * options_.factor, options_.min_lr);
    bad_ = 0;
  }
}

State PlateauLr::state() const {
  State state = Schedule::state();
  state.values["current_lr"] = exact_text(lr_);
  state.values["best"] = exact_text(best_);
  state.values["bad"] = exact_text(bad_);
  return state;
}

void PlateauLr::load_state(const State& state) {
  Schedule::load_state(state);
  const double lr = saved_double(kind(), state, "current_lr");
  const double best = saved_double(kind(), state, "best");
  const std::int64_t bad = saved_integer(kind(), state, "bad");
  require(lr >= options_.min_lr && lr <= options_.lr, "plateau: the state's current_lr is ", lr);
  require(!std::isnan(best), "plateau: the state's best is ", best);
  require(bad >= 0 && bad <= options_.patience, "plateau: the state's bad is ", bad);
  lr_ = lr;
  best_ = best;
  bad_ = bad;
}

WarmupLr::WarmupLr(std::int64_t steps, std::unique_ptr<Schedule> after)
    : Schedule("warm-up", checked_warmup(steps, after.get())),
      steps_(steps),
      after_(std::move(after)) {}

double WarmupLr::at(std::int64_t step) const {
  if (step >= steps_) return after_->learning_rate(step - steps_);
  const double fraction = static_cast<double>(step + 1) / static_cast<double>(steps_ + 1);
  return fraction * after_->learning_rate(0);
}

std::optional<double> WarmupLr::momentum_at(std::int64_t step) const {
  return after_->momentum(std::max<std::int64_t>(0, step - steps_));
}

State WarmupLr::state() const {
  State state = Schedule::state();
  for (const auto& [name, text] : after_->state().values) {
    state.values[std::string(kAfter) + name] = text;
  }
  return state;
}

void WarmupLr::load_state(const State& state) {
  Schedule::load_state(state);
  State after;
  for (const auto& [name, text] : state.values) {
    if (name.starts_with(kAfter)) after.values[name.substr(kAfter.size())] = text;
  }
  after_->load_state(after);
}

}  // namespace joule

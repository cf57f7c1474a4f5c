// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <memory>

#include "joule/optim/schedule.h"

namespace joule {

// The constructors throw an ArgumentError that names the schedule, the option and its range.

/// lr
class ConstantLr final : public Schedule {
 public:
  explicit ConstantLr(double lr);

 private:
  double at(std::int64_t step) const override;
  double lr_;
};

struct StepLrOptions {
  double lr = 0.1;
  std::int64_t every = 1;
  double factor = 0.1;
};
/// lr * factor^floor(step / every)
class StepLr final : public Schedule {
 public:
  explicit StepLr(const StepLrOptions& options);

 private:
  double at(std::int64_t step) const override;
  StepLrOptions options_;
};

struct ExponentialLrOptions {
  double lr = 0.1;
  std::int64_t every = 1;
  double factor = 0.95;
};
/// lr * factor^(step / every)
class ExponentialLr final : public Schedule {
 public:
  explicit ExponentialLr(const ExponentialLrOptions& options);

 private:
  double at(std::int64_t step) const override;
  ExponentialLrOptions options_;
};

struct CosineLrOptions {
  double lr = 0.1;
  double min_lr = 0;
  std::int64_t steps = 1;
};
/// min_lr + (lr - min_lr) * (1 + cos(pi * step / steps)) / 2, and min_lr from `steps` on.
///
/// Source    Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts.
class CosineLr final : public Schedule {
 public:
  explicit CosineLr(const CosineLrOptions& options);

 private:
  double at(std::int64_t step) const override;
  CosineLrOptions options_;
};

struct OneCycleLrOptions {
  double max_lr = 0.1;
  std::int64_t steps = 1;
  double pct_start = 0.3;
  double div_factor = 25;
  double final_div_factor = 1e4;
  bool cycle_momentum = false;
  double base_momentum = 0.85;  // at the largest learning rate
  double max_momentum = 0.95;
};
/// Half a cosine from max_lr / div_factor up to max_lr at step pct_start * steps - 1, another down
/// to max_lr / div_factor / final_div_factor at step steps - 1, where it stays.  With
/// cycle_momentum, the momentum follows the same half cosines in the opposite direction: from
/// max_momentum down to base_momentum and back.
///
/// Source    Smith and Topin 2018, arXiv:1708.07120; torch.optim.lr_scheduler.OneCycleLR with two
///           phases.
class OneCycleLr final : public Schedule {
 public:
  explicit OneCycleLr(const OneCycleLrOptions& options);

 private:
  double at(std::int64_t step) const override;
  std::optional<double> momentum_at(std::int64_t step) const override;
  double cycle(std::int64_t step, double first, double peak, double last) const;
  OneCycleLrOptions options_;
};

struct PlateauLrOptions {
  double lr = 0.1;
  double factor = 0.1;
  std::int64_t patience = 10;  // observations without an improvement before lr falls
  double threshold = 1e-4;     // least improvement that counts, relative to the best
  double min_lr = 0;
  bool higher_is_better = false;
};
/// lr, multiplied by `factor` (down to min_lr) whenever more than `patience` observations in a row
/// were not better than the best before them.  NaN is never better.
class PlateauLr final : public Schedule {
 public:
  explicit PlateauLr(const PlateauLrOptions& options);
  void observe(double metric) override;
  State state() const override;
  void load_state(const State& state) override;

 private:
  double at(std::int64_t step) const override;
  PlateauLrOptions options_;
  double lr_;
  double best_ = std::numeric_limits<double>::infinity();  // negated if higher is better
  std::int64_t bad_ = 0;                                   // observations since the best
};

/// (step + 1) / (steps + 1) times after(0) for the first `steps` steps, then after(step - steps).
/// The momentum is that of after(0) during the warm-up.
///
/// Source    Goyal et al. 2017, arXiv:1706.02677, section 2.2.
class WarmupLr final : public Schedule {
 public:
  WarmupLr(std::int64_t steps, std::unique_ptr<Schedule> after);
  void observe(double metric) override { after_->observe(metric); }
  /// The state of `after` with its names prefixed by "after.", and "steps".
  State state() const override;
  void load_state(const State& state) override;

 private:
  double at(std::int64_t step) const override;
  std::optional<double> momentum_at(std::int64_t step) const override;
  std::int64_t steps_;
  std::unique_ptr<Schedule> after_;
};

}  // namespace joule

// SPDX-License-Identifier: MIT
//
// How a Trainer steers lambda.
#include <algorithm>
#include <cmath>

#include "joule/energy/models/cost_model.h"
#include "joule/training/run/summary.h"
#include "joule/training/trainer.h"

namespace joule::training {
namespace {

using energy::Joules;

constexpr std::int64_t kProbes = 5;         // per epoch, the last by the validation itself
constexpr std::int64_t kProbeImages = 256;  // a batch of an evaluation

/// Of the inference of an image.
struct ImageEnergy {
  double all, compute;  // in J
};

ImageEnergy energy_of(const Evaluation& judged) {
  const auto images = static_cast<double>(judged.images);
  const auto parts = energy::horowitz45().parts(total_work(judged), energy::Skipping::executed, 0);
  return {.all = parts.total() / Joules(1) / images, .compute = parts.compute / Joules(1) / images};
}

/// Of the operations alone: they are what zeros save.
double error_of(const ImageEnergy& energy, double target) {
  const double left = target - (energy.all - energy.compute);
  return left > 0 ? std::log(energy.compute / left) : 1;
}

/// Of the 95 % interval of the difference of two accuracies on so many images, in percentage
/// points.
double half_width(double a, double b, std::int64_t images) {
  const double variance = (a * (1 - a) + b * (1 - b)) / static_cast<double>(images);
  return 100 * 1.96 * std::sqrt(variance);
}

}  // namespace

/// After so many steps since the measurement before.
void Trainer::steer(double error, std::int64_t steps) {
  const std::int64_t all = config_.epochs * loader_.batches();
  const std::int64_t now = std::min(step(), all - 1);
  control_.steer(error, schedule_->learning_rate(now) / config_.lr * static_cast<double>(steps) /
                            static_cast<double>(all));
}

void Trainer::steer_within_epoch() {
  const std::int64_t batches = loader_.batches();
  const std::int64_t part = batch_ * kProbes / batches;
  const bool due = part > (batch_ - 1) * kProbes / batches && part < kProbes;
  if (!target_ || target_->what != Target::joules || !due) return;
  const auto probe = judge("validation", learning_.validation.take(kProbeImages), {});
  energy_.count_validation(total_work(*probe));
  steer(error_of(energy_of(*probe), target_->value), batches / kProbes);
}

ControlMetrics Trainer::steer_after_epoch(const Evaluation& judged) {
  ControlMetrics metrics{.lambda = control_.lambda(), .target = target_->value};
  switch (target_->what) {
    case Target::density:
      metrics.measured = all_relus(judged).density();
      break;  // every step has steered
    case Target::joules: {
      const ImageEnergy energy = energy_of(judged);
      metrics.measured = energy.all;
      steer(error_of(energy, target_->value), loader_.batches() / kProbes);
      break;
    }
    case Target::accuracy_loss: {
      const double reference = reference_.at(static_cast<std::size_t>(epoch_));
      metrics.measured = 100 * (reference - judged.accuracy());
      steer((target_->value - metrics.measured) /
                (target_->value + half_width(reference, judged.accuracy(), judged.images)),
            loader_.batches());
      break;
    }
  }
  return metrics;
}

}  // namespace joule::training

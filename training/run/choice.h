// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/training/energy/run_energy.h"
#include "joule/training/run/metrics.h"

// Choices among the epochs of a run.  They use only the validation images: an epoch chosen by
// the test images would look better on them than it is.
namespace joule::training {

/// The epoch after which the validation accuracy was the highest; the first of equal ones.
///
/// Returns   nothing if there is no epoch, or no images were held back.
/// Errors    ArgumentError if an accuracy is not a number.
std::optional<std::int64_t> best_epoch(std::span<const EpochMetrics> epochs);

/// An epoch, and the energy spent from the beginning of the first epoch to its end.
struct Reached {
  std::int64_t epoch = 0;
  double validation_accuracy = 0;
  energy::Figure<energy::Joules> spent;
};

/// The front of accuracy over energy: the epochs for which no other was at least as accurate at no
/// greater energy.  `spent`: see spent_until(); epochs for which it is unavailable are left
/// out.
std::vector<Reached> accuracy_front(std::span<const EpochMetrics> epochs,
                                    const EpochFigures& spent);

/// The first epoch whose validation accuracy was at most one point (0.01) below the best of the
/// run.  The cost of coming close depends less on luck than that of reaching the maximum.
std::optional<Reached> first_within_a_point(std::span<const EpochMetrics> epochs,
                                            const EpochFigures& spent);

/// For people: "within 1 point of the best (92.30 % of the validation images, epoch 5): after epoch
/// 3 and 120 J +- 1 J (measured)"; by modelled energy if none was measured; or why no epoch can be
/// chosen.
std::string choice_line(std::span<const EpochMetrics> epochs);

}  // namespace joule::training

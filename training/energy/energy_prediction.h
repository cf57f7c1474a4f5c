// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "joule/energy/figure.h"

namespace joule::training {

/// What a run will have spent when it ends.
struct Prediction {
  std::int64_t after_epoch = 0, epochs = 0;
  energy::Joules energy;      // of all epochs
  energy::Joules half_width;  // of the interval around it that holds 95 % of such runs
  energy::Quality quality = energy::Quality::unavailable;  // of the epochs it is made from
  std::string source;
};

/// The energies of some epochs, as far as a prediction needs them.
struct EnergySpread {
  std::int64_t epochs = 0;
  energy::Joules sum{}, bounds{};  // of the energies, and of the epochs' own uncertainties
  double squares = 0;              // of the deviations from the mean, J^2; NaN if one is not known
  energy::Quality quality = energy::Quality::unavailable;  // of the first
  std::string source{};

  /// Source    Chan, Golub, LeVeque 1983, "Algorithms for computing the sample variance", eq. 2.1.
  EnergySpread& operator+=(const EnergySpread& o);
};

/// Of one figure that is the sum over so many epochs, with their `squares`.
EnergySpread spread_of(const energy::Figure<energy::Joules>& sum, std::int64_t epochs = 1,
                       double squares = 0);

/// From the energies x of the first n of `epochs` epochs, with m = epochs - n still to come:
///
///   energy     = sum x + m * mean x
///   half width = t * s * sqrt(m + m^2 / n)  +  u * (1 + m / n)
///
/// s is the sample's standard deviation, t the 97.5 % quantile of Student's distribution with n - 1
/// degrees of freedom, u the sum of the epochs' own uncertainties (0 where none is stated), which
/// the epochs to come are taken to share.
///
/// Returns   nothing if n < 2 (one epoch says nothing about the spread), if none is to come, or if
///           the energy of one is unavailable.
/// Numerics  epochs are taken as draws from one normal distribution.  A first epoch that also warms
///           the machine up widens the interval.
std::optional<Prediction> predict_total(const EnergySpread& spent, std::int64_t epochs);
std::optional<Prediction> predict_total(std::span<const energy::Figure<energy::Joules>> spent,
                                        std::int64_t epochs);

}  // namespace joule::training

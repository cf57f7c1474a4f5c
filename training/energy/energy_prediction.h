// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "joule/energy/figure.h"
#include "joule/energy/models/noisy_series.h"

namespace joule::training {

/// What a run will have spent when it ends.
struct Prediction {
  std::int64_t after_epoch = 0, epochs = 0;
  energy::Joules energy;      // of all epochs
  energy::Joules half_width;  // of the interval around it that holds 95 % of such runs
  energy::Quality quality = energy::Quality::unavailable;  // of the epochs it is made from
  std::string source;
};

/// "4 J +- 1 J"; of modelled ones "4 J, between 3 J and 5 J", as their range is no interval.
std::string amount(const Prediction& prediction, std::string_view plus_minus);

/// The energies of some epochs in their order, as far as a prediction needs them.
struct EnergySpread {
  energy::SeriesSums series{};  // J; its origin is NaN if one is not known
  energy::Joules bounds{};      // the uncertainty of their sum
  energy::Quality quality = energy::Quality::unavailable;  // of the first
  std::string source{};

  /// The epochs behind these.
  EnergySpread& operator+=(const EnergySpread& o);
};

/// Of one epoch.
EnergySpread spread_of(const energy::Figure<energy::Joules>& epoch);

/// From the energies x of the first n of `epochs` epochs, with m = epochs - n still to come:
///
///   energy     = sum x + predict_sum(x, m)
///   half width = that of predict_sum()  +  u * (1 + m / n)
///
/// u is the uncertainty of that sum (0 where none is stated), in which the epochs to come are taken
/// to have their share.
///
/// Returns   nothing if n < 3 (two epochs tell no trend from noise), if none is to come, if the
///           energy of one is unavailable, or if the interval reaches down to 0: no run gives
///           energy back, and so little is known of one of many epochs after the first few.
/// Numerics  epochs have a linear trend and noise that resembles its neighbours', see NoisyLevel. A
///           first epoch that also warms the machine up widens the interval.
std::optional<Prediction> predict_total(const EnergySpread& spent, std::int64_t epochs);
std::optional<Prediction> predict_total(std::span<const energy::Figure<energy::Joules>> spent,
                                        std::int64_t epochs);

}  // namespace joule::training

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "joule/energy/attribution/energy_parts.h"
#include "joule/energy/figure.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

/// What the zero-skipping accelerator of the sponge papers counts in one pass of one batch: in one
/// layer, or summed over the net.  A value x is non-zero if |x| > zero_threshold().
///
/// Every call of a leaf layer counts its input, its output, and all its parameters and buffers: a
/// batch pays for the parameters once, however many images it holds.
struct AsicCounts {
  std::int64_t inputs = 0, inputs_nonzero = 0;
  std::int64_t outputs = 0, outputs_nonzero = 0;
  std::int64_t parameters = 0, parameters_nonzero = 0;  // parameters and buffers
  std::int64_t statistics = 0, statistics_nonzero = 0;  // of them the means and variances of norms
  std::int64_t batch_counters = 0;  // one per call of a norm: the papers' norms hold one, not zero
  std::int64_t operations = 0;      // see docs/energy.md

  AsicCounts& operator+=(const AsicCounts& o);
  friend bool operator==(const AsicCounts&, const AsicCounts&) = default;
};

/// |x| has to exceed this for x to count as non-zero: 2^-126, 2^-30 or 2^-14 for machines of 32, 16
/// or 8 bits.
///
/// Errors    ArgumentError for another width.
float zero_threshold(int bits);

/// The accelerator model that Shumailov et al. published with sponge examples, and on which the
/// energies of sponge poisoning and of energy-aware training are simulated, with its flaws:
///
///   E_worst = per_value (P + Ain + Aout)             + per_operation C
///   E_opt   = per_value (P_nz + Ain_nz + Aout_nz)    + per_operation C (P_nz / P) (Ain_nz / Ain)
///
///   P    = parameters + batch_counters + statistics_recounts * statistics      (P_nz likewise)
///   Ain  = inputs, Aout = outputs, C = operations, all sums over the net
///
/// The shares of non-zeros are those of the whole net: a zero anywhere saves operations everywhere.
/// All figures are modelled.  docs/energy.md lists what is wrong with the model.
struct AsicModel {
  std::string name;
  std::string source;
  std::int64_t statistics_recounts;  // how often the statistics of batch norms count once more
  Joules per_value = picojoules(1950);
  Joules per_operation = picojoules(3.7);

  /// Of a pass from the sums over its layers.
  ///
  /// Numerics  counts are integers up to the last step.
  /// Errors    ArgumentError if counts contradict each other (more non-zeros than values, a
  /// negative
  ///           count), or if there are operations but no inputs or no parameters: a share is 0/0.
  SkippingEnergy energy(const AsicCounts& net) const { return energy(net, net); }
  /// The part of one layer of it: the energies of all layers add up to that of the pass.
  SkippingEnergy energy(const AsicCounts& layer, const AsicCounts& net) const;

  /// The two figures of quality modelled, named after this profile.
  Figure<Joules> worst(const AsicCounts& net) const;
  Figure<Joules> optimal(const AsicCounts& net) const;
};

/// `sponge` counts the statistics of batch norms twice (2 C values more, C channels), as the code
/// of sponge examples does.  `sponge-poisoning` counts them eleven times (20 C more): there the
/// same sum is added to each of ten elements, one per GPU, which are then added up.
///
/// Source    Shumailov et al. 2021, arXiv:2006.03463; Cina et al. 2022, arXiv:2203.08147.
std::span<const AsicModel> asic_models();

}  // namespace joule::energy

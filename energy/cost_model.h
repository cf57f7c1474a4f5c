// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "energy/figure.h"
#include "energy/ledger.h"
#include "energy/quantity.h"

namespace joule::energy {

/// Whose energy is modelled.  A zero that could have been skipped is not one that was.
enum class Skipping {
  none,     // every value moved, every MAC executed
  ideal,    // a machine that neither moves nor multiplies the zeros that were counted
  executed  // what Joule's kernels did: every value moved, all MACs but those really skipped
};

/// What a profile charges for one thing: the middle of the range that its source states.
struct Constant {
  Joules energy;
  std::optional<Joules> half_range;  // none if the source states one number
};

/// A profile of constants that turns counted work into modelled energy:
///
///   E = per_mac * macs + per_byte * bytes
///
///   Skipping    macs                   bytes (read + written)
///   none        macs                   bytes
///   ideal       macs - macs_skippable  bytes - 4 * (values_in - values_in_nonzero)
///   executed    macs - macs_skipped    bytes
///
/// Counts are those of Work and Tally: each operand moves once per call, a value has 4 bytes.
/// Everything is linear, so the energy of a sum of lines is the sum of the lines' energies.
struct CostModel {
  std::string name;
  std::string source;  // of the constants
  Constant per_mac;
  Constant per_byte;

  /// The energy of a line or of any sum of lines, always of quality modelled.
  ///
  /// Numerics  counts are integers up to the last step.  The uncertainty spans the ranges of the
  ///           constants, which are the same for every line: it adds up linearly.  It does not
  ///           cover what the model leaves out.
  /// Errors    ArgumentError if the counts contradict each other (more MACs skipped than skippable,
  ///           or skippable than there are; more zeros than values; more values than were moved).
  Figure<Joules> energy(const Totals& totals, Skipping skipping) const;
};

/// 4.6 pJ per MAC (32-bit floating-point product 3.7, sum 0.9) and 1950 +- 650 pJ per 8 bytes of
/// DRAM (the middle of 1300 to 2600), in 45 nm at 0.9 V.
///
/// Source    Horowitz, Computing's energy problem, ISSCC 2014, doi:10.1109/ISSCC.2014.6757323.
const CostModel& horowitz45();

/// 3.7 pJ per MAC and 1950 pJ per 4-byte value: the constants of the zero-skipping accelerator of
/// Shumailov et al., charged per op of each layer on exact counts.
///
/// Source    Shumailov et al., Sponge Examples, EuroS&P 2021, arXiv:2006.03463; what is counted
///           differently is in docs/energy.md.
const CostModel& zero_skip();

/// The profiles above.
std::span<const CostModel> built_in_cost_models();

/// A profile from JSON; the format is in docs/energy.md.  `path` is for the messages.
///
/// Errors    DataError: path, place, what is wrong.
CostModel parse_cost_model(std::string_view json, const std::string& path);

/// A built-in profile by its name, otherwise the file.
///
/// Errors    DataError as above, or if there is neither a profile nor a readable file of that name.
CostModel load_cost_model(const std::string& name_or_path);

}  // namespace joule::energy

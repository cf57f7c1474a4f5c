// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "joule/energy/attribution/energy_parts.h"
#include "joule/energy/figure.h"
#include "joule/energy/ledger.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

/// Whose energy is modelled.  A zero that could have been skipped is not one that was.
enum class Skipping {
  none,     // every value moved, every MAC executed
  ideal,    // a machine that neither moves nor multiplies the zeros that were counted
  executed  // what Joule's kernels did: every value moved, all MACs but those really skipped
};

/// What a profile charges for one thing: the middle of the range that its source states, or a
/// fitted number and its standard error (without what all windows share, FitQuality::systematic).
struct Constant {
  Joules energy;
  std::optional<Joules> half_range;  // none if the source states one number
};
struct ConstantPower {
  Watts power;
  std::optional<Watts> half_range;
};

/// How well a fitted profile describes the windows that it was fitted to.
struct FitQuality {
  std::int64_t windows = 0;
  std::int64_t degrees_of_freedom = 0;  // windows - constants that are not 0
  double chi_square = 0;                // sum ((measured - fitted) / uncertainty)^2
  double condition_number = 0;          // of the columns, each scaled to length 1
  Joules rms_residual, largest_residual;
  double systematic = 0;  // relative error that all windows share, and so all constants
  friend bool operator==(const FitQuality&, const FitQuality&) = default;
};

/// A profile of constants that turns counted work into modelled energy:
///
///   E = per_mac * macs + per_byte * bytes + per_call * calls + per_second * seconds
///
///   Skipping    macs                   bytes (read + written)
///   none        macs                   bytes
///   ideal       macs - macs_skippable  bytes - 4 * (values_in - values_in_nonzero)
///   executed    macs - macs_skipped    bytes
///
/// Counts are those of Work and Tally: each operand moves once per call, a value has 4 bytes.  Only
/// fitted profiles charge calls and seconds; the seconds are those of the run, for all three.
/// Everything is linear, so the energy of a sum of lines is the sum of the lines' energies.
struct CostModel {
  std::string name;
  std::string source;  // of the constants
  Constant per_mac;
  Constant per_byte;
  std::optional<Constant> per_call{};
  std::optional<ConstantPower> per_second{};
  std::string device{};             // that it was fitted on; empty if it was not
  std::optional<FitQuality> fit{};  // how well

  /// The energy of a line or of any sum of lines, always of quality modelled.
  ///
  /// Numerics  counts are integers up to the last step.  The uncertainty spans the ranges of the
  ///           constants, which are the same for every line: it adds up linearly.  Of a fitted
  ///           profile it is the 95 % interval: Student's t times the standard errors, and the
  ///           systematic share of the energy.  It does not cover what the model leaves out.
  /// Errors    ArgumentError if the counts contradict each other (more MACs skipped than skippable,
  ///           or skippable than there are; more zeros than values; more values than were moved).
  Figure<Joules> energy(const Totals& totals, Skipping skipping) const;

  /// What it is spent on.  Of the bytes, `parameter_bytes` moved parameters, the others
  /// activations.
  ///
  /// Errors    as energy(), and if fewer bytes than that are moved.
  EnergyParts parts(const Totals& totals, Skipping skipping, std::int64_t parameter_bytes) const;
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

/// 1.69 pJ per MAC (32-bit floating-point product 1.31, sum .38) and 350 +- 100 pJ per 8 bytes of
/// HBM2 (the middle of 250 to 450, the energy of the interface alone), in about 7 nm.
///
/// Source    Jouppi et al., Ten Lessons From Three Generations Shaped Google's TPUv4i, ISCA 2021,
///           Table 2, doi:10.1109/ISCA52012.2021.00010.
const CostModel& jouppi7();

/// The profiles above.
std::span<const CostModel> built_in_cost_models();

/// A profile in multiples of the energy of one MAC.  They are no joules until somebody says what a
/// MAC costs.
struct RelativeCostModel {
  std::string name;
  std::string source;
  double macs_per_value;  // what moving one value costs

  /// The profile of a machine whose MAC costs `mac`, named "eyeriss at 2 pJ per MAC".
  ///
  /// Errors    ArgumentError if `mac` is not positive and finite.
  CostModel at(Joules mac) const;
};

/// 200 MACs per value of DRAM; a value is one word, which the source has in 16 bits.  Its register
/// files (1), neighbours (2) and global buffer (6) are not charged: nobody counts those accesses.
///
/// Source    Chen, Emer and Sze, Eyeriss, ISCA 2016, Table IV: 65 nm, doi:10.1109/ISCA.2016.40.
const RelativeCostModel& eyeriss();

/// A profile from JSON; the format is in docs/energy.md.  `path` is for the messages.
///
/// Errors    DataError: path, place, what is wrong.
CostModel parse_cost_model(std::string_view json, const std::string& path);

/// A built-in profile by its name, otherwise the file.
///
/// Errors    DataError as above, or if there is neither a profile nor a readable file of that name;
///           ArgumentError for a relative one.
CostModel load_cost_model(const std::string& name_or_path);

}  // namespace joule::energy

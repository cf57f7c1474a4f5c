// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/energy/attribution/attribution.h"
#include "joule/energy/attribution/verification.h"
#include "joule/energy/ledger.h"
#include "joule/energy/meter.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/models/fit.h"
#include "joule/energy/window.h"

namespace joule::energy {

/// Between two readings of the meter.
struct ProfileWindow {
  std::string what;  // ran meanwhile: "idle, before", "step"
  Interval interval;
};

/// A meter that was read over the window and whose energy is nobody's share.
struct MeterBeside {
  MeterInfo meter;
  std::string why;  // it is not in the sum
  Figure<Joules> gross;
};

/// What ran in a window, what it took, and what it cost.
struct Profile {
  std::string model, input, data;  // "resnet18", "32x32x3", the data set or "standard normal"
  std::string mode;                // forward, training, or layers (each for itself)
  std::int64_t batch = 0, steps = 0, warmup = 0;
  MeterInfo meter;                  // whose energy is shared out
  std::vector<MeterBeside> beside;  // the others
  Figure<Watts> idle_power;
  CostModel cost;  // of the modelled energies
  std::vector<Ledger::Line> lines;
  Attribution attribution;  // of `lines`
  /// Whether the reports tell the times of operations.  Without them, and with energies of a
  /// replay, reports of the same work are the same bytes.
  bool times = true;
  std::optional<Verification> verification{};  // if it was asked for
  std::vector<std::string> notes;
  /// What there is to know of machine and program: "processor", "AMD EPYC 9555".
  std::vector<std::pair<std::string, std::string>> environment;
  /// The same as a JSON object, for the JSON; empty: the texts.
  std::string environment_json{};
  std::vector<MeterInfo> sources;  // of energy, whether they can be read or not
  std::vector<ProfileWindow>
      windows;  // all of the meter, in their order; none if it has no readings
};

/// What the lines of a profile are put together by.
enum class By { line, layer, phase, op, implementation };

/// One or several lines of a profile.
struct ProfileRow {
  std::string layer, phase, op, implementation;  // empty where the lines differ
  Totals totals;
  Figure<Joules> modelled;            // executed
  Figure<Joules> attributed;          // unavailable if one of the lines is
  std::optional<std::int64_t> ticks;  // of the attributed energy
};

/// Errors    ArgumentError as CostModel::energy().
std::vector<ProfileRow> rows(const Profile& profile, By by);
/// All lines together: no unattributed energy is in it.
ProfileRow total(const Profile& profile);

/// Modelled energy of all lines over the window's dynamic energy, or why there is no such ratio.
struct Ratio {
  std::optional<double> value;
  std::string reason;
};
Ratio modelled_per_dynamic(const Profile& profile);

/// GFLOP/s of the dense algorithm, 2 per MAC; none without MACs, or if it took no time.
std::optional<double> gflops(const Totals& totals);

/// The profile as JSON: "joule.profile", version 2; docs/energy.md explains each member.
std::string to_json(const Profile& profile);
/// A line per line of the ledger, in the columns of the JSON's lines; what there is not is empty.
/// Names are quoted where RFC 4180 asks for it.
std::string to_csv(const Profile& profile);
/// A text that is right both as Prometheus' exposition format, version 0.0.4, to which units and
/// the end are comments, and as OpenMetrics 1.0.  What is unavailable has no sample.
std::string to_prometheus(const Profile& profile);

/// The pieces whose energy the counter can resolve, for fit_cost_model(): gross energy, and the
/// standard deviation of what their edges leave open, of which each lies anywhere in an update
/// period: the bound over sqrt(6).  The systematic share is all windows'.
///
/// Errors    ArgumentError if the meter's update period is not known.
MeasuredWindows measured_windows(const MeterInfo& meter, std::string device,
                                 std::span<const Piece> pieces);

}  // namespace joule::energy

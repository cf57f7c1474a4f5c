// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "joule/energy/models/cost_model.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

/// What a fitted profile charges for.
enum class Charge {
  macs,    // executed: Totals::work.macs - tally.macs_skipped
  bytes,   // read and written
  calls,   // of operations
  seconds  // that the window lasted
};
constexpr std::string_view name(Charge charge) {
  switch (charge) {
    case Charge::macs:
      return "macs";
    case Charge::bytes:
      return "bytes";
    case Charge::calls:
      return "calls";
    case Charge::seconds:
      break;
  }
  return "seconds";
}

/// Measured windows of one device: the energy of each, and what ran in it.
struct MeasuredWindows {
  struct Window {
    Joules energy;
    Joules uncertainty;          // one standard deviation of what differs from window to window
    std::vector<double> counts;  // of each of the charges
  };
  std::string device;
  std::string meter;
  double systematic = 0;        // relative error that all windows share: the meter's gain
  std::vector<Charge> charges;  // macs and bytes; then calls, seconds if the windows state them
  std::vector<Window> windows;
};

/// Windows from JSON; the format is in docs/energy.md.  `path` is for the messages.
///
/// Errors    DataError: path, place, what is wrong.
MeasuredWindows parse_measured_windows(std::string_view json, const std::string& path);
MeasuredWindows load_measured_windows(const std::string& path);
/// The windows as JSON that parse_measured_windows() reads.
std::string to_json(const MeasuredWindows& measured);

/// A profile and how it came about.
struct Fit {
  CostModel model;                // named "fitted:<device>"; model.fit says how well it fits
  std::vector<Charge> clamped;    // whose constant is 0, as no positive one fits better
  std::vector<Joules> residuals;  // of each window: measured - fitted
};

/// The constants c >= 0 that minimise
///
///   chi^2 = sum_w ((E_w - sum_k c_k n_wk) / u_w)^2
///
/// (non-negative least squares; n the counts, u the uncertainties).  A standard error is that of
/// ordinary least squares in the constants that are not 0, times sqrt(chi^2 / degrees of freedom)
/// where that is above 1: windows that scatter more than they claim make the constants less sure. A
/// constant of 0 has none.  A relative error that all windows share is one factor on all constants,
/// which no number of windows reduces: it is in no chi^2 and no standard error, but stands beside
/// them, and CostModel::energy() adds it.
///
/// Errors    ArgumentError if there are not more windows than constants; if a count is the same in
///           all windows, or counts depend on each other linearly (condition number above 1e6), as
///           then the constants cannot be told apart; or if no window has any energy.
/// Numerics  double; the condition number is that of the columns scaled to length 1.
/// Source    Lawson and Hanson, Solving Least Squares Problems, 1974, ch. 23.
Fit fit_cost_model(const MeasuredWindows& measured);

/// Half the width of the 95 % interval of a constant of that model: Student's t times the standard
/// error, and the systematic share.
double half_width95(double constant, double standard_error, const FitQuality& fit);

/// One line if chi^2 is far from its degrees of freedom (once in a thousand fits by chance): the
/// uncertainties of the windows are not what they scatter.  Empty if it is not.
///
/// Source    Wilson and Hilferty 1931, for the quantiles of chi^2.
std::string remark_of(const FitQuality& fit);

/// The profile as JSON that parse_cost_model() reads.
std::string to_json(const CostModel& fitted);

}  // namespace joule::energy

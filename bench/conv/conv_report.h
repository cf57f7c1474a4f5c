// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/bench/contest.h"
#include "joule/bench/environment.h"
#include "joule/bench/statistics.h"
#include "joule/report/text_layout.h"

// The results of `joule bench conv`, and their three forms.
namespace joule::bench {

/// One way to compute a pass at one density.
struct ConvMeasurement {
  std::string name;
  Kind kind = Kind::row;
  std::string ran, passed_over{};  // as Contestant
  std::vector<double> times{};     // seconds per call, round by round
  Spread seconds;                  // of the times
  /// 2 MACs of the dense algorithm / median: the rate at which a dense kernel would be as fast.
  /// Not what the processor executed if zeros were skipped.
  double dense_equivalent_flops = 0;
  std::optional<std::int64_t> macs_executed{};  // empty for a peer, which does not count
  std::optional<double> executed_flops{};       // 2 MACs executed / median
  /// 2 MACs executed (for a peer: of the dense algorithm) / median / the peak of the roofline.
  double share_of_peak = 0;
  /// The compulsory bytes of the dense algorithm / median / the bandwidth of the roofline.
  double share_of_bandwidth = 0;
  /// Time of the best direct peer / time, round by round; empty without a peer.
  std::optional<Spread> speedup{};
  double difference = 0;  // of its results from those of the first one, see relative_difference()
};

/// A pass at one density.
struct ConvPoint {
  std::optional<double> asked{};  // for random zeros
  double x_density = 0, grad_y_density = 0;
  std::vector<ConvMeasurement> measurements;
  std::vector<Omitted> omitted;
  std::string best_direct{};  // the direct peer with the lowest median; empty without one
  std::string fastest;

  /// Of the operand whose zeros count.
  double density(Pass pass) const { return pass == Pass::grad_input ? grad_y_density : x_density; }
};

/// Where one of Joule's ways becomes as fast as the peers.
struct ConvCrossover {
  std::string name;
  Crossover direct;                    // the best direct peer
  std::optional<Crossover> automatic;  // the peer that chose its own algorithm
};

/// A pass of one convolution, over the densities.
struct ConvCurve {
  ConvProblem problem;
  Pass pass = Pass::forward;
  bool real = false;  // the zeros of a trained net on real images; then there is one point
  Work work;
  std::vector<ConvPoint> points;
  std::vector<ConvCrossover> crossovers{};
};

struct ConvReport {
  Environment environment;
  std::int64_t batch = 0;
  int rounds = 0;
  std::string algorithms = "direct";           // that Joule could choose
  std::string precision = "f32";               // what may be rounded
  std::optional<std::string> model{}, data{};  // of the real zeros
  Spread flops, bandwidth;                     // of the roofline; the most is the peak
  std::int64_t bandwidth_bytes = 0;            // of the arrays that it was measured on
  std::int64_t cache_bytes = 0;                // of the last-level cache; 0: unknown
  std::vector<ConvCurve> curves;
};

/// Computes from the seconds of every measurement, round by round: spreads, speed-ups, the best
/// direct peer, and the fastest of all.
void add_times(ConvPoint& point, const Work& work, const std::vector<std::vector<double>>& times);

/// The crossovers of a curve: for each of Joule's ways, over the densities at which it ran, from
/// the ratios of its times to the peer's, round by round.  Empty without a peer, or for real zeros.
std::vector<ConvCrossover> crossovers(const ConvCurve& curve);

/// Version of the JSON; increases when a key changes its meaning or is removed.
inline constexpr int kConvSchema = 2;

/// The keys are in docs/cli.md.
std::string to_json(const ConvReport& report);
/// Rows: zeros; columns: ways.  Shows each time relative to the best direct peer; below, what was
/// left out, the break-even, and where dense wins.  The table takes no more than `width` columns.
std::string table(const ConvCurve& curve, std::size_t width = report::kAnyWidth);
/// "roofline: 620 GFLOP/s, 25 GB/s ...": what the fractions refer to.
std::string roofline(const ConvReport& report);
/// A page that holds `to_json(report)`.
std::string to_html(const ConvReport& report);

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/bench/contest.h"
#include "joule/bench/environment.h"
#include "joule/bench/statistics.h"
#include "joule/report/text_layout.h"

// What `joule bench conv` found out, and its three forms.
namespace joule::bench {

/// One way to compute a pass at one density.
struct ConvMeasurement {
  std::string name;
  Kind kind = Kind::row;
  std::string ran, passed_over{};  // as Contestant
  std::vector<double> times{};     // seconds per call, round by round
  Spread seconds;                  // of the times
  /// 2 MACs of the dense algorithm / median: what a dense kernel would have to reach to be as
  /// quick. Not what the processor did where zeros were skipped.
  double dense_equivalent_flops = 0;
  std::optional<std::int64_t> macs_executed{};  // none for a peer, which does not count
  std::optional<double> executed_flops{};       // 2 MACs executed / median
  /// 2 MACs executed (a peer's: of the dense algorithm) / median / the peak of the roofline.
  double share_of_peak = 0;
  /// The compulsory bytes of the dense algorithm / median / the bandwidth of the roofline.
  double share_of_bandwidth = 0;
  /// Time of the best direct peer / time, round by round; none without a peer.
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

/// Where the time of one of Joule's ways crosses that of the peers.
struct ConvCrossover {
  std::string name;
  Crossover direct;                    // the best direct peer
  std::optional<Crossover> automatic;  // the peer that chose itself
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

/// What follows from the seconds of every measurement, round by round: spreads, speed-ups, and who
/// is the best direct peer and the fastest of all.
void add_times(ConvPoint& point, const Work& work, const std::vector<std::vector<double>>& times);

/// The crossovers of a curve: of every way of Joule's over the densities at which it ran, from the
/// ratios of its times to the peer's, round by round.  None without a peer, or for real zeros.
std::vector<ConvCrossover> crossovers(const ConvCurve& curve);

/// Version of the JSON; rises when a key changes its meaning or goes.
inline constexpr int kConvSchema = 2;

/// The keys are in docs/cli.md.
std::string to_json(const ConvReport& report);
/// Zeros down, ways across: what each took relative to the best direct peer, and below that who
/// was left out, break-even, and where dense wins.  The columns take no more than `width`.
std::string table(const ConvCurve& curve, std::size_t width = report::kAnyWidth);
/// "roofline: 620 GFLOP/s, 25 GB/s ...": what the shares are shares of.
std::string roofline(const ConvReport& report);
/// A page that holds `to_json(report)`.
std::string to_html(const ConvReport& report);

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/bench/contest.h"
#include "joule/bench/environment.h"
#include "joule/bench/statistics.h"
#include "joule/bench/steps/side.h"
#include "joule/report/text_layout.h"

// The results of `joule bench train` and `joule bench infer`, and their three forms.
namespace joule::bench {

/// One way to run a net, over the rounds.
struct SideReport {
  std::string name;             // "joule", "joule, dense", "PyTorch", "PyTorch, compiled"
  std::string way;              // the fastest layout, slices or launches; may be empty
  std::string library;          // a peer's description of itself; empty for Joule
  Spread images_per_second;     // of each round's median step
  std::int64_t peak_bytes = 0;  // the most of all rounds; resident memory of its process
  /// Images per second relative to those of another side in the same round.
  std::optional<Spread> over_pytorch, over_dense;
  /// What only Joule counts, from one round.
  std::optional<SideResult> counted;
};

/// One net with its weights.
struct NetReport {
  ModelSpec spec;
  std::string weights;  // "fresh", or where they come from
  std::string data;     // of the images
  std::vector<SideReport> sides;
  std::vector<Omitted> omitted;
};

struct StepsReport {
  Environment environment;
  bool complete = true;  // false: as far as it got
  bool train = true;
  std::string device, precision, algorithms = "direct";
  std::int64_t batch = 0;
  int steps = 0, rounds = 0;
  std::vector<NetReport> nets;
};

/// Version of the JSON; increases when a key changes its meaning or is removed.
inline constexpr int kStepsSchema = 2;

/// The keys are in docs/cli.md.
std::string to_json(const StepsReport& report);
/// One line per side, and what was left out.  The table takes no more than `width` columns.
std::string table(const NetReport& net, std::int64_t batch, std::size_t width = report::kAnyWidth);
/// A page that holds `to_json(report)`.
std::string to_html(const StepsReport& report);

}  // namespace joule::bench

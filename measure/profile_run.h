// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "joule/energy/attribution/attribution.h"
#include "joule/energy/attribution/op_trace.h"
#include "joule/energy/meter.h"
#include "joule/measure/loop_run.h"
#include "joule/measure/subject.h"
#include "joule/training/config.h"

namespace joule::measure {

/// What `joule profile` runs in its window.
enum class ProfileMode {
  forward,   // forward passes, a piece each
  training,  // training steps, a piece each
  layers     // each layer for itself: all in pieces of `steps` calls, then of twice, then of three
             // times as many, so that a fit sees the calls vary
};

/// "forward", "training", "layers".
std::string_view name_of(ProfileMode mode);

/// What a recording says that it holds the windows of: "layers and loops, 3 steps of 4 images".
std::string ran_text(ProfileMode mode, bool loops, std::int64_t steps, std::int64_t batch);

/// Readings of other windows than those that run would be wrong in silence.
///
/// Errors    ArgumentError if `meter`, opened as `selection`, is a recording of something else than
///           `runs`, a ran_text().
void require_as_recorded(const energy::MeterInfo& meter, const std::string& selection,
                         const std::string& runs);

struct ProfilePlan {
  ProfileMode mode = ProfileMode::forward;
  std::int64_t batch = 32, steps = 10, warmup = 2;
  std::function<bool()> stop{};  // asked before every piece
  training::Config config{};     // whose optimiser makes the training steps
  /// Asked for behind the window, in which each layer ran for itself: how to loop each of them.
  std::function<LoopPlan()> loops{};
};

struct ProfileRun {
  std::vector<energy::Ledger::Line> lines;
  energy::Interval window;
  std::vector<energy::Piece> pieces;     // follow on each other and make up the window
  std::vector<energy::Interval> beside;  // the window of each meter beside
  std::vector<energy::Looped> looped;    // if the plan asks for them
  /// Of training: the bytes of tensors that a forward pass leaves for its backward pass.
  std::int64_t kept_bytes = 0;
};

inline constexpr int kRounds = 3;

/// Runs the plan under a ledger and a window of `meter`, and one of each of `beside`, which are
/// read at its two edges; `trace`, unless null, keeps every call.  Warm-up and the making of
/// batches are not in the window.
///
/// Returns   nothing if plan.stop() said so.
/// Errors    as run_loops(), if there are loops.
std::optional<ProfileRun> run_profile(Subject& subject, const ProfilePlan& plan,
                                      energy::Meter& meter, std::span<energy::Meter* const> beside,
                                      energy::OpTrace* trace);

}  // namespace joule::measure

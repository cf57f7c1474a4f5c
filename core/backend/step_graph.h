// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/backend/device_graph.h"
#include "joule/core/context.h"
#include "joule/core/device.h"
#include "joule/core/random.h"
#include "joule/core/work.h"

namespace joule {

class WorkLog;

/// Runs the same work repeatedly: eagerly at first, then captured as one graph, which costs one
/// call of the driver instead of one per kernel.  Used by CapturedStep, which says what the work
/// may contain.
///
/// The sink of the context gets one record per operation and run.  Operations are timed in the
/// first launch of the graph and in every kTimed-th after it; those times stand for the launches
/// until the next.
class StepGraph {
 public:
  enum class Ran { eagerly, captured, replayed };
  static constexpr std::int64_t kWarmUp = 2;  // runs before the capture
  static constexpr std::int64_t kTimed = 64;

  explicit StepGraph(Device device);
  ~StepGraph();
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  /// captured: `work` was run and captured, and the work that it queued is done, as in a replay.
  Ran run(const std::function<void()>& work);
  /// Starts anew: the next run counts as the first.
  void reset();

  /// Why nothing is captured; empty if something is or may be.
  const std::string& why_not() const { return why_not_; }
  std::int64_t replays() const { return replays_; }

 private:
  /// What the captured work depends on besides its code.
  struct Settings {
    Context context;
    std::uint64_t seed;
    bool operator==(const Settings& other) const;
  };
  void run_eagerly(const std::function<void()>& work);
  void capture(const std::function<void()>& work);
  void require_same_operations(WorkLog& log) const;
  void launch();

  Device device_;
  std::string why_not_;
  Settings settings_;
  std::int64_t runs_ = 0, replays_ = 0;
  std::int64_t launches_ = 0;           // of the graph
  std::vector<OpRun> operations_;       // of the last run before the capture
  std::vector<std::int64_t> times_;     // in nanoseconds, of each operation in a launch
  std::unique_ptr<WorkLog> log_;        // of the captured run
  RandomState random_;                  // of default_generator() when the captured run began
  std::uint64_t counters_ = 0;          // how many counters the captured run drew
  std::unique_ptr<DeviceGraph> graph_;  // destroyed before log_, into which it counts
};

}  // namespace joule

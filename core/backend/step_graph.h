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

/// Runs the same work again and again: as it is at first, then captured as one graph, which costs
/// one call of the driver instead of one for each kernel.  For CapturedStep, which says what the
/// work may be.
///
/// The sink of the context gets a record per operation each time.  Operations are timed in every
/// kTimed-th run, which is not replayed, and its times stand for those after it.
class StepGraph {
 public:
  enum class Ran { eagerly, captured, replayed };
  static constexpr std::int64_t kWarmUp = 2;  // runs before the capture; the second one is timed
  static constexpr std::int64_t kTimed = 64;

  explicit StepGraph(Device device);
  ~StepGraph();
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  /// captured: `work` was run, and what it queued is done, as at each replay.
  Ran run(const std::function<void()>& work);
  /// Starts anew: the next run is the first.
  void reset();

  /// Why nothing is captured, or empty.
  const std::string& why_not() const { return why_not_; }
  std::int64_t replays() const { return replays_; }

 private:
  /// What the captured work depends on besides itself.
  struct Settings {
    Context context;
    std::uint64_t seed;
    bool operator==(const Settings& other) const;
  };
  void run_eagerly(const std::function<void()>& work);
  void run_timed(const std::function<void()>& work);
  void capture(const std::function<void()>& work);
  void require_same_operations(WorkLog& log) const;
  void launch();

  Device device_;
  std::string why_not_;
  Settings settings_;
  std::int64_t runs_ = 0, replays_ = 0;
  struct Timed {
    OpRun run;
    std::int64_t nanoseconds;
  };
  std::vector<Timed> timed_;            // each operation of the last run that was timed
  std::unique_ptr<WorkLog> log_;        // of the captured run
  RandomState random_;                  // at its beginning
  std::uint64_t counters_ = 0;          // how many it drew
  std::unique_ptr<DeviceGraph> graph_;  // goes before log_, into which it counts
};

}  // namespace joule

// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "joule/core/backend/arena.h"
#include "joule/core/backend/device_graph.h"
#include "joule/core/cuda/check.h"
#include "joule/core/cuda/tally_slots.h"
#include "joule/core/cuda/timers.h"

namespace joule::cuda {

inline void destroy_graph(cudaGraph_t graph) noexcept {
  report(cudaGraphDestroy(graph), "cudaGraphDestroy");
}
inline void destroy_exec(cudaGraphExec_t exec) noexcept {
  report(cudaGraphExecDestroy(exec), "cudaGraphExecDestroy");
}
using Graph = Handle<cudaGraph_t, destroy_graph>;
using GraphExec = Handle<cudaGraphExec_t, destroy_exec>;

/// The work queued on a stream during a capture, and what its kernels use besides tensors: memory,
/// slots for counts, the shift of the random counters.
///
/// If sections of the work are timed, there are two executable graphs of the same nodes: one also
/// records the events around the sections, which are nodes too and take their time.
class CapturedGraph final : public DeviceGraph {
 public:
  /// `operations` is an upper bound on how many count.  `mutex` is held while counts move and while
  /// `released` is called, which happens when nothing of this graph is in use any more.
  CapturedGraph(cudaStream_t stream, std::size_t operations, std::mutex& mutex,
                std::function<void(CapturedGraph*)> released);
  ~CapturedGraph() override;

  /// Captures what `work` queues, without running it.
  void capture(const std::function<void()>& work);
  void launch(std::uint64_t shift, std::vector<TallyMove> moves) override;
  std::vector<std::int64_t> launch_timed(std::uint64_t shift,
                                         std::vector<TallyMove> moves) override;
  /// Moves the counts to their tallies; waits for the stream.  The caller holds the mutex.
  void settle();

  const std::shared_ptr<Arena>& arena() const { return arena_; }
  DeviceTally* slot(Tally* tally) { return tallies_.slot(tally); }
  // Of a section of the work that is being captured.
  std::int64_t start_timer();
  void stop_timer(std::int64_t started);
  /// The device address of launch()'s `shift`, for the captured kernels.
  const std::uint64_t* shift() {
    shifted_ = true;
    return shift_;
  }

 private:
  void launch(cudaGraphExec_t exec, std::uint64_t shift, std::vector<TallyMove> moves);

  cudaStream_t stream_;
  std::mutex& mutex_;
  std::function<void(CapturedGraph*)> released_;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  TallySlots tallies_;
  std::uint64_t* shift_ = nullptr;
  bool shifted_ = false;
  Graph graph_;
  GraphExec exec_;
  GraphExec timed_;                     // if there are sections
  std::vector<TimedSection> sections_;  // as they were started
  std::vector<TallyMove> moves_;        // not yet made
};

}  // namespace joule::cuda

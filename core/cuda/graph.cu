// SPDX-License-Identifier: MIT
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/event_nodes.h"
#include "joule/core/cuda/graph.h"
#include "joule/core/cuda/launch.h"

namespace joule::cuda {
namespace {

/// One thread.  A kernel and not a copy: its parameter is read when it is queued.
__global__ void store(std::uint64_t* to, std::uint64_t value) { *to = value; }

}  // namespace

CapturedGraph::CapturedGraph(cudaStream_t stream, std::size_t operations, std::mutex& mutex,
                             std::function<void(CapturedGraph*)> released)
    : stream_(stream), mutex_(mutex), released_(std::move(released)), tallies_(stream) {
  tallies_.reserve(operations);
  check(cudaMalloc(&shift_, sizeof *shift_), "cudaMalloc");
}

CapturedGraph::~CapturedGraph() {
  const std::lock_guard lock(mutex_);
  try {
    settle();
  } catch (const DeviceError&) {  // the device is lost, and the counts with it
  }
  exec_ = {};
  timed_ = {};
  graph_ = {};
  arena_.reset();
  report(cudaFree(shift_), "cudaFree");
  released_(this);
}

void CapturedGraph::capture(const std::function<void()>& work) {
  // Relaxed: the memory of the arena and what libraries load on the way are not to be captured.
  check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
  try {
    work();
  } catch (...) {
    cudaGraph_t ignored = nullptr;
    if (cudaStreamEndCapture(stream_, &ignored) == cudaSuccess) destroy_graph(ignored);
    cudaGetLastError();  // that of `work` is the one to report
    throw;
  }
  check(cudaStreamEndCapture(stream_, graph_.receive()), "cudaStreamEndCapture");
  if (!sections_.empty()) {
    check(cudaGraphInstantiate(timed_.receive(), graph_.get(), 0), "cudaGraphInstantiate");
    remove_event_nodes(graph_.get());
  }
  check(cudaGraphInstantiate(exec_.receive(), graph_.get(), 0), "cudaGraphInstantiate");
}

std::int64_t CapturedGraph::start_timer() {
  const TimedSection& section = sections_.emplace_back();
  check(cudaEventRecordWithFlags(section.start.get(), stream_, cudaEventRecordExternal),
        "cudaEventRecordWithFlags");
  return static_cast<std::int64_t>(sections_.size()) - 1;
}

void CapturedGraph::stop_timer(std::int64_t started) {
  const TimedSection& section = sections_[static_cast<std::size_t>(started)];
  check(cudaEventRecordWithFlags(section.stop.get(), stream_, cudaEventRecordExternal),
        "cudaEventRecordWithFlags");
}

void CapturedGraph::launch(std::uint64_t shift, std::vector<TallyMove> moves) {
  launch(exec_.get(), shift, std::move(moves));
}

std::vector<std::int64_t> CapturedGraph::launch_timed(std::uint64_t shift,
                                                      std::vector<TallyMove> moves) {
  launch(sections_.empty() ? exec_.get() : timed_.get(), shift, std::move(moves));
  // The next launch records the same events.
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  std::vector<std::int64_t> times;
  for (const TimedSection& section : sections_) times.push_back(section.nanoseconds());
  return times;
}

void CapturedGraph::launch(cudaGraphExec_t exec, std::uint64_t shift,
                           std::vector<TallyMove> moves) {
  const std::lock_guard lock(mutex_);
  if (!moves_.empty() && moves_ != moves) settle();
  if (shifted_) {
    const Grid one_thread{.blocks = dim3(1), .threads = dim3(1)};
    cuda::launch(store, one_thread, shift_, shift);
  }
  check(cudaGraphLaunch(exec, stream_), "cudaGraphLaunch");
  moves_ = std::move(moves);
}

void CapturedGraph::settle() {
  if (moves_.empty()) return;
  tallies_.collect();
  for (const TallyMove& move : moves_) {
    if (move.to) *move.to += *move.from;
    *move.from = {};
  }
  moves_.clear();
}

}  // namespace joule::cuda

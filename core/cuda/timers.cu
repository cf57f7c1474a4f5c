// SPDX-License-Identifier: MIT
#include <cmath>

#include "joule/core/cuda/timers.h"

namespace joule::cuda {

std::int64_t Timers::start() {
  if (free_.empty()) {
    Pair pair;
    check(cudaEventCreate(pair.start.receive()), "cudaEventCreate");
    check(cudaEventCreate(pair.stop.receive()), "cudaEventCreate");
    free_.push_back(pairs_.size());
    pairs_.push_back(std::move(pair));
  }
  const std::size_t pair = free_.back();
  check(cudaEventRecord(pairs_[pair].start.get(), stream_), "cudaEventRecord");
  free_.pop_back();
  return static_cast<std::int64_t>(pair);
}

void Timers::stop(std::int64_t started, Tally* tally) {
  const auto pair = static_cast<std::size_t>(started);
  check(cudaEventRecord(pairs_[pair].stop.get(), stream_), "cudaEventRecord");
  stopped_.push_back({pair, tally});
  if (stopped_.size() > kWaiting) add_finished();
}

void Timers::add(const Stopped& stopped) {
  float milliseconds = 0;
  const Pair& pair = pairs_[stopped.pair];
  check(cudaEventElapsedTime(&milliseconds, pair.start.get(), pair.stop.get()),
        "cudaEventElapsedTime");
  stopped.tally->nanoseconds += std::llround(milliseconds * 1e6);
  free_.push_back(stopped.pair);
}

void Timers::add_finished() {
  while (!stopped_.empty()) {
    const cudaError_t status = cudaEventQuery(pairs_[stopped_.front().pair].stop.get());
    if (status == cudaErrorNotReady) {
      cudaGetLastError();  // no error, but kept as the last one
      return;
    }
    check(status, "cudaEventQuery");
    add(stopped_.front());
    stopped_.pop_front();
  }
}

void Timers::settle() {
  if (stopped_.empty()) return;
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  for (const Stopped& stopped : stopped_) add(stopped);
  stopped_.clear();
}

}  // namespace joule::cuda

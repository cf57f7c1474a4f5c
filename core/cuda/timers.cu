// SPDX-License-Identifier: MIT
#include <cmath>

#include "joule/core/cuda/timers.h"

namespace joule::cuda {

TimedSection::TimedSection() {
  check(cudaEventCreate(start.receive()), "cudaEventCreate");
  check(cudaEventCreate(stop.receive()), "cudaEventCreate");
}

std::int64_t TimedSection::nanoseconds() const {
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start.get(), stop.get()), "cudaEventElapsedTime");
  return std::llround(milliseconds * 1e6);
}

std::int64_t Timers::start() {
  if (free_.empty()) {
    sections_.emplace_back();
    free_.push_back(sections_.size() - 1);
  }
  const std::size_t section = free_.back();
  check(cudaEventRecord(sections_[section].start.get(), stream_), "cudaEventRecord");
  free_.pop_back();
  return static_cast<std::int64_t>(section);
}

void Timers::stop(std::int64_t started, Tally* tally) {
  const auto section = static_cast<std::size_t>(started);
  check(cudaEventRecord(sections_[section].stop.get(), stream_), "cudaEventRecord");
  stopped_.push_back({section, tally});
  if (stopped_.size() > kWaiting) add_finished();
}

void Timers::add(const Stopped& stopped) {
  stopped.tally->nanoseconds += sections_[stopped.section].nanoseconds();
  free_.push_back(stopped.section);
}

void Timers::add_finished() {
  while (!stopped_.empty()) {
    const cudaError_t status = cudaEventQuery(sections_[stopped_.front().section].stop.get());
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

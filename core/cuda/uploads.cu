// SPDX-License-Identifier: MIT
#include "joule/core/cuda/uploads.h"

namespace joule::cuda {

std::size_t Uploads::free_copy() {
  if (!beside_) {
    check(cudaStreamCreateWithFlags(beside_.receive(), cudaStreamNonBlocking),
          "cudaStreamCreateWithFlags");
  }
  if (free_.empty()) {
    Copy copy;
    for (Event* const event : {&copy.queued, &copy.done}) {
      check(cudaEventCreateWithFlags(event->receive(), cudaEventDisableTiming),
            "cudaEventCreateWithFlags");
    }
    free_.push_back(copies_.size());
    copies_.push_back(std::move(copy));
  }
  return free_.back();
}

std::int64_t Uploads::start(void* to, const void* from, std::size_t bytes) {
  const std::size_t number = free_copy();
  const Copy& copy = copies_[number];
  check(cudaEventRecord(copy.queued.get(), stream_), "cudaEventRecord");
  check(cudaStreamWaitEvent(beside_.get(), copy.queued.get()), "cudaStreamWaitEvent");
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, beside_.get()), "cudaMemcpyAsync");
  check(cudaEventRecord(copy.done.get(), beside_.get()), "cudaEventRecord");
  free_.pop_back();
  return static_cast<std::int64_t>(number);
}

void Uploads::finish(std::int64_t copy) {
  const auto number = static_cast<std::size_t>(copy);
  check(cudaEventSynchronize(copies_[number].done.get()), "cudaEventSynchronize");
  free_.push_back(number);
}

}  // namespace joule::cuda

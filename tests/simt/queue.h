// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "joule/tests/simt/arena.h"

namespace joule::simt {

/// Something that happens once: the record of an event, the end of a copy.
struct Completion {
  bool done = false;
  std::chrono::steady_clock::time_point time = {};
  void complete() {
    done = true;
    time = std::chrono::steady_clock::now();
  }
};

struct Replay;

/// One operation of a stream, with its arguments.
struct Task {
  cudaGraphNodeType type = cudaGraphNodeTypeEmpty;
  std::function<void()> run = nullptr;                // null: it only waits
  std::shared_ptr<const Completion> after = nullptr;  // this comes before it
  bool on_host = false;                // a host function: the device's memory is closed to it
  std::span<std::byte> lands = {};     // pinned memory that it writes
  std::size_t frees = 0;               // bytes of the device's memory
  std::shared_ptr<Replay> graph = {};  // it runs a graph's tasks instead
};

/// The tasks of a graph, and which come directly before which.
struct Plan {
  std::vector<Task> tasks;
  std::vector<std::vector<std::size_t>> successors;
  std::vector<std::size_t> predecessors;  // how many each has
  std::shared_ptr<void> memory;           // of the graph's allocations
};

/// One launch of a graph.
struct Replay {
  explicit Replay(std::shared_ptr<const Plan> plan);

  std::shared_ptr<const Plan> plan;
  std::vector<std::size_t> missing;  // predecessors of each task that have not run
  std::vector<std::size_t> ready;
};

/// What a stream has yet to do, in this order.
struct Queue {
  enum class Kind { kLegacy, kBlocking, kNonBlocking };
  struct Entry {
    Task task;
    std::uint64_t number;  // of all that were put on any queue
  };
  Kind kind;
  std::deque<Entry> entries = {};
  std::uint64_t priority = 0;
};

/// Runs the tasks of all streams, one at a time, in an order that CUDA allows and a seed chooses: a
/// task comes after those before it in its stream and after the event that it waits for, and the
/// legacy stream and the blocking ones wait for each other.  Nothing else orders two streams.
///
/// Tasks run when something waits for them, or when more wait than kMost.
class Scheduler {
 public:
  static Scheduler& instance();

  std::shared_ptr<Queue> open(Queue::Kind kind);
  const std::shared_ptr<Queue>& legacy() const { return legacy_; }
  void put(Queue& queue, Task task);
  /// Runs tasks until `done`, or until one fails.
  void run_until(const std::function<bool()>& done);
  void run_all();
  /// A few tasks, or none: what a device may have done meanwhile.
  void run_some();
  bool has_work(const Queue& queue) const;
  /// Forgets all tasks.
  void clear();

  /// Ascending: always the task that was put on its stream first.
  void shuffle(std::uint64_t seed);
  void ascend() { ascending_ = true; }
  /// Tasks run when they are put on a queue.
  void set_immediate(bool immediate) { immediate_ = immediate; }

 private:
  static constexpr std::size_t kMost = 256;                         // tasks
  static constexpr std::size_t kMostFreed = std::size_t{16} << 20;  // bytes that tasks free

  Scheduler();
  bool may_run(const Queue& queue) const;
  Queue* choose();
  void draw_priorities();
  void step();
  void run(const Task& task);
  void run_one_of(Replay& replay);
  std::uint64_t draw(std::uint64_t n);

  std::shared_ptr<Queue> legacy_;
  std::vector<std::shared_ptr<Queue>> queues_;  // with the legacy one
  std::uint64_t put_ = 0;                       // tasks so far
  std::size_t waiting_ = 0, freed_ = 0;
  std::uint64_t state_ = 0;
  bool ascending_ = false;
  bool immediate_ = false;
  std::optional<DeviceAccess> access_;  // while tasks run that touch the device's memory
};

}  // namespace joule::simt

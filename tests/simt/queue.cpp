// SPDX-License-Identifier: MIT
#include "joule/tests/simt/queue.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "joule/tests/simt/order.h"
#include "joule/tests/simt/runtime.h"
#include "joule/tests/simt/sanitizer.h"

namespace joule::simt {
namespace {

constexpr int kGarbage = 0xFF;

bool immediate_by_environment() {
  const char* const streams = std::getenv("JOULE_SIMT_STREAMS");
  if (!streams || std::string_view(streams) == "deferred") return false;
  if (std::string_view(streams) == "immediate") return true;
  std::fprintf(stderr, "simt: JOULE_SIMT_STREAMS is '%s'; expected 'deferred' or 'immediate'\n",
               streams);
  std::abort();
}

/// The host must not read what has not been written.
void spoil(std::span<std::byte> lands) {
  if (lands.empty()) return;
  unpoison(lands.data(), lands.size());
  std::memset(lands.data(), kGarbage, lands.size());
  poison(lands.data(), lands.size());
}

}  // namespace

Replay::Replay(std::shared_ptr<const Plan> of)
    : plan(std::move(of)), missing(plan->predecessors), ready() {
  for (std::size_t i = 0; i < missing.size(); ++i)
    if (missing[i] == 0) ready.push_back(i);
}

Scheduler& Scheduler::instance() {
  static Scheduler* const scheduler = new Scheduler;
  return *scheduler;
}

Scheduler::Scheduler() : immediate_(immediate_by_environment()) {
  legacy_ = open(Queue::Kind::kLegacy);
  const Seed seed = seed_of_environment();
  shuffle(seed.number);
  ascending_ = seed.ascending;
}

void Scheduler::shuffle(std::uint64_t seed) {
  state_ = seed;
  ascending_ = false;
}

std::uint64_t Scheduler::draw(std::uint64_t n) { return next_random(state_) % n; }

std::shared_ptr<Queue> Scheduler::open(Queue::Kind kind) {
  // Those of streams that are gone, and have done all that was put on them.
  std::erase_if(queues_, [](const auto& q) { return q.use_count() == 1 && q->entries.empty(); });
  return queues_.emplace_back(std::make_shared<Queue>(Queue{kind}));
}

void Scheduler::put(Queue& queue, Task task) {
  spoil(task.lands);
  if (task.graph)
    for (const Task& inner : task.graph->plan->tasks) spoil(inner.lands);
  ++waiting_;
  freed_ += task.frees;
  queue.entries.push_back({std::move(task), put_++});
  if (immediate_) return run_all();
  if (waiting_ <= kMost && freed_ <= kMostFreed) return;
  run_until([this] { return waiting_ <= kMost / 2 && freed_ <= kMostFreed / 2; });
}

bool Scheduler::has_work(const Queue& queue) const {
  if (queue.kind != Queue::Kind::kLegacy) return !queue.entries.empty();
  // What is put on it now would come after all that blocking streams have to do.
  return std::ranges::any_of(queues_, [](const auto& other) {
    return other->kind != Queue::Kind::kNonBlocking && !other->entries.empty();
  });
}

bool Scheduler::may_run(const Queue& queue) const {
  if (queue.entries.empty()) return false;
  const auto& [task, number] = queue.entries.front();
  if (task.after && !task.after->done) return false;
  const auto earlier = [number = number](const Queue& other) {
    return !other.entries.empty() && other.entries.front().number < number;
  };
  switch (queue.kind) {
    case Queue::Kind::kNonBlocking:
      return true;
    case Queue::Kind::kBlocking:
      return !earlier(*legacy_);
    case Queue::Kind::kLegacy:
      break;
  }
  return std::ranges::none_of(queues_, [&](const auto& other) {
    return other->kind == Queue::Kind::kBlocking && earlier(*other);
  });
}

void Scheduler::draw_priorities() {
  for (const auto& queue : queues_) queue->priority = next_random(state_);
}

/// The first task of all that wait may always run, so that there is one.
Queue* Scheduler::choose() {
  Queue* chosen = nullptr;
  const auto before = [this](const Queue& a, const Queue& b) {
    return ascending_ ? a.entries.front().number < b.entries.front().number
                      : a.priority < b.priority;
  };
  for (const auto& queue : queues_)
    if (may_run(*queue) && (!chosen || before(*queue, *chosen))) chosen = queue.get();
  return chosen;
}

void Scheduler::step() {
  // So that one stream may be far ahead of another, or take turns with it.
  if (draw(4) == 0) draw_priorities();
  Queue* const queue = choose();
  if (!queue) {
    std::fprintf(stderr, "simt: none of %zu tasks of streams may run\n", waiting_);
    std::abort();
  }
  Task& first = queue->entries.front().task;
  if (first.graph && !first.graph->ready.empty()) return run_one_of(*first.graph);
  Task task = std::move(first);
  queue->entries.pop_front();
  --waiting_;
  freed_ -= task.frees;
  if (!task.graph) run(task);
}

void Scheduler::run_one_of(Replay& replay) {
  const auto next =
      ascending_ ? std::ranges::min_element(replay.ready)
                 : replay.ready.begin() + static_cast<std::ptrdiff_t>(draw(replay.ready.size()));
  const std::size_t number = *next;
  replay.ready.erase(next);
  for (const std::size_t later : replay.plan->successors[number])
    if (--replay.missing[later] == 0) replay.ready.push_back(later);
  run(replay.plan->tasks[number]);
}

void Scheduler::run(const Task& task) {
  unpoison(task.lands.data(), task.lands.size());
  if (!task.run) return;
  if (task.on_host)
    access_.reset();
  else if (!access_)
    access_.emplace();
  task.run();
}

void Scheduler::run_until(const std::function<bool()>& done) {
  const Runtime& runtime = Runtime::instance();
  if (runtime.sticky || done()) return;
  draw_priorities();
  while (!done()) {
    step();
    if (runtime.sticky) {  // a device that has failed does nothing more
      clear();
      break;
    }
  }
  access_.reset();
}

void Scheduler::run_all() {
  run_until([this] { return waiting_ == 0; });
}

void Scheduler::run_some() {
  std::uint64_t steps = ascending_ ? 1 : draw(8);
  run_until([&] { return waiting_ == 0 || steps-- == 0; });
}

void Scheduler::clear() {
  for (const auto& queue : queues_) queue->entries.clear();
  waiting_ = 0;
  freed_ = 0;
}

}  // namespace joule::simt

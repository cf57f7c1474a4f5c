// SPDX-License-Identifier: MIT
#include "joule/tests/simt/block.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "joule/tests/simt/sanitizer.h"

simt::Index simt::index;

namespace joule::simt {
namespace {

constexpr std::size_t kPage = 4096;

bool same(const Where& a, const Where& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

std::uint64_t fold(::simt::Primitive primitive, std::uint64_t a, std::uint64_t b) {
  using enum ::simt::Primitive;
  switch (primitive) {
    case kAdd:
      return a + b;
    case kMin:
      return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b) ? a : b;
    case kMax:
      return static_cast<std::int64_t>(a) > static_cast<std::int64_t>(b) ? a : b;
    case kAll:
    case kAnd:
      return a & b;
    case kXor:
      return a ^ b;
    default:
      return a | b;
  }
}

bool is_shuffle(::simt::Primitive primitive) {
  using enum ::simt::Primitive;
  return primitive == kShuffle || primitive == kShuffleUp || primitive == kShuffleDown ||
         primitive == kShuffleXor;
}

}  // namespace

Block::Block() {
  constexpr std::size_t bytes = (kMaxDynamicShared / kPage + 1) * kPage;
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("simt: no memory for dynamic shared memory");
    std::abort();
  }
  dynamic_shared_ = static_cast<std::byte*>(memory);
  poison(dynamic_shared_, bytes);
  const Seed seed = seed_of_environment();
  if (seed.ascending)
    order_.ascend();
  else
    order_.shuffle(seed.number);
}

void Block::set_up_launch(const dim3& grid, const dim3& block, std::size_t dynamic_shared_bytes) {
  ::simt::index.grid_dim = grid;
  ::simt::index.block_dim = block;
  const std::size_t count = std::size_t{block.x} * block.y * block.z;
  threads_.assign(count, {});
  unstarted_.resize(count);
  unsigned number = 0;
  for (unsigned z = 0; z < block.z; ++z)
    for (unsigned y = 0; y < block.y; ++y)
      for (unsigned x = 0; x < block.x; ++x) {
        threads_[number].number = number;
        threads_[number++].index = {x, y, z};
      }
  // ThreadSanitizer must see each thread as one: each has its own fiber then, made by the host,
  // since what makes a fiber comes before all that the fiber does.
  while (kThreadSanitizer && fibers_.size() < count)
    fibers_.push_back(std::make_unique<Fiber>(&Block::fiber_main));
  dynamic_shared_bytes_ = dynamic_shared_bytes;
  report_.clear();
  given_up_ = false;
  order_.restart();
}

std::string Block::run(const dim3& grid, const dim3& block, std::size_t dynamic_shared_bytes,
                       const std::function<void()>& body) {
  const Unwatched unwatched;
  Fiber host;
  host_ = &host;
  body_ = &body;
  std::fegetenv(&environment_);
  set_up_launch(grid, block, dynamic_shared_bytes);
  unpoison(dynamic_shared_, dynamic_shared_bytes_);
  const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
  const auto [first, stride] = order_.blocks(blocks);
  std::uint64_t b = first;
  for (std::uint64_t k = 0; k < blocks && !given_up_; ++k) {
    ::simt::index.block = {static_cast<unsigned>(b % grid.x),
                           static_cast<unsigned>(b / grid.x % grid.y),
                           static_cast<unsigned>(b / grid.x / grid.y)};
    run_block();
    b += stride;
    if (b >= blocks) b -= blocks;
  }
  poison(dynamic_shared_, dynamic_shared_bytes_);
  return std::exchange(report_, {});
}

void Block::run_block() {
  if (dynamic_shared_bytes_) std::memset(dynamic_shared_, 0xFF, dynamic_shared_bytes_);
  std::size_t position = 0;
  order_.for_each_thread(static_cast<unsigned>(threads_.size()), [&](unsigned t) {
    unstarted_[position++] = static_cast<std::uint16_t>(t);
    threads_[t].state = State::kUnstarted;
  });
  started_ = 0;
  exited_ = 0;
  in_warp_.fill(0);
  in_barrier_ = 0;
  publish(&launched_);
  Fiber::switch_to(*host_, next_fiber());
  if (exited_ < threads_.size() && !given_up_) {
    give_up(diagnose());
    Fiber::switch_to(*host_, next_fiber());
  }
  receive(&finished_);
}

void Block::fiber_main() {
  for (;;) instance().run_threads();
}

void Block::run_threads() {
  std::fesetenv(&environment_);  // a fiber has its own, as it was when it was last left
  while (ready_count_ == 0 && !given_up_ && started_ < unstarted_.size()) {
    run_thread(threads_[unstarted_[started_++]]);
    if (kThreadSanitizer) break;
  }
  Fiber& self = *current_;
  idle_.push_back(&self);
  Fiber::switch_to(self, next_fiber());
}

void Block::run_thread(Thread& thread) {
  running_ = &thread;
  thread.state = State::kRuns;
  thread.fiber = current_;
  ::simt::index.thread = thread.index;
  receive(&launched_);
  end_unwatched();
  try {
    (*body_)();
  } catch (const Unwind&) {
  } catch (...) {
    give_up("an exception left the kernel in " + name(thread));
  }
  begin_unwatched();
  publish(&finished_);
  thread.state = State::kExited;
  ++exited_;
}

Fiber& Block::next_fiber() {
  if (ready_count_ > 0) {
    Thread* const thread = ready_[first_ready_];
    first_ready_ = (first_ready_ + 1) % kMaxThreads;
    --ready_count_;
    current_ = thread->fiber;
  } else if (!given_up_ && started_ < unstarted_.size()) {
    current_ = &fiber_for_next_thread();
  } else {
    current_ = host_;
  }
  return *current_;
}

Fiber& Block::fiber_for_next_thread() {
  if (kThreadSanitizer) {
    const Thread& thread = threads_[unstarted_[started_]];
    fibers_[thread.number]->set_name(name(thread).c_str());
    return *fibers_[thread.number];
  }
  if (idle_.empty())
    idle_.push_back(fibers_.emplace_back(std::make_unique<Fiber>(&Block::fiber_main)).get());
  Fiber* const fiber = idle_.back();
  idle_.pop_back();
  return *fiber;
}

void Block::make_ready(Thread& thread) {
  thread.state = State::kRuns;
  ready_[(first_ready_ + ready_count_++) % kMaxThreads] = &thread;
}

/// Until the running thread, which was made ready or waits, has its turn again.
void Block::wait() {
  Thread& thread = *running_;
  Fiber& self = *current_;
  Fiber& next = next_fiber();
  if (&next != &self) Fiber::switch_to(self, next);
  running_ = &thread;
  ::simt::index.thread = thread.index;
  if (given_up_) throw Unwind{};
}

int Block::wait_for_block(Vote vote, bool predicate, Where where) {
  const Unwatched unwatched;
  Thread& thread = *running_;
  thread.where = where;
  if (in_barrier_ == 0) {
    barrier_ = where;
    predicates_ = 0;
  } else if (!same(barrier_, where)) {
    fail(diagnose_barrier());
  }
  char* const order = &barriers_[passed_barriers_ % 2];
  publish(order);
  thread.state = State::kInBlockBarrier;
  predicates_ += predicate;
  const unsigned all = static_cast<unsigned>(threads_.size());
  if (++in_barrier_ == all) {
    in_barrier_ = 0;
    ++passed_barriers_;
    const unsigned result = vote == Vote::kAnd  ? predicates_ == all
                            : vote == Vote::kOr ? predicates_ > 0
                                                : predicates_;
    order_.for_each_thread(all, [&](unsigned t) {
      threads_[t].result = result;
      make_ready(threads_[t]);
    });
  }
  wait();
  receive(order);
  return static_cast<int>(thread.result);
}

std::uint64_t Block::meet(const Lane& lane, Where where) {
  const Unwatched unwatched;
  Thread& thread = *running_;
  const unsigned warp = thread.number / 32, bit = 1u << thread.number % 32;
  thread.lane = lane;
  thread.where = where;
  if (!(lane.mask & bit)) fail(describe(thread) + ": the mask leaves out the lane that calls it");
  // Of all warp primitives only this one orders accesses to memory.
  char* const order = lane.primitive == ::simt::Primitive::kSync
                          ? &syncwarps_[warp][thread.syncwarps++ % 2]
                          : nullptr;
  if (order) publish(order);
  thread.state = State::kInWarp;
  in_warp_[warp] |= bit;
  if ((in_warp_[warp] & lane.mask) == lane.mask) {
    if (!agree(warp, lane.mask)) fail(diagnose_warp(thread));
    complete(warp, lane);
  }
  wait();
  if (order) receive(order);
  return thread.result;
}

bool Block::agree(const Thread& a, const Thread& b) {
  return a.lane.primitive == b.lane.primitive && a.lane.mask == b.lane.mask &&
         same(a.where, b.where);
}

bool Block::agree(unsigned warp, unsigned mask) const {
  for (unsigned l = 0; l < 32; ++l)
    if (mask >> l & 1 && !agree(threads_[warp * 32 + l], *running_)) return false;
  return true;
}

void Block::complete(unsigned warp, const Lane& lane) {
  Thread* const threads = &threads_[warp * 32];
  std::uint64_t all = running_->lane.value;
  if (lane.together) {
    std::uint64_t values[32];
    for (unsigned l = 0; l < 32; ++l) values[l] = threads[l].lane.value;
    lane.together(values);
  } else if (lane.primitive == ::simt::Primitive::kBallot) {
    all = 0;
    for (unsigned l = 0; l < 32; ++l)
      if (lane.mask >> l & 1) all |= threads[l].lane.value << l;
  } else if (!is_shuffle(lane.primitive)) {
    for (unsigned l = 0; l < 32; ++l)
      if (lane.mask >> l & 1 && &threads[l] != running_)
        all = fold(lane.primitive, all, threads[l].lane.value);
  }
  in_warp_[warp] &= ~lane.mask;
  for (const unsigned l : order_.draw()) {
    if (!(lane.mask >> l & 1)) continue;
    if (is_shuffle(lane.primitive)) {
      const unsigned source = threads[l].lane.source;
      threads[l].result = lane.mask >> source & 1 ? threads[source].lane.value : ~std::uint64_t{0};
    } else {
      threads[l].result = all;
    }
    make_ready(threads[l]);
  }
}

unsigned Block::active_mask() const {
  const unsigned first = running_->number / 32 * 32;
  unsigned mask = 0;
  for (unsigned l = 0; l < 32 && first + l < threads_.size(); ++l)
    mask |= static_cast<unsigned>(threads_[first + l].state != State::kExited) << l;
  return mask;
}

void Block::give_up(std::string report) {
  report_ = std::move(report);
  given_up_ = true;
  for (Thread& thread : threads_)
    if (thread.state == State::kInBlockBarrier || thread.state == State::kInWarp)
      make_ready(thread);
}

void Block::fail(std::string report) {
  running_->state = State::kRuns;  // it may have been about to wait: nobody else is to wake it up
  give_up(std::move(report));
  throw Unwind{};
}

}  // namespace joule::simt

int simt::wait_for_block(Vote vote, bool predicate, Where where) {
  return joule::simt::Block::instance().wait_for_block(vote, predicate, where);
}
std::uint64_t simt::meet(const Lane& lane, Where where) {
  return joule::simt::Block::instance().meet(lane, where);
}
void simt::fault(const char* problem, Where where) {
  joule::simt::Block::instance().fault(problem, where);
}
unsigned simt::lane() { return joule::simt::Block::instance().lane(); }
void* simt::dynamic_shared() { return joule::simt::Block::instance().dynamic_shared(); }
long long simt::next_tick() {
  static std::atomic<long long> ticks = 0;
  return ++ticks;
}
unsigned __activemask() { return joule::simt::Block::instance().active_mask(); }

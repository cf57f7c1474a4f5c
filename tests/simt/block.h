// SPDX-License-Identifier: MIT
#pragma once

#include <simt/index.h>
#include <simt/warp.h>

#include <array>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "joule/tests/simt/fiber.h"
#include "joule/tests/simt/order.h"

namespace joule::simt {

using ::simt::Lane;
using ::simt::Vote;
using ::simt::Where;

inline constexpr unsigned kMaxThreads = 1024;
inline constexpr std::size_t kMaxDynamicShared = 232448;

/// Runs the blocks of a launch, one after another, each thread on a fiber.
///
/// A fiber runs the threads of the block one after another until one has to wait; then the next
/// thread that may go on gets its turn, and if there is none, another fiber goes on with threads
/// that have not started.  When nobody can go on and somebody still waits, the kernel is wrong.
class Block {
 public:
  static Block& instance() {
    static Block* const block = new Block;  // its fibers never end
    return *block;
  }

  /// Returns "", or what is wrong with the kernel; the threads that waited are then unwound.
  std::string run(const dim3& grid, const dim3& block, std::size_t dynamic_shared_bytes,
                  const std::function<void()>& body);

  Order& order() { return order_; }

  // Of the running thread.
  int wait_for_block(Vote vote, bool predicate, Where where);
  std::uint64_t meet(const Lane& lane, Where where);
  unsigned lane() const { return running_->number % 32; }
  unsigned active_mask() const;
  [[noreturn]] void fault(const char* problem, Where where);
  void* dynamic_shared() const { return dynamic_shared_; }

 private:
  enum class State : std::uint8_t { kUnstarted, kRuns, kInBlockBarrier, kInWarp, kExited };
  struct Thread {
    unsigned number;
    uint3 index;
    State state;
    Fiber* fiber;
    Lane lane;
    Where where;
    std::uint64_t result;
    unsigned syncwarps;  // how many it has passed
  };
  struct Unwind {};  // thrown through the threads of a block that is given up

  Block();
  void set_up_launch(const dim3& grid, const dim3& block, std::size_t dynamic_shared_bytes);
  void run_block();
  [[noreturn]] static void fiber_main();
  void run_threads();
  void run_thread(Thread& thread);
  Fiber& fiber_for_next_thread();
  Fiber& next_fiber();
  void wait();
  void make_ready(Thread& thread);
  [[noreturn]] void fail(std::string report);
  void give_up(std::string report);

  static bool agree(const Thread& a, const Thread& b);
  bool agree(unsigned warp, unsigned mask) const;
  void complete(unsigned warp, const Lane& lane);
  std::string name(const Thread& thread) const;
  std::string describe(const Thread& thread) const;
  std::string diagnose() const;
  std::string diagnose_warp(const Thread& thread) const;
  std::string diagnose_barrier() const;

  Order order_{0};
  const std::function<void()>* body_ = nullptr;
  std::vector<Thread> threads_;
  std::vector<std::uint16_t> unstarted_;  // in their order
  std::size_t started_ = 0;
  unsigned exited_ = 0;
  std::array<std::uint32_t, kMaxThreads / 32>
      in_warp_{};  // the lanes that wait in a warp primitive

  unsigned in_barrier_ = 0;
  Where barrier_;
  unsigned predicates_ = 0;

  std::array<Thread*, kMaxThreads> ready_;  // a ring: a thread is in it once
  unsigned first_ready_ = 0;
  unsigned ready_count_ = 0;

  // What orders the accesses of threads.  Of barriers every other one has the same: a thread that
  // has passed one may come to the next before others have left the first.
  char launched_, finished_;
  std::array<char, 2> barriers_;
  std::array<std::array<char, 2>, kMaxThreads / 32> syncwarps_;
  unsigned passed_barriers_ = 0;

  Fiber* host_ = nullptr;
  std::fenv_t environment_;  // of the host's floating-point arithmetic
  Fiber* current_ = nullptr;
  Thread* running_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;

  std::string report_;
  bool given_up_ = false;
  std::byte* dynamic_shared_ = nullptr;
  std::size_t dynamic_shared_bytes_ = 0;
};

/// "add_to(int*, int)"; its address if the program does not name it.
std::string name_of_kernel(const void* kernel);

}  // namespace joule::simt

// SPDX-License-Identifier: MIT
#include "joule/tests/simt/fiber.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

namespace joule::simt {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kStack = 64 * 1024 * (kAddressSanitizer ? 4 : 1);  // red zones take room

/// A stack with a page below it that an overflow runs into.  Stacks live as long as the program.
struct Stacks {
  boost::context::stack_context allocate() {
    void* const low = mmap(nullptr, kPage + kStack, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (low == MAP_FAILED || mprotect(low, kPage, PROT_NONE) != 0) {
      std::perror("simt: no memory for a thread's stack");
      std::abort();
    }
    // Equal offsets in a page would put the hot ends of all stacks into the same lines of the
    // caches.
    const std::size_t shift = made_++ % 32 * 128;
    boost::context::stack_context stack;
    stack.size = kStack - shift;
    stack.sp = static_cast<char*>(low) + kPage + stack.size;
    return stack;
  }
  void deallocate(boost::context::stack_context&) noexcept {}

  static inline std::size_t made_ = 0;
};

}  // namespace

Fiber::Fiber(void (*main)()) : strand_(make_strand()) {
  Stacks stacks;
  const boost::context::stack_context stack = stacks.allocate();
  bytes_ = stack.size;
  bottom_ = static_cast<char*>(stack.sp) - stack.size;
  context_ = boost::context::fiber(std::allocator_arg,
                                   boost::context::preallocated(stack.sp, stack.size, stack),
                                   stacks, [this, main](boost::context::fiber&& from) {
                                     const Unwatched unwatched;
                                     arrive(std::move(from));
                                     main();
                                     return boost::context::fiber();
                                   });
}

}  // namespace joule::simt

// SPDX-License-Identifier: MIT
#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <utility>

#include "joule/tests/simt/sanitizer.h"

namespace joule::simt {

/// A stack of its own, and where on it the code stands that left it last.  All run on one host
/// thread at a time, one of them at once.
class Fiber {
 public:
  /// The host thread's own stack.
  Fiber() : strand_(this_strand()) {}
  /// A fiber that runs `main`, which must not return, when it is first switched to; ThreadSanitizer
  /// does not watch it.
  explicit Fiber(void (*main)());
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// From where to where the calling code goes on: returns when something switches back to `from`.
  ///
  /// Cost      tens of nanoseconds; AddressSanitizer is told of it.
  static void switch_to(Fiber& from, Fiber& to) {
    left_ = &from;
    leave_stack(&from.fake_stack_, to.bottom_, to.bytes_);
    enter_strand(to.strand_);
    boost::context::fiber came = std::move(to.context_).resume();
    from.arrive(std::move(came));
  }

  /// For reports of ThreadSanitizer.
  void set_name(const char* name) { name_strand(strand_, name); }

 private:
  void arrive(boost::context::fiber&& from) {
    enter_stack(fake_stack_, &left_->bottom_, &left_->bytes_);
    left_->context_ = std::move(from);
  }

  static inline Fiber* left_ = nullptr;  // who switches

  boost::context::fiber context_;
  const void* bottom_ = nullptr;  // of the stack; AddressSanitizer wants to know
  std::size_t bytes_ = 0;
  void* fake_stack_ = nullptr;
  void* strand_;  // what ThreadSanitizer takes for a thread
};

}  // namespace joule::simt

// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "joule/core/op.h"
#include "joule/core/threads.h"
#include "joule/tests/support/device_op.h"
#include "joule/tests/support/only_the_cpu.h"
#include "joule/tests/support/test_tensors.h"

// What every test of an operation needs.  An op's test iterates its table: a new implementation is
// tested by being listed.
namespace joule::test {

/// A float that counts the multiplications done with it: run the reference on it, and the count
/// must be work().macs.
struct Counted {
  float value = 0;
  static inline std::int64_t multiplications = 0;
  friend Counted operator*(Counted x, Counted y) {
    ++multiplications;
    return {x.value * y.value};
  }
  friend Counted operator+(Counted x, Counted y) { return {x.value + y.value}; }
  Counted& operator+=(Counted o) {
    value += o.value;
    return *this;
  }
};

/// Keeps the last record and its tally.
class LastRecord final : public WorkSink {
 public:
  Tally* record(const OpRun& run, const Work& nominal) override {
    implementation = run.implementation;
    work = nominal;
    tally = {};
    return &tally;
  }
  std::string implementation;
  Work work;
  Tally tally;
};

/// Runs `op` by the row named `name`, counting; if that needs an allowance, it has it.  A row for
/// another device gets copies of the tensors there, and what it leaves in them comes back.
template <Operation Op>
Tally run(const Op& op, std::string_view name, Precision precision = Precision::f32) {
  LastRecord sink;
  Context ctx{.sink = &sink, .force = name, .precision = precision};
  Device device = op.device();
  for (const auto& impl : Op::implementations()) {
    if (impl.name != name) continue;
    device = impl.device;
    if (device == op.device()) ctx.precision = impl.precision, ctx.algorithms = impl.algorithm;
  }
  if (device == op.device()) {
    dispatch(op, ctx);
  } else {
    const OnDevice<Op> moved(op, device);
    dispatch(*moved, ctx);
    moved.copy_back();
  }
  settle_tallies();
  EXPECT_EQ(sink.implementation, name);
  return sink.tally;
}

/// Whether the row can run `op`, or a copy of it on the row's device.
template <Operation Op>
bool can_run(const Implementation<Op>& impl, const Op& op, Precision precision = Precision::f32) {
  Context ctx{.precision = precision};
  if (impl.device == op.device()) {
    ctx.precision = impl.precision;
    return !cannot_run(impl, op, ctx);
  }
  return other_devices && unavailable(impl.device).empty() &&
         !cannot_run(impl, *OnDevice<Op>(op, impl.device), ctx);
}

/// The executor of tests/simt is a thousand times as slow as a GPU: what is larger runs there once.
inline constexpr std::int64_t kMostMacsTwice = 100'000;

/// body(), twice for rows of other devices, the second time at OddAddresses, unless `op` is large.
template <Operation Op, class Body>
void run_by(const Implementation<Op>& impl, const Op& op, Body&& body) {
  SCOPED_TRACE(str(Op::kName, " by ", impl.name));
  body();
  if (impl.device == op.device() || op.work().macs > kMostMacsTwice) return;
  SCOPED_TRACE("at odd addresses");
  const OddAddresses odd;
  body();
}

/// body(name) for every row of the table that can run `op`; of those that round operands only the
/// CPU's.  For the others there is for_each_that_rounds().
template <Operation Op, class Body>
void for_each_implementation(const Op& op, Body&& body) {
  for (const auto& impl : Op::implementations()) {
    if (can_run(impl, op)) run_by(impl, op, [&] { body(impl.name); });
  }
}

/// body() once per instruction set that this machine has: AVX-512, AVX2, scalar.  Rows of other
/// devices, which have none of them, run the first time only.
template <class Body>
void for_each_target(Body&& body) {
  for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
    const std::int64_t target = targets & -targets;
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    body();
    hwy::SetSupportedTargetsForTest(0);
    other_devices = false;
  }
  other_devices = true;
}

/// body() with 1 and with 2 threads.
template <class Body>
void for_each_thread_count(Body&& body) {
  const int before = num_threads();
  for (int threads : {1, 2}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    set_num_threads(threads);
    body();
  }
  set_num_threads(before);
}

/// What the exception of type Error that body() throws says.
template <class Error = ArgumentError, class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace joule::test

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "joule/core/context.h"
#include "joule/core/work.h"

namespace joule::energy {

/// Sums over runs of operations.
struct Totals {
  std::int64_t calls = 0;
  Work work;
  Tally tally;

  Totals& operator+=(const Totals& o) {
    calls += o.calls;
    work += o.work;
    tally += o.tally;
    return *this;
  }
  /// Share of non-zeros among the values of the operands whose zeros count; none if nobody counted.
  std::optional<double> density() const {
    if (tally.values_in == 0) return std::nullopt;
    return static_cast<double>(tally.values_in_nonzero) / static_cast<double>(tally.values_in);
  }
};

/// Sums the work of every operation per layer, phase, op and implementation.
///
///   energy::Ledger ledger;
///   {
///     energy::Recording recording(ledger);
///     net(images);
///   }
///   for (const auto& line : ledger.lines()) ...
///
/// Threads   record() may be called by any number of threads at once: each thread has tallies of
///           its own, as the operations add to them unguarded.  For the same reason lines(),
///           total(), merge() and reset() need that no recorded operation is running.
/// Cost      one lock and one look-up per operation; memory per line, not per operation.
class Ledger final : public WorkSink {
 public:
  struct Line : Totals {
    OpRun run;
  };

  Ledger() = default;
  ~Ledger() override;  // when nobody will add to the tallies any more: may wait for a device
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  Tally* record(const OpRun& run, const Work& nominal) override;

  /// Layers in the order in which they first ran; of a layer forward, backward, update; of a phase
  /// its operations in the order in which they first ran.  Waits for devices that still count.
  std::vector<Line> lines() const;

  /// The sum of the lines for which `wanted(line)` holds.
  template <class Predicate>
  Totals total(Predicate&& wanted) const {
    Totals sum;
    for (const Line& line : lines()) {
      if (wanted(line)) sum += line;
    }
    return sum;
  }
  Totals total() const {
    return total([](const Line&) { return true; });
  }

  /// Adds what `other` has recorded.
  void merge(const Ledger& other);
  void reset();

 private:
  // Names are compared by address, as those in an OpRun are literals or interned: no text is hashed
  // in record().  Equal names with different addresses meet in lines().
  struct Key {
    OpRun run;
    std::thread::id thread;
    bool operator==(const Key& o) const;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    Totals totals;
    std::size_t order = 0;  // of its first record
  };
  Entry& entry(const OpRun& run);

  mutable std::mutex mutex_;
  std::unordered_map<Key, Entry, Hash> entries_;  // its nodes do not move
};

/// Until the end of the block, what this thread runs is recorded in `ledger`.
class Recording : ContextGuard {
 public:
  explicit Recording(Ledger& ledger) { context().sink = &ledger; }
};

}  // namespace joule::energy

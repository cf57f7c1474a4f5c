// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/observers.h"
#include "core/tensor.h"

// Which implementation of an operation was measured to be the fastest on this machine.
namespace joule {

/// What an operation's time depends on: every size and parameter, in an order of its own.
using TuningSizes = std::array<std::int64_t, 16>;

/// What decides which implementation of an operation is the fastest, besides machine and threads.
struct TuningKey {
  static constexpr std::size_t kMaxSparse = 2;
  struct Sparse {
    std::string_view name;
    const Tensor* tensor = nullptr;
  };
  TuningSizes sizes{};
  std::array<Sparse, kMaxSparse> sparse{};  // the operands by whose zeros a row may skip
};

/// An operation whose implementations can be chosen by measurement.  Asked at every dispatch while
/// a table is in use, so tuning_key() allocates nothing.
template <class Op>
concept Tunable = requires(const Op& op) {
  { op.tuning_key() } -> std::same_as<TuningKey>;
};

/// The machine that times hold for: those of another say nothing here.
struct TuningMachine {
  std::string cpu, simd, joule, onednn;  // onednn: its version, empty if the build has none
  friend bool operator==(const TuningMachine&, const TuningMachine&) = default;
};

/// How long an implementation takes, in ms: when no operand has zeros, and per sparse operand when
/// it alone has the entry's densities.
struct MeasuredRow {
  std::string name;
  double dense_ms = 0;
  std::vector<std::vector<double>> sparse_ms{};
  friend bool operator==(const MeasuredRow&, const MeasuredRow&) = default;
};

/// What was measured of one operation of one shape with one number of threads.
struct TuningEntry {
  std::string op;
  Device device = Device::cpu;
  int threads = 1;
  TuningSizes sizes{};
  std::vector<double> densities{};  // ascending, between 0 and 1 exclusive
  std::vector<MeasuredRow> rows{};

  /// Errors    ArgumentError: densities out of order or range, times that are not positive numbers,
  ///           too many or too few of them, no row, or two of one name.
  void check() const;

  /// The time in ms of a row when sparse operand k has the density d[k]:
  ///   dense_ms * prod_k t_k(d[k]) / dense_ms
  /// t_k is linear between the measured densities and constant below the least.  Where two rows'
  /// times cross lies between two measured densities, so no density is at the edge of anything.
  double milliseconds(const MeasuredRow& row,
                      const std::array<double, TuningKey::kMaxSparse>& d) const;

  friend bool operator==(const TuningEntry&, const TuningEntry&) = default;
};

/// Entries by operation, device, threads and sizes.
class TuningTable {
 public:
  /// Adds one, or replaces that of the same operation, device, threads and sizes.
  /// Errors    as TuningEntry::check().
  void add(TuningEntry entry);
  /// Null if there is none.
  const TuningEntry* find(std::string_view op, Device device, int threads,
                          const TuningSizes& sizes) const;
  std::size_t size() const { return entries_.size(); }

 private:
  std::unordered_multimap<std::uint64_t, TuningEntry> entries_;  // by a hash of what find() takes
};

/// The table in use, or null.
const TuningTable* tuning_table();
/// From now on every dispatch of the process chooses by `table`; null: by the static predicates.
/// What a run computes depends on it, so it is set once, before the first operation.
void set_tuning_table(std::shared_ptr<const TuningTable> table);

/// The measured times of an operation at hand, or nothing.
class MeasuredTimes {
 public:
  MeasuredTimes() = default;
  /// An operand whose zeros nobody counted is taken to have none.
  MeasuredTimes(const TuningTable& table, std::string_view op, Device device, const TuningKey& key);
  explicit operator bool() const { return entry_ != nullptr; }
  /// Of the row of that name, in ms; none if it was not measured.
  std::optional<double> of(std::string_view row) const;

 private:
  const TuningEntry* entry_ = nullptr;
  std::array<double, TuningKey::kMaxSparse> densities_{};
};

/// This thread's observers of an operation, told before it runs.
template <Tunable Op>
Observers<Op>& dispatch_observers() {
  thread_local Observers<Op> observers;
  return observers;
}

}  // namespace joule

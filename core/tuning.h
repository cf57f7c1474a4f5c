// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "joule/core/autograd/observers.h"
#include "joule/core/tensor.h"

// Which implementation of an operation was measured to be the fastest on this machine.
namespace joule {

/// What an operation's time depends on: every size and parameter, in an order of its own.
using TuningSizes = std::array<std::int64_t, 16>;

/// The shares of non-zeros of an operation's sparse operands.
using TuningDensities = std::array<double, 2>;

/// What decides which implementation of an operation is the fastest, besides machine and threads.
struct TuningKey {
  static constexpr std::size_t kMaxSparse = std::tuple_size_v<TuningDensities>;
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
  /// t_k is linear between the measured densities and constant below the least.
  double milliseconds(const MeasuredRow& row, const TuningDensities& d) const;

  /// Of the rows with usable(name) the one to run: that which is the fastest without zeros, unless
  /// another takes less than kWorthASwitch of its time; then the fastest of those.  Null if none.
  /// A pure function of d: rows that differ by the noise of a measurement do not take turns when
  /// the density wanders.
  template <class Usable>
  const MeasuredRow* choose(const TuningDensities& d, Usable&& usable) const;

  friend bool operator==(const TuningEntry&, const TuningEntry&) = default;
};

inline constexpr double kWorthASwitch = 0.97;

template <class Usable>
const MeasuredRow* TuningEntry::choose(const TuningDensities& d, Usable&& usable) const {
  const MeasuredRow* dense = nullptr;
  for (const MeasuredRow& row : rows) {
    if ((!dense || row.dense_ms < dense->dense_ms) && usable(row.name)) dense = &row;
  }
  if (!dense) return nullptr;
  const MeasuredRow* best = dense;
  double least = kWorthASwitch * milliseconds(*dense, d);
  for (const MeasuredRow& row : rows) {
    const double ms = milliseconds(row, d);
    if (ms >= least || &row == dense || !usable(row.name)) continue;
    best = &row;
    least = ms;
  }
  return best;
}

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

/// What was measured of an operation at hand, or nothing.
struct Measured {
  const TuningEntry* entry = nullptr;
  TuningDensities densities{};  // 1 for an operand whose zeros nobody counted

  /// "measured: cpu.direct is faster here (1.3x)", of a row that was passed over for `chosen`.
  std::string why_not(std::string_view row, std::string_view chosen) const;
};
Measured find_measured(const TuningTable& table, std::string_view op, Device device,
                       const TuningKey& key);

/// This thread's observers of an operation, told before it runs.
template <Tunable Op>
Observers<Op>& dispatch_observers() {
  thread_local Observers<Op> observers;
  return observers;
}

}  // namespace joule

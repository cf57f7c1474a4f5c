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

/// Every size and parameter on which an operation's time depends, in an order that the op defines.
using TuningSizes = std::array<std::int64_t, 16>;

/// The fractions of non-zeros of an operation's sparse operands.
using TuningDensities = std::array<double, 2>;

/// What decides which implementation of an operation is the fastest, besides machine and threads.
struct TuningKey {
  static constexpr std::size_t kMaxSparse = std::tuple_size_v<TuningDensities>;
  struct Sparse {
    std::string_view name;
    const Tensor* tensor = nullptr;
  };
  TuningSizes sizes{};
  std::array<Sparse, kMaxSparse> sparse{};  // operands whose zeros an implementation may skip
};

/// An operation whose implementation can be chosen by measurement.  tuning_key() must not allocate,
/// because it is called at every dispatch while a table is in use.
template <class Op>
concept Tunable = requires(const Op& op) {
  { op.tuning_key() } -> std::same_as<TuningKey>;
};

/// The machine on which times were measured; they say nothing about another machine.
struct TuningMachine {
  std::string cpu, simd, joule, onednn;  // onednn: its version, empty if the build has none
  friend bool operator==(const TuningMachine&, const TuningMachine&) = default;
};

/// The times of one implementation, in ms: without zeros, and per sparse operand with that operand
/// alone at each of the entry's densities.
struct MeasuredRow {
  std::string name;
  double dense_ms = 0;
  std::vector<std::vector<double>> sparse_ms{};
  friend bool operator==(const MeasuredRow&, const MeasuredRow&) = default;
};

/// The measurements of one operation, with given sizes and a given number of threads.
struct TuningEntry {
  std::string op;
  Device device = Device::cpu;
  int threads = 1;
  TuningSizes sizes{};
  std::vector<double> densities{};  // ascending, between 0 and 1 exclusive
  std::vector<MeasuredRow> rows{};

  /// Errors    ArgumentError if densities are out of order or range, a time is not a positive
  ///           number, there are too many or too few times, no row, or two rows of one name.
  void check() const;

  /// The time of a row in ms if sparse operand k has density d[k]:
  ///   dense_ms * prod_k t_k(d[k]) / dense_ms
  /// t_k is linear between the measured densities and constant below the lowest.
  double milliseconds(const MeasuredRow& row, const TuningDensities& d) const;

  /// Chooses among the rows with usable(name): the fastest without zeros, unless others take less
  /// than kWorthASwitch of its time; then the fastest of those.  Null if no row is usable.  A pure
  /// function of d, so rows that differ by no more than measurement noise do not alternate as the
  /// density drifts.
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

/// Entries, looked up by operation, device, threads and sizes.
class TuningTable {
 public:
  /// Adds an entry; replaces one of the same operation, device, threads and sizes.
  /// Errors    as TuningEntry::check().
  void add(TuningEntry entry);
  /// Null if there is no entry.
  const TuningEntry* find(std::string_view op, Device device, int threads,
                          const TuningSizes& sizes) const;
  std::size_t size() const { return entries_.size(); }

 private:
  std::unordered_multimap<std::uint64_t, TuningEntry> entries_;  // by a hash of find()'s arguments
};

/// The table in use, or null.
const TuningTable* tuning_table();
/// From now on, every dispatch of the process chooses by `table`; if null, by the static
/// predicates.  The results of a run depend on it, so set it once, before the first operation.
void set_tuning_table(std::shared_ptr<const TuningTable> table);

/// The measurements that apply to one call of an operation; empty if there are none.
struct Measured {
  const TuningEntry* entry = nullptr;
  TuningDensities densities{};  // 1 for an operand whose zeros were not counted

  /// "measured: cpu.direct is faster here (1.3x)": why `row` was passed over for `chosen`.
  std::string why_not(std::string_view row, std::string_view chosen) const;
};
Measured find_measured(const TuningTable& table, std::string_view op, Device device,
                       const TuningKey& key);

/// This thread's observers of an operation; they are called before it runs.
template <Tunable Op>
Observers<Op>& dispatch_observers() {
  thread_local Observers<Op> observers;
  return observers;
}

}  // namespace joule

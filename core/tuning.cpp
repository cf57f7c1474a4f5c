// SPDX-License-Identifier: MIT
#include "joule/core/tuning.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <mutex>
#include <set>
#include <utility>

#include "joule/core/threads.h"

namespace joule {
namespace {

std::atomic<const TuningTable*> in_use = nullptr;

std::uint64_t hash(std::string_view op, Device device, int threads, const TuningSizes& sizes) {
  std::uint64_t h = std::hash<std::string_view>()(op);
  const auto mix = [&h](std::int64_t value) {
    h = (h ^ static_cast<std::uint64_t>(value)) * 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
    h ^= h >> 32;
  };
  mix(static_cast<std::int64_t>(device));
  mix(threads);
  for (const std::int64_t size : sizes) mix(size);
  return h;
}

bool measures(const TuningEntry& entry, std::string_view op, Device device, int threads,
              const TuningSizes& sizes) {
  return entry.sizes == sizes && entry.threads == threads && entry.device == device &&
         entry.op == op;
}

bool positive(double ms) { return std::isfinite(ms) && ms > 0; }

}  // namespace

void TuningEntry::check() const {
  const auto good = [this](bool ok, const auto&... what) {
    require(ok, "tuning of ", op, what...);
  };
  require(!op.empty(), "tuning: an entry names no operation");
  good(threads >= 1, ": threads: expected at least 1, got ", threads);
  good(!rows.empty(), ": there are no rows");
  double last = 0;
  for (const double density : densities) {
    good(density > last && density < 1, ": densities must ascend between 0 and 1, got ", density,
         " after ", last);
    last = density;
  }
  std::set<std::string_view> names;
  for (const MeasuredRow& row : rows) {
    good(!row.name.empty() && names.insert(row.name).second, ": two rows are named '", row.name,
         "'");
    good(positive(row.dense_ms), ", ", row.name, ": a time must be positive, got ", row.dense_ms);
    good(row.sparse_ms.size() <= TuningKey::kMaxSparse &&
             row.sparse_ms.size() == rows[0].sparse_ms.size(),
         ", ", row.name, ": times for ", row.sparse_ms.size(), " sparse operands");
    for (const auto& times : row.sparse_ms) {
      good(times.size() == densities.size(), ", ", row.name, ": ", times.size(), " times for ",
           densities.size(), " densities");
      for (const double ms : times) {
        good(positive(ms), ", ", row.name, ": a time must be positive, got ", ms);
      }
    }
  }
}

double TuningEntry::milliseconds(const MeasuredRow& row, const TuningDensities& d) const {
  double ms = row.dense_ms;
  for (std::size_t k = 0; k < row.sparse_ms.size() && !densities.empty(); ++k) {
    const std::vector<double>& times = row.sparse_ms[k];
    std::size_t above = 0;
    while (above < densities.size() && densities[above] <= d[k]) ++above;
    if (above == 0) {
      ms *= times[0] / row.dense_ms;
      continue;
    }
    const bool last = above == densities.size();
    const double low = densities[above - 1], high = last ? 1 : densities[above];
    const double from = times[above - 1], to = last ? row.dense_ms : times[above];
    ms *= (from + (to - from) * (d[k] - low) / (high - low)) / row.dense_ms;
  }
  return ms;
}

void TuningTable::add(TuningEntry entry) {
  entry.check();
  const std::uint64_t h = hash(entry.op, entry.device, entry.threads, entry.sizes);
  const auto [first, last] = entries_.equal_range(h);
  const auto old = std::find_if(first, last, [&](const auto& at) {
    return measures(at.second, entry.op, entry.device, entry.threads, entry.sizes);
  });
  if (old != last) {
    old->second = std::move(entry);
  } else {
    entries_.emplace(h, std::move(entry));
  }
}

const TuningEntry* TuningTable::find(std::string_view op, Device device, int threads,
                                     const TuningSizes& sizes) const {
  const auto [first, last] = entries_.equal_range(hash(op, device, threads, sizes));
  for (auto at = first; at != last; ++at) {
    if (measures(at->second, op, device, threads, sizes)) return &at->second;
  }
  return nullptr;
}

const TuningTable* tuning_table() { return in_use.load(std::memory_order_acquire); }

void set_tuning_table(std::shared_ptr<const TuningTable> table) {
  // An operation on another thread may still be reading the old one.
  static std::mutex mutex;
  static auto* const all = new std::set<std::shared_ptr<const TuningTable>>;
  const std::lock_guard lock(mutex);
  in_use.store(table.get(), std::memory_order_release);
  all->insert(std::move(table));
}

Measured find_measured(const TuningTable& table, std::string_view op, Device device,
                       const TuningKey& key) {
  Measured measured{.entry = table.find(op, device, num_threads(), key.sizes)};
  if (!measured.entry) return measured;
  for (std::size_t k = 0; k < key.sparse.size(); ++k) {
    measured.densities[k] = 1;
    const Tensor* const t = key.sparse[k].tensor;
    if (!t || !*t || t->numel() == 0) continue;
    if (const auto mask = t->zero_mask()) {
      measured.densities[k] =
          static_cast<double>(mask->nonzeros()) / static_cast<double>(t->numel());
    }
  }
  return measured;
}

std::string Measured::why_not(std::string_view row, std::string_view chosen) const {
  const auto slower = std::ranges::find(entry->rows, row, &MeasuredRow::name);
  if (slower == entry->rows.end()) return str("was not measured, and ", chosen, " was");
  const auto faster = std::ranges::find(entry->rows, chosen, &MeasuredRow::name);
  const double ratio =
      entry->milliseconds(*slower, densities) / entry->milliseconds(*faster, densities);
  if (ratio * kWorthASwitch < 1) return str("measured: not worth a switch from ", chosen);
  return str("measured: ", chosen, " is faster here (", std::round(10 * ratio) / 10, "x)");
}

}  // namespace joule

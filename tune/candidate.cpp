// SPDX-License-Identifier: MIT
#include "joule/tune/candidate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <tuple>

#include "joule/core/random.h"
#include "joule/core/threads.h"
#include "joule/kernels/ops.h"
#include "joule/kernels/zero_mask_cpu.h"

namespace joule::tune {
namespace {

/// What may be rounded, and by which algorithms, is this thread's; all else as without options.
Context measured_context(std::string_view pinned = {}) {
  return {.force = pinned, .precision = context().precision, .algorithms = context().algorithms};
}

template <Operation Op>
std::string_view choose_statically(const Op& op) {
  for (const auto& impl : Op::implementations()) {
    if (!passed_over(impl, op, measured_context())) return impl.name;
  }
  return {};
}

template <Tunable Op>
void add(const Op& op, bool training, std::vector<Candidate>& candidates) {
  const TuningKey key = op.tuning_key();
  Candidate c{.layer = std::string(context().scope.layer),
              .entry = {.op = std::string(Op::kName),
                        .device = op.device(),
                        .threads = num_threads(),
                        .sizes = key.sizes}};
  for (const auto& impl : Op::implementations()) {
    if (impl.name == kReference || cannot_run(impl, op, measured_context())) continue;
    c.entry.rows.push_back({.name = std::string(impl.name)});
  }
  const bool known = std::ranges::any_of(candidates, [&](const Candidate& other) {
    return other.entry.op == c.entry.op && other.entry.sizes == c.entry.sizes;
  });
  if (known || c.entry.rows.size() < 2) return;
  for (const auto& operand : key.sparse) {
    if (operand.tensor) c.sparse.push_back({std::string(operand.name), *operand.tensor});
  }
  c.run = [=](std::string_view row) {
    if constexpr (requires { op.weight; }) {
      if (training) op.weight.template mutable_data<float>();
    }
    Context pinned = measured_context(row);
    dispatch(op, pinned);
  };
  c.static_choice = [op] { return choose_statically(op); };
  candidates.push_back(std::move(c));
}

/// Observes each of the operations that take part until body() returns.
template <class Body>
void observe(std::vector<Candidate>&, bool, Body&& body, OpList<>) {
  body();
}
template <class Body, class Op, class... Rest>
void observe(std::vector<Candidate>& candidates, bool training, Body&& body, OpList<Op, Rest...>) {
  if constexpr (Tunable<Op>) {
    const auto subscription =
        dispatch_observers<Op>().add([&](const Op& op) { add(op, training, candidates); });
    observe(candidates, training, body, OpList<Rest...>{});
  } else {
    observe(candidates, training, body, OpList<Rest...>{});
  }
}

void draw(const Tensor& t, double density, std::uint64_t seed) {
  const auto n = static_cast<std::size_t>(t.numel());
  float* const values = t.mutable_data<float>();
  std::vector<float> keep(n);
  Generator generator(seed);
  generator.uniform({values, n}, -1.0f, 1.0f);
  generator.uniform(keep);
  for (std::size_t i = 0; i < n; ++i) values[i] = keep[i] < density ? values[i] : 0.0f;
  cpu::zero_mask_of(t);
}

/// Milliseconds per run of each row.  The least of the rounds, not their median: whatever else the
/// machine does only adds to a time, and where it takes the processor away it does so to most.
std::vector<double> time_rows(const Candidate& candidate, int rounds, double& disturbance) {
  const auto milliseconds = [&](const std::string& row, int runs) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < runs; ++i) candidate.run(row);
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    return time.count() / runs;
  };
  const std::vector<MeasuredRow>& rows = candidate.entry.rows;
  std::vector<std::vector<double>> times(rows.size());
  std::vector<int> runs;
  for (const MeasuredRow& row : rows) {
    candidate.run(row.name);        // the first run also packs weights and builds primitives
    constexpr double kLeastMs = 1;  // of one reading: far above what the clock and a call cost
    const double once = std::max(1e-3, milliseconds(row.name, 1));
    runs.push_back(static_cast<int>(std::ceil(kLeastMs / once)));
  }
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      times[i].push_back(milliseconds(rows[i].name, runs[i]));
    }
  }
  std::vector<double> least;
  for (std::vector<double>& of_row : times) {
    std::ranges::sort(of_row);
    least.push_back(of_row.front());
    disturbance = std::max(disturbance, of_row[of_row.size() / 2] / of_row.front());
  }
  return least;
}

}  // namespace

std::vector<Candidate> collect_candidates(bool training, const std::function<void()>& body) {
  std::vector<Candidate> candidates;
  observe(candidates, training, body, AllOps{});
  return candidates;
}

void measure(Candidate& candidate, const std::vector<double>& densities, int rounds,
             std::vector<std::string>& static_choices) {
  TuningEntry& entry = candidate.entry;
  std::uint64_t seed = 1;
  static_choices.clear();
  const auto time_now = [&](auto&& keep) {
    static_choices.emplace_back(candidate.static_choice());
    const std::vector<double> times = time_rows(candidate, rounds, candidate.disturbance);
    for (std::size_t i = 0; i < times.size(); ++i) keep(entry.rows[i], times[i]);
  };
  for (const auto& operand : candidate.sparse) draw(operand.tensor, 1, seed++);
  time_now([](MeasuredRow& row, double ms) { row.dense_ms = ms; });
  if (candidate.sparse.empty()) return;
  entry.densities = densities;
  for (MeasuredRow& row : entry.rows) row.sparse_ms.resize(candidate.sparse.size());
  for (std::size_t k = 0; k < candidate.sparse.size(); ++k) {
    for (const double density : densities) {
      draw(candidate.sparse[k].tensor, density, seed++);
      time_now([k](MeasuredRow& row, double ms) { row.sparse_ms[k].push_back(ms); });
    }
    draw(candidate.sparse[k].tensor, 1, seed++);
  }
}

}  // namespace joule::tune

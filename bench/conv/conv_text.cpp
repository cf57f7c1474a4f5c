// SPDX-License-Identifier: MIT
#include "joule/bench/conv/conv_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "joule/report/text_layout.h"

namespace joule::bench {
namespace {

bool has_peer(const ConvCurve& curve) {
  return std::any_of(curve.points.begin(), curve.points.end(),
                     [](const ConvPoint& p) { return !p.best_direct.empty(); });
}

/// "0 %, 50 %"
std::string joined(const std::vector<std::string>& parts, const char* between = ", ") {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

std::string label(const ConvCurve& curve, const ConvPoint& point) {
  return zeros(point.asked.value_or(point.density(curve.pass)));
}

/// Whether nothing that skips zeros was as fast as something that does not.  Without zeros there is
/// nothing to skip, and an implementation that could have has lost nothing.
bool dense_wins(const ConvCurve& curve, const ConvPoint& point) {
  const ConvMeasurement* const fastest = find(point, point.fastest);
  if (!fastest) return false;
  if (!fastest->macs_executed) return true;
  return *fastest->macs_executed == curve.work.macs && point.density(curve.pass) < 1;
}

/// "left out: cpu.lists (needs a mask) at 0 %, 50 % zeros", one for each name and reason that
/// `reasons(point)` has.
void add_reasons(const ConvCurve& curve, const char* what, auto&& reasons,
                 std::vector<std::string>& sentences) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> at;
  std::vector<std::pair<std::string, std::string>> order;
  for (const ConvPoint& point : curve.points) {
    for (const Omitted& o : reasons(point)) {
      auto& places = at[{o.name, o.reason}];
      if (places.empty()) order.push_back({o.name, o.reason});
      places.push_back(label(curve, point));
    }
  }
  for (const auto& key : order) {
    const auto& places = at[key];
    sentences.push_back(fmt::format(
        "{}: {} ({}){}", what, key.first, key.second,
        places.size() == curve.points.size() ? "" : " at " + joined(places) + " zeros"));
  }
}

std::string shares(const std::vector<double>& densities) {
  std::vector<std::string> all;
  for (const double density : densities) all.push_back(zeros(density));
  return joined(all);
}

/// "every share that was measured, 0 % to 99 % zeros"
std::string range(const char* how_many, const Crossover& crossover) {
  const std::string most = zeros(crossover.measured.back());
  if (crossover.measured.size() == 1) return "the only share that was measured, " + most + " zeros";
  return fmt::format("{} share that was measured, {} to {} zeros", how_many,
                     zeros(crossover.measured.front()), most);
}

/// Zeros rise as densities fall.
std::string text_of(const std::optional<CrossoverInterval>& interval) {
  if (!interval) return fmt::format("no interval from fewer than {} rounds", kLeastRounds);
  const auto end = [](const std::optional<double>& density) {
    return density ? zeros(*density) : "outside of what was measured";
  };
  return fmt::format("95 % interval: {} to {}", end(interval->upper), end(interval->lower));
}

std::string break_even(const Crossover& crossover) {
  // Where some of the rounds say otherwise, the interval reaches into what was measured.
  const auto& interval = crossover.interval;
  const std::string doubt =
      interval && (interval->lower || interval->upper) ? " (" + text_of(interval) + ")" : "";
  switch (crossover.kind) {
    case Crossover::Kind::at_density:
      return zeros(*crossover.density) + " zeros (" + text_of(interval) + ")";
    case Crossover::Kind::always:
      return "faster at " + range("every", crossover) + doubt;
    case Crossover::Kind::never:
      return "not faster at " + range("any", crossover) + doubt;
    case Crossover::Kind::several:
      break;
  }
  return "no single one: faster at " + shares(crossover.faster) + " of " +
         shares(crossover.measured) + " zeros";
}

/// Where an implementation that Joule did not choose was quicker beyond the spread of the rounds.
void add_misses(const ConvCurve& curve, std::vector<std::string>& sentences) {
  for (const ConvPoint& point : curve.points) {
    const ConvMeasurement* chosen = nullptr;
    const ConvMeasurement* best = nullptr;
    for (const ConvMeasurement& m : point.measurements) {
      if (m.kind == Kind::joule) chosen = &m;
      if (m.kind != Kind::row) continue;
      if (!best || m.seconds.median < best->seconds.median) best = &m;
    }
    if (!chosen || !best || best->seconds.upper >= chosen->seconds.lower) continue;
    sentences.push_back(fmt::format("joule took {} at {} zeros, where {} was {:.2f} times as fast",
                                    chosen->ran, label(curve, point), best->name,
                                    chosen->seconds.median / best->seconds.median));
  }
}

}  // namespace

std::string zeros(double density) { return fmt::format("{:.3g} %", 100 * (1 - density)); }

const ConvMeasurement* find(const ConvPoint& point, const std::string& name) {
  const auto found = std::find_if(point.measurements.begin(), point.measurements.end(),
                                  [&](const auto& m) { return m.name == name; });
  return found == point.measurements.end() ? nullptr : &*found;
}

std::vector<std::string> ways(const ConvCurve& curve) {
  std::vector<std::string> names;
  for (const ConvPoint& point : curve.points) {
    for (const ConvMeasurement& m : point.measurements) {
      if (std::find(names.begin(), names.end(), m.name) == names.end()) names.push_back(m.name);
    }
  }
  return names;
}

std::string unit_of_overview(const ConvCurve& curve) {
  return has_peer(curve) ? "speed-up over the best direct kernel" : "milliseconds";
}

std::vector<std::vector<std::string>> overview(const ConvCurve& curve) {
  const bool peer = has_peer(curve);
  const std::vector<std::string> names = ways(curve);
  std::vector<std::vector<std::string>> rows{{"zeros"}};
  rows[0].insert(rows[0].end(), names.begin(), names.end());
  if (peer) rows[0].push_back("best direct");
  for (const ConvPoint& point : curve.points) {
    std::vector<std::string> row{label(curve, point)};
    for (const std::string& name : names) {
      const ConvMeasurement* const m = find(point, name);
      if (!m) {
        row.push_back("");
        continue;
      }
      const char* const mark = name == point.fastest ? "*" : " ";
      row.push_back(m->speedup ? fmt::format("{:.2f}{}", m->speedup->median, mark)
                               : fmt::format("{:.3g}{}", 1e3 * m->seconds.median, mark));
    }
    const ConvMeasurement* const best = find(point, point.best_direct);
    if (peer) row.push_back(best ? fmt::format("{:.3g} ms", 1e3 * best->seconds.median) : "");
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> findings(const ConvCurve& curve) {
  std::vector<std::string> sentences;
  for (const ConvCrossover& c : curve.crossovers) {
    std::string text = fmt::format("break-even of {} with the best direct kernel: {}", c.name,
                                   break_even(c.direct));
    if (c.automatic)
      text += fmt::format("; with oneDNN's own choice: {}", break_even(*c.automatic));
    sentences.push_back(std::move(text));
  }
  std::vector<std::string> dense;
  for (const ConvPoint& point : curve.points) {
    if (dense_wins(curve, point)) dense.push_back(label(curve, point));
  }
  if (!dense.empty()) sentences.push_back("dense wins at " + joined(dense) + " zeros");
  add_misses(curve, sentences);
  return sentences;
}

std::vector<std::string> remarks(const ConvCurve& curve) {
  std::vector<std::string> sentences;
  for (const ConvPoint& point : curve.points) {
    for (const ConvMeasurement& m : point.measurements) {
      if (m.kind != Kind::automatic && m.kind != Kind::joule) continue;
      const std::string text = m.name + " took " + m.ran;
      if (std::ranges::find(sentences, text) == sentences.end()) sentences.push_back(text);
    }
  }
  add_reasons(
      curve, "Joule's own choice passes over",
      [](const ConvPoint& point) {
        std::vector<Omitted> passed_over;
        for (const ConvMeasurement& m : point.measurements) {
          if (!m.passed_over.empty()) passed_over.push_back({m.name, m.passed_over});
        }
        return passed_over;
      },
      sentences);
  add_reasons(
      curve, "left out", [](const ConvPoint& point) { return point.omitted; }, sentences);
  return sentences;
}

std::string roofline(const ConvReport& report) {
  return fmt::format(
      "roofline: {:.4g} GFLOP/s of fused multiply-adds on registers, {:.3g} GB/s (triad on {} MiB; "
      "the last-level cache has {})",
      1e-9 * report.flops.most, 1e-9 * report.bandwidth.most, report.bandwidth_bytes >> 20,
      report.cache_bytes > 0 ? fmt::format("{} MiB", report.cache_bytes >> 20) : "an unknown size");
}

std::string table(const ConvCurve& curve, std::size_t width) {
  std::string text =
      fmt::format("{}, {}, {} zeros, {:.3g} GMAC: {}\n", curve.problem.name, name(curve.pass),
                  curve.real ? "real" : "random", 1e-9 * static_cast<double>(curve.work.macs),
                  unit_of_overview(curve));
  report::TextTable grid = report::text_table(overview(curve));
  grid.gap = "   ";
  grid.rule = true;
  text += report::text_of(grid, width);
  for (const auto& sentences : {findings(curve), remarks(curve)}) {
    for (const std::string& sentence : sentences) text += "  " + sentence + "\n";
  }
  return text + "\n";
}

}  // namespace joule::bench

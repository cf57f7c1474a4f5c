// SPDX-License-Identifier: MIT
#include "joule/energy/ledger.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"

namespace joule::energy {
namespace {

bool same_text(std::string_view a, std::string_view b) {
  return a.data() == b.data() && a.size() == b.size();
}

}  // namespace

bool Ledger::Key::operator==(const Key& o) const {
  return same_text(run.scope.layer, o.run.scope.layer) && same_text(run.op, o.run.op) &&
         same_text(run.implementation, o.run.implementation) &&
         run.scope.phase == o.run.scope.phase && thread == o.thread;
}

std::size_t Ledger::Hash::operator()(const Key& key) const {
  constexpr std::size_t kGoldenRatio = 0x9e3779b97f4a7c15;
  std::size_t hash =
      std::hash<std::thread::id>()(key.thread) + static_cast<std::size_t>(key.run.scope.phase);
  for (const char* text :
       {key.run.scope.layer.data(), key.run.op.data(), key.run.implementation.data()}) {
    hash = (hash ^ reinterpret_cast<std::size_t>(text)) * kGoldenRatio;
  }
  return hash;
}

Ledger::Entry& Ledger::entry(const OpRun& run) {
  const auto [at, added] = entries_.try_emplace({run, std::this_thread::get_id()});
  if (added) at->second.order = entries_.size();
  return at->second;
}

Ledger::~Ledger() {
  try {
    settle_tallies();
  } catch (const DeviceError&) {  // nobody is left who could read the counts
  }
}

Tally* Ledger::record(const OpRun& run, const Work& nominal) {
  const std::lock_guard lock(mutex_);
  Totals& totals = entry(run).totals;
  ++totals.calls;
  totals.work += nominal;
  return &totals.tally;
}

std::vector<Ledger::Line> Ledger::lines() const {
  struct Ordered {
    Line line;
    std::size_t order;
  };
  settle_tallies();
  std::map<std::string_view, std::size_t> layers;  // the order of each layer
  std::map<std::tuple<std::string_view, Phase, std::string_view, std::string_view>, Ordered> merged;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : entries_) {
      const auto& [op, implementation, scope] = key.run;
      auto& layer = layers.try_emplace(scope.layer, entry.order).first->second;
      layer = std::min(layer, entry.order);
      auto& same = merged
                       .try_emplace({scope.layer, scope.phase, op, implementation},
                                    Ordered{{{}, key.run}, entry.order})
                       .first->second;
      same.line += entry.totals;
      same.order = std::min(same.order, entry.order);
    }
  }
  std::vector<Ordered> ordered;
  for (const auto& [key, line] : merged) ordered.push_back(line);
  std::ranges::sort(ordered, {}, [&](const Ordered& o) {
    const Scope& scope = o.line.run.scope;
    return std::tuple(layers.at(scope.layer), scope.phase, o.order);
  });
  std::vector<Line> lines;
  for (const Ordered& o : ordered) lines.push_back(o.line);
  return lines;
}

void Ledger::merge(const Ledger& other) {
  const std::vector<Line> lines = other.lines();
  const std::lock_guard lock(mutex_);
  for (const Line& line : lines) entry(line.run).totals += line;
}

void Ledger::reset() {
  settle_tallies();
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

}  // namespace joule::energy

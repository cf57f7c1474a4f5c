// SPDX-License-Identifier: MIT
#include <span>
#include <string>
#include <utility>

#include "joule/bench/gate/collected.h"
#include "joule/bench/gate/gate.h"
#include "joule/core/error.h"
#include "joule/report/compare/quantities.h"
#include "joule/report/compare/runs.h"

namespace joule::bench {
namespace {

using report::ComparedRun;

/// What makes the two differ besides their seeds; empty: nothing.
std::string difference(const ComparedRun& a, const ComparedRun& b) {
  training::Config other = b.config;
  other.seed = a.config.seed;
  return training::differences(a.config, other);
}

void require_same_configuration(std::span<const ComparedRun> runs) {
  for (const ComparedRun& run : runs) {
    require(run.finished, run.folder, ": the run is not finished, so it cannot be judged");
    const std::string different = difference(runs[0], run);
    require(different.empty(), run.folder, ": is of another configuration than ", runs[0].folder,
            ", and runs of a set may differ only in their seeds: ", different);
  }
}

/// Why times and joules of these runs cannot be compared.
std::string machine_problem(std::span<const ComparedRun> runs, bool same_machine) {
  if (same_machine) return "";
  for (const ComparedRun& run : runs) {
    if (run.machine().empty()) return run.name + " does not record its machine (no report.html)";
    if (run.machine() != runs[0].machine()) {
      return str("other machines: ", runs[0].machine(), "; ", run.machine());
    }
    if (run.config.device != "cpu") return "no run records which GPU it ran on";
  }
  return "";
}

energy::Totals sum_of(const ComparedRun& run, training::PartEnergy training::EpochEnergy::*part) {
  energy::Totals sum;
  for (const training::EpochMetrics& epoch : run.epochs) sum += (epoch.energy.*part).work;
  return sum;
}

void add_counts(Collected& to, std::size_t set, const ComparedRun& run) {
  const std::string seed = str("seed ", run.config.seed);
  for (const auto& [part, of] : {std::pair("training", &training::EpochEnergy::training),
                                 std::pair("test", &training::EpochEnergy::evaluation)}) {
    const energy::Totals work = sum_of(run, of);
    to.add_exact(set, {str("MACs executed, ", part), GateKind::count, "MAC"}, seed,
                 static_cast<Exact>(work.work.macs - work.tally.macs_skipped));
    to.add_exact(set, {str("bytes moved, ", part), GateKind::count, "B"}, seed,
                 static_cast<Exact>(work.work.bytes_read + work.work.bytes_written));
  }
}

void add_figures(Collected& to, std::size_t set, const ComparedRun& run,
                 const std::string& problem) {
  for (const char* const key :
       {"modelled_energy", "measured_energy", "sampled_energy", "training_seconds"}) {
    const report::Quantity& quantity = report::quantities()[report::quantity_of(key)];
    const report::Amount amount = amount_of(quantity, run.epochs);
    if (!amount.value) continue;
    const GateKind kind = quantity.is_energy() ? GateKind::energy : GateKind::time;
    const Collected::What what{.name = quantity.name, .kind = kind, .unit = quantity.unit};
    if (!quantity.of_machine) {
      to.add_exact(set, what, str("seed ", run.config.seed), *amount.value);
    } else {
      Collected::What here = what;
      here.problem = problem;
      to.add(set, here, *amount.value);
    }
  }
}

/// Why the energies of meters cannot be compared: sums of different meters.
std::string meter_problem(std::span<const ComparedRun> runs) {
  std::string first;
  for (const ComparedRun& run : runs) {
    for (const char* const key : {"measured_energy", "sampled_energy"}) {
      const report::Amount amount =
          amount_of(report::quantities()[report::quantity_of(key)], run.epochs);
      if (!amount.value) continue;
      if (first.empty()) first = amount.source;
      if (amount.source != first) return str("other meters: ", first, "; ", amount.source);
    }
  }
  return "";
}

}  // namespace

GateSets gate_runs(const std::vector<std::string>& base, const std::vector<std::string>& fresh,
                   bool same_machine) {
  std::vector<std::string> folders = base;
  folders.insert(folders.end(), fresh.begin(), fresh.end());
  const std::vector<ComparedRun> runs = report::read_runs(folders);
  const std::span all(runs);
  require_same_configuration(all.first(base.size()));
  require_same_configuration(all.subspan(base.size()));
  GateSets sets{.base = base, .fresh = fresh};
  const std::string machine = machine_problem(all, same_machine), meters = meter_problem(all);
  Collected collected;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::size_t set = i < base.size() ? 0 : 1;
    add_counts(collected, set, runs[i]);
    add_figures(collected, set, runs[i], machine);
  }
  sets.figures = collected.figures();
  for (GateFigure& figure : sets.figures) {
    const bool of_meters = figure.kind == GateKind::energy && !figure.exact;
    if (of_meters && figure.problem.empty()) figure.problem = meters;
  }
  if (const std::string different = difference(runs[0], runs[base.size()]); !different.empty()) {
    sets.notes.push_back("the sets are of different configurations: " + different);
  }
  for (const ComparedRun& run : runs) {
    if (run.lost_after.empty()) continue;
    sets.notes.push_back(run.name + " was killed, and what it then did again is in no figure");
  }
  return sets;
}

}  // namespace joule::bench

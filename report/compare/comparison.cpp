// SPDX-License-Identifier: MIT
#include "joule/report/compare/comparison.h"

#include <algorithm>
#include <set>

#include "joule/core/error.h"
#include "joule/report/compare/groups.h"
#include "joule/search/front/front.h"

namespace joule::report {
namespace {

using Runs = std::vector<ComparedRun>;

std::string names_of(const Runs& runs, std::span<const std::size_t> these) {
  std::vector<std::string> names;
  for (const std::size_t run : these) names.push_back(runs[run].name);
  return joined(names);
}

/// Why figures that depend on the machine, or on what measured them, are not of one kind.
std::string caveat_of(const Quantity& quantity, const Runs& runs,
                      std::span<const std::size_t> these) {
  if (!quantity.of_machine) return {};
  std::vector<std::size_t> unknown;
  std::set<std::string> machines, sources;
  for (const std::size_t run : these) {
    const std::string machine = runs[run].machine();
    if (machine.empty()) {
      unknown.push_back(run);
    } else {
      machines.insert(machine);
    }
    const Amount amount = amount_of(quantity, runs[run].epochs);
    if (amount.value && !amount.source.empty()) sources.insert(amount.source);
  }
  const auto listed = [](const std::set<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
    return all;
  };
  std::string caveat;
  const auto add = [&](const std::string& text) { caveat += (caveat.empty() ? "" : ". ") + text; };
  if (machines.size() > 1) add("taken on different machines: " + listed(machines));
  if (!unknown.empty() && these.size() > 1) {
    add("perhaps taken on different machines: that of " + names_of(runs, unknown) +
        " is not recorded");
  }
  const bool gpu = std::ranges::any_of(
      these, [&](std::size_t run) { return runs[run].config.device == "cuda"; });
  if (gpu && these.size() > 1) add("perhaps taken on different GPUs: no run records which it was");
  if (sources.size() > 1) add("measured by different meters: " + listed(sources));
  return caveat;
}

GroupFigure figure_of(const Quantity& quantity, const Group& group, const Runs& runs) {
  GroupFigure figure;
  std::set<std::uint64_t> seeds;
  for (const std::size_t run : group.counted) {
    if (!seeds.insert(runs[run].config.seed).second && !quantity.of_machine) continue;
    figure.runs.push_back(run);
    const std::span epochs(runs[run].epochs);
    const Amount amount = amount_of(quantity, epochs.first(static_cast<std::size_t>(group.epochs)));
    if (amount.value) {
      figure.values.push_back(*amount.value);
    } else if (figure.reason.empty()) {
      figure.reason = str(runs[run].name, ": ", amount.reason);
    }
  }
  if (figure.reason.empty()) figure.mean = search::mean_interval(figure.values);
  figure.caveat = caveat_of(quantity, runs, figure.runs);
  return figure;
}

GroupDifference difference_of(const Quantity& quantity, const GroupFigure& from,
                              const GroupFigure& to, const Runs& runs) {
  GroupDifference difference;
  for (const GroupFigure* figure : {&from, &to}) {
    if (!figure->mean && difference.reason.empty()) difference.reason = figure->reason;
  }
  if (!difference.reason.empty()) return difference;
  difference.difference = search::difference_of_means(to.values, from.values);
  std::vector<std::size_t> both = from.runs;
  both.insert(both.end(), to.runs.begin(), to.runs.end());
  difference.caveat = caveat_of(quantity, runs, both);
  return difference;
}

using Intervals = std::vector<std::optional<search::Interval>>;

/// Whether a is at least as accurate for at most as much energy, wherever in their intervals
/// (accuracy, energy) the means lie.
bool surely_dominates(const Intervals& a, const Intervals& b) {
  for (const Intervals* of : {&a, &b}) {
    if (!(*of)[0] || !(*of)[1]) return false;
  }
  return a[0]->low >= b[0]->high && a[1]->high <= b[1]->low;
}

/// By the validation accuracy of all groups, or without a front by the test accuracy.
std::optional<AccuracyEnergy> accuracy_energy(const Comparison& c, std::size_t energy) {
  const std::size_t validation = quantity_of("validation_accuracy");
  const bool validated = std::ranges::all_of(
      c.groups, [&](const Group& group) { return group.figures[validation].mean.has_value(); });
  AccuracyEnergy result{.accuracy = validated ? validation : quantity_of("test_accuracy"),
                        .energy = energy};
  std::vector<std::vector<double>> values;
  std::vector<Intervals> intervals;
  std::vector<std::string> names;
  std::vector<std::size_t> of_runs;
  for (std::size_t g = 0; g < c.groups.size(); ++g) {
    const GroupFigure& spent = c.groups[g].figures[energy];
    const GroupFigure& reached = c.groups[g].figures[result.accuracy];
    if (!spent.mean) {
      result.left_out.push_back(str(c.groups[g].name, " (", spent.reason, ")"));
      continue;
    }
    result.groups.push_back(g);
    values.push_back({reached.mean->mean, spent.mean->mean});
    intervals.push_back({reached.mean->interval, spent.mean->interval});
    names.push_back(c.groups[g].name);
    of_runs.insert(of_runs.end(), spent.runs.begin(), spent.runs.end());
  }
  if (result.groups.empty()) return {};
  result.caveat = caveat_of(quantities()[energy], c.runs, of_runs);
  if (!validated) return result;
  using search::Direction;
  const search::Objectives objectives({Direction::maximise, Direction::minimise}, values, names);
  std::vector<std::size_t> members = search::front(objectives);
  std::ranges::reverse(members);  // from the least energy on
  result.front.emplace();
  for (const std::size_t point : members) result.front->push_back(result.groups[point]);
  for (const auto& [a, b] : search::unseparated(objectives, members, intervals)) {
    result.unseparated.emplace_back(result.groups[a], result.groups[b]);
  }
  for (std::size_t point = 0; point < values.size(); ++point) {
    if (std::ranges::find(members, point) != members.end()) continue;
    const bool ruled_out = std::ranges::any_of(members, [&](std::size_t member) {
      return surely_dominates(intervals[member], intervals[point]);
    });
    if (!ruled_out) result.perhaps.push_back(result.groups[point]);
  }
  return result;
}

void warn_of_unfinished(Comparison& c) {
  for (const Group& group : c.groups) {
    for (const std::size_t i : group.runs) {
      const ComparedRun& run = c.runs[i];
      if (run.finished) continue;
      c.warnings.push_back(str(run.name, " is not finished: ", run.epochs.size(), " of ",
                               run.config.epochs, " epochs are complete",
                               group.finished ? "; it counts in no mean." : "."));
    }
    if (group.finished) continue;
    c.warnings.push_back(str(group.name, ": no run is finished; its figures are those after epoch ",
                             group.epochs, " of ", c.runs[group.runs[0]].config.epochs, "."));
  }
}

void warn_of_samples(Comparison& c) {
  std::vector<std::string> single;
  for (const Group& group : c.groups) {
    const std::size_t n = group.figures[quantity_of("test_accuracy")].values.size();
    if (n == 1) single.push_back(group.name);
    if (n < group.counted.size()) {
      c.warnings.push_back(str(group.name,
                               ": some of its runs have the same configuration, seed "
                               "included. What does not depend on the machine counts once per "
                               "seed."));
    }
  }
  if (single.empty()) return;
  c.warnings.push_back(str("n = 1 of ", joined(single),
                           ": there is no interval, so it is not known "
                           "how much of a difference is chance. Runs with other seeds "
                           "(--seed) make one."));
}

void warn_of_losses(Comparison& c) {
  for (const ComparedRun& run : c.runs) {
    if (run.lost_after.empty()) continue;
    std::vector<std::string> epochs;
    for (const std::int64_t epoch : run.lost_after) epochs.push_back(std::to_string(epoch));
    c.warnings.push_back(str(run.name, ": what was spent after epoch ", joined(epochs),
                             " and then lost, at a kill or error, is in no figure."));
  }
}

void warn_of_conditions(Comparison& c) {
  for (const Contrast& field : c.fields) {
    if (field.what != "data" && field.what != "limit" && field.what != "validation") continue;
    c.warnings.push_back(str(field.what, " differs: ",
                             field.what == "validation"
                                 ? "the nets learn from, and are validated on, other images."
                                 : "accuracies and losses are of other images."));
  }
  std::vector<std::size_t> all(c.runs.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  std::set<std::string> said;
  for (const Quantity& quantity : quantities()) {
    const bool known = std::ranges::any_of(all, [&](std::size_t run) {
      return amount_of(quantity, c.runs[run].epochs).value.has_value();
    });
    const std::string caveat = known ? caveat_of(quantity, c.runs, all) : "";
    if (!caveat.empty()) c.warnings.push_back(str(quantity.name, ": ", caveat, "."));
  }
}

/// Both ends; of shares without their unit, which stands before them.
std::string with_interval(const Quantity& quantity, const std::optional<search::Interval>& interval,
                          bool sign) {
  if (!interval) return {};
  const auto end = [&](double value) {
    std::string text = shown(quantity, value, sign);
    if (quantity.unit == "%") text.resize(text.find(' '));
    return text;
  };
  return str(" [", end(interval->low), ", ", end(interval->high), "]");
}

}  // namespace

std::size_t Comparison::group_of(std::size_t run) const {
  const auto found = std::ranges::find_if(groups, [&](const Group& group) {
    return std::ranges::find(group.runs, run) != group.runs.end();
  });
  return static_cast<std::size_t>(found - groups.begin());
}

Comparison compare(std::vector<ComparedRun> runs) {
  Comparison c{.runs = std::move(runs)};
  c.groups = groups_of(c.runs);
  for (Group& group : c.groups) {
    for (const Quantity& quantity : quantities()) {
      group.figures.push_back(figure_of(quantity, group, c.runs));
    }
  }
  for (const Group& group : c.groups) {
    std::vector<GroupDifference>& of_group = c.differences.emplace_back();
    if (&group == &c.groups[0]) continue;
    for (std::size_t q = 0; q < quantities().size(); ++q) {
      of_group.push_back(
          difference_of(quantities()[q], c.groups[0].figures[q], group.figures[q], c.runs));
    }
  }
  for (std::size_t q = 0; q < quantities().size(); ++q) {
    if (!quantities()[q].is_energy()) continue;
    if (auto found = accuracy_energy(c, q)) c.fronts.push_back(std::move(*found));
  }
  c.fields = field_contrasts(c.runs, c.groups);
  c.common = common_fields(c.runs);
  c.environment = environment_contrasts(c.runs, c.groups);
  warn_of_unfinished(c);
  warn_of_samples(c);
  warn_of_losses(c);
  warn_of_conditions(c);
  return c;
}

std::vector<std::size_t> known_quantities(const Comparison& c) {
  std::vector<std::size_t> known;
  for (std::size_t q = 0; q < quantities().size(); ++q) {
    if (std::ranges::any_of(c.groups,
                            [&](const Group& g) { return g.figures[q].mean.has_value(); })) {
      known.push_back(q);
    }
  }
  return known;
}

std::string text_of(const Quantity& quantity, const GroupFigure& figure) {
  if (!figure.mean) return "unavailable";
  return str(shown(quantity, figure.mean->mean),
             with_interval(quantity, figure.mean->interval, false), ", n = ", figure.mean->n,
             figure.caveat.empty() ? "" : " *");
}

std::string text_of(const Quantity& quantity, const GroupDifference& d) {
  if (!d.difference) return "unavailable";
  const std::string n = d.difference->n_a == 1 && d.difference->n_b == 1
                            ? "n = 1"
                            : str("n = ", d.difference->n_a, " and ", d.difference->n_b);
  return str(shown(quantity, d.difference->difference, true),
             d.difference->interval ? with_interval(quantity, d.difference->interval, true)
                                    : ", no interval",
             d.difference->interval ? ", " : ": ", n, d.caveat.empty() ? "" : " *");
}

}  // namespace joule::report

// SPDX-License-Identifier: MIT
#include "joule/report/study/study_comparison.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "joule/core/error.h"
#include "joule/report/compare/groups.h"
#include "joule/search/front/front.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;
using study::State;
using study::Trial;

constexpr const char* kSeed = "seed";

const study::Value* value_in(const Trial& trial, const StudyQuantity& quantity) {
  for (const study::Value& value : trial.values) {
    if (value.name == quantity.name && value.unit == quantity.unit &&
        value.quality == quantity.quality) {
      return &value;
    }
  }
  return nullptr;
}

/// Each study's goals, in their order, then all other values that are available anywhere.
std::vector<StudyQuantity> quantities_of(const std::vector<ComparedStudy>& studies) {
  std::vector<StudyQuantity> goals, others;
  const auto add = [](std::vector<StudyQuantity>& to, const study::Value& value) {
    const bool there = std::ranges::any_of(to, [&](const StudyQuantity& q) {
      return q.name == value.name && q.unit == value.unit && q.quality == value.quality;
    });
    if (!there) to.push_back({value.name, value.unit, value.quality});
  };
  const auto is_goal = [&](const study::Value& value) {
    return std::ranges::any_of(studies, [&](const ComparedStudy& s) {
      return std::ranges::count(s.study.definition.goals, value.name, &study::Goal::value) > 0;
    });
  };
  for (const ComparedStudy& s : studies) {
    for (const Trial& trial : s.trials) {
      if (trial.state != State::complete) continue;
      for (const study::Value& value : trial.values) {
        if (value.number) add(is_goal(value) ? goals : others, value);
      }
    }
  }
  const auto place = [&](const StudyQuantity& q) {
    std::size_t at = 0;
    for (const ComparedStudy& s : studies) {
      for (const study::Goal& goal : s.study.definition.goals) {
        if (goal.value == q.name) return at;
        ++at;
      }
    }
    return at;
  };
  std::ranges::stable_sort(goals, {}, place);
  for (StudyQuantity& q : goals) {
    std::set<search::Direction> directions;
    for (const ComparedStudy& s : studies) {
      for (const study::Goal& goal : s.study.definition.goals) {
        if (goal.value == q.name) directions.insert(goal.direction);
      }
    }
    if (directions.size() == 1) q.goal = *directions.begin();
  }
  goals.insert(goals.end(), others.begin(), others.end());
  return goals;
}

search::Point without_seed(const search::Point& point) {
  search::Point rest;
  for (const auto& [name, value] : point.entries()) {
    if (name != kSeed) rest.set(name, value);
  }
  return rest;
}

void add_arms(std::vector<Arm>& arms, const std::vector<ComparedStudy>& studies, std::size_t s) {
  for (std::size_t t = 0; t < studies[s].trials.size(); ++t) {
    const Trial& trial = studies[s].trials[t];
    search::Point point = without_seed(trial.point);
    auto arm =
        std::ranges::find_if(arms, [&](const Arm& a) { return a.study == s && a.point == point; });
    if (arm == arms.end()) {
      arm = arms.insert(arms.end(),
                        {.study = s, .name = {}, .point = std::move(point), .complete = {}});
    }
    switch (trial.state) {
      case State::complete:
        arm->complete.push_back(t);
        break;
      case State::failed:
        ++arm->failed;
        break;
      case State::pruned:
        ++arm->pruned;
        break;
      default:
        ++arm->open;
    }
  }
}

std::string exact(const search::PointValue& value) {
  const auto* const text = std::get_if<std::string>(&value);
  return text ? *text : search::shown(value);
}

/// What tells an arm from the others: the values that are not the same in all, as `text_of` writes
/// them.
template <class TextOf>
void name_arms(std::vector<Arm>& arms, const std::vector<ComparedStudy>& studies,
               TextOf&& text_of) {
  const auto is_common = [&](const std::string& name) {
    return std::ranges::all_of(arms, [&](const Arm& a) {
      const auto* const here = a.point.find(name);
      const auto* const first = arms[0].point.find(name);
      return (here == nullptr) == (first == nullptr) && (!here || *here == *first);
    });
  };
  for (Arm& arm : arms) {
    std::string point;
    for (const auto& [name, value] : arm.point.entries()) {
      if (is_common(name)) continue;
      point += str(point.empty() ? "" : ", ", name, " ", text_of(value));
    }
    if (studies.size() == 1) {
      arm.name = point.empty() ? "all trials" : point;
    } else {
      arm.name = studies[arm.study].name + (point.empty() ? "" : ": " + point);
    }
  }
}

/// In brief, unless two arms then have the same name.
void name_arms(std::vector<Arm>& arms, const std::vector<ComparedStudy>& studies) {
  name_arms(arms, studies, search::brief);
  std::set<std::string> names;
  for (const Arm& arm : arms) names.insert(arm.name);
  if (names.size() < arms.size()) name_arms(arms, studies, exact);
}

ArmFigure figure_of(const StudyQuantity& quantity, const Arm& arm, const ComparedStudy& s) {
  ArmFigure figure;
  if (arm.complete.empty()) figure.reason = "no trial is complete";
  for (const std::size_t t : arm.complete) {
    const study::Value* const value = value_in(s.trials[t], quantity);
    if (value && value->number) {
      figure.values.push_back(*value->number);
    } else if (figure.reason.empty()) {
      figure.reason = str("trial ", s.trials[t].number, " has none");
    }
  }
  if (figure.reason.empty()) figure.mean = search::mean_interval(figure.values);
  return figure;
}

/// The seeds of an arm's trials; empty if one has none, or two have the same.
std::vector<std::int64_t> seeds_of(const Arm& arm, const ComparedStudy& s) {
  std::vector<std::int64_t> seeds;
  for (const std::size_t t : arm.complete) {
    const search::PointValue* const value = s.trials[t].point.find(kSeed);
    const auto* const seed = value ? std::get_if<std::int64_t>(value) : nullptr;
    if (!seed || std::ranges::count(seeds, *seed) > 0) return {};
    seeds.push_back(*seed);
  }
  return seeds;
}

ArmDifference difference_of(std::size_t quantity, const Arm& from, const Arm& to,
                            const std::vector<ComparedStudy>& studies) {
  ArmDifference result;
  const ArmFigure &a = from.figures[quantity], &b = to.figures[quantity];
  for (const auto& [arm, figure] : {std::pair(&from, &a), std::pair(&to, &b)}) {
    if (!figure->mean && result.reason.empty()) {
      result.reason = str(arm->name, ": ", figure->reason);
    }
  }
  if (!result.reason.empty()) return result;
  const std::vector<std::int64_t> first = seeds_of(from, studies[from.study]);
  const std::vector<std::int64_t> second = seeds_of(to, studies[to.study]);
  result.paired = !first.empty() && std::ranges::is_permutation(first, second);
  if (!result.paired) {
    result.difference = search::difference_of_means(b.values, a.values);
    return result;
  }
  std::vector<double> values;  // those of `to`, in the order of from's seeds
  for (const std::int64_t seed : first) {
    values.push_back(
        b.values[static_cast<std::size_t>(std::ranges::find(second, seed) - second.begin())]);
  }
  result.difference = search::paired_difference(values, a.values);
  return result;
}

void add_front(StudyComparison& c) {
  const auto& goals = c.studies[0].study.definition.goals;
  const bool same = std::ranges::all_of(
      c.studies, [&](const ComparedStudy& s) { return s.study.definition.goals == goals; });
  // A goal of two qualities is two quantities, which are not compared.
  if (!same || goals.size() < 2 || c.goals() != goals.size()) return;
  std::vector<search::Direction> directions;
  for (const study::Goal& goal : goals) directions.push_back(goal.direction);
  std::vector<std::size_t> arms;
  std::vector<std::vector<double>> values;
  std::vector<std::vector<std::optional<search::Interval>>> intervals;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < c.arms.size(); ++i) {
    const Arm& arm = c.arms[i];
    const std::span figures = std::span(arm.figures).first(goals.size());
    const auto missing = std::ranges::find_if(figures, [](const ArmFigure& f) { return !f.mean; });
    if (arm.failed > 0 && !arm.complete.empty()) {
      c.left_out.push_back(str(arm.name, " (", arm.failed, " of its trials failed)"));
      continue;
    }
    if (missing != figures.end()) {
      c.left_out.push_back(str(arm.name, " (", missing->reason, ")"));
      continue;
    }
    arms.push_back(i);
    names.push_back(arm.name);
    values.emplace_back();
    intervals.emplace_back();
    for (std::size_t g = 0; g < goals.size(); ++g) {
      values.back().push_back(arm.figures[g].mean->mean);
      intervals.back().push_back(arm.figures[g].mean->interval);
    }
  }
  if (arms.empty()) return;
  const search::Objectives objectives(directions, values, names);
  const std::vector<std::size_t> members = search::front(objectives);
  c.front.emplace();
  for (const std::size_t point : members) c.front->push_back(arms[point]);
  for (const auto& [a, b] : search::unseparated(objectives, members, intervals)) {
    c.unseparated.emplace_back(arms[a], arms[b]);
  }
}

/// "training.epochs" -> "2", ...
void flatten(const ordered_json& json, const std::string& path, Pairs& to) {
  if (json.is_object()) {
    for (const auto& [name, value] : json.items()) {
      flatten(value, path.empty() ? name : path + "." + name, to);
    }
  } else {
    to.emplace_back(path, json.is_string() ? json.get<std::string>() : json.dump());
  }
}

Pairs facts_of(const study::Study& study) {
  const study::StudyDefinition& d = study.definition;
  Pairs facts{{"kind", d.kind}, {"sampler", d.sampler.empty() ? "fixed points" : d.sampler}};
  std::string goals;
  for (const study::Goal& goal : d.goals) {
    goals += str(goals.empty() ? "" : ", ", name(goal.direction), " ", goal.value);
  }
  facts.emplace_back("goals", goals);
  flatten(ordered_json::parse(d.config), "", facts);
  facts.emplace_back("machine", study.origin.machine);
  facts.emplace_back("host", study.origin.host);
  facts.emplace_back("Joule", study.origin.joule);
  return facts;
}

void add_contrasts(StudyComparison& c) {
  std::vector<Pairs> facts;
  std::vector<std::string> names;
  for (const ComparedStudy& s : c.studies) {
    facts.push_back(facts_of(s.study));
    for (const auto& fact : facts.back()) {
      if (std::ranges::find(names, fact.first) == names.end()) names.push_back(fact.first);
    }
  }
  for (const std::string& name : names) {
    Contrast contrast{.what = name, .values = {}};
    for (const Pairs& of_study : facts) {
      const auto found = std::ranges::find(of_study, name, &Pairs::value_type::first);
      contrast.values.push_back(found == of_study.end() ? "—" : found->second);
    }
    if (std::ranges::count(contrast.values, contrast.values[0]) != std::ssize(contrast.values)) {
      c.contrasts.push_back(std::move(contrast));
    }
  }
}

/// The trials whose values arms are made of.
template <class Body>
void for_each_counted(const StudyComparison& c, Body&& body) {
  for (const Arm& arm : c.arms) {
    for (const std::size_t t : arm.complete)
      body(c.studies[arm.study], c.studies[arm.study].trials[t]);
  }
}

void warn_of_places(StudyComparison& c) {
  std::set<std::string> machines, hosts;
  for_each_counted(c, [&](const ComparedStudy& s, const Trial& trial) {
    machines.insert(s.study.origin.machine);
    hosts.insert(trial.host);
  });
  if (machines.size() > 1 || hosts.size() > 1) {
    c.warnings.push_back(str("Trials ran on different machines (",
                             joined(std::vector(hosts.begin(), hosts.end())), "; ",
                             joined(std::vector(machines.begin(), machines.end())),
                             "): what was measured differs by these, too."));
  }
  std::map<std::string, std::vector<std::string>> by_sources;
  for (const StudyQuantity& quantity : c.quantities) {
    std::set<std::string> sources;
    for_each_counted(c, [&](const ComparedStudy&, const Trial& trial) {
      if (const study::Value* const value = value_in(trial, quantity))
        sources.insert(value->source);
    });
    if (sources.size() < 2) continue;
    std::string listed;
    for (const std::string& source : sources) listed += (listed.empty() ? "" : "; ") + source;
    by_sources[listed].push_back(quantity.title());
  }
  for (const auto& [sources, titles] : by_sources) {
    c.warnings.push_back(str("Of different sources (", sources, "): ", joined(titles), "."));
  }
}

void warn_of_trials(StudyComparison& c) {
  std::vector<std::string> single, failed, open;
  for (const Arm& arm : c.arms) {
    if (arm.complete.size() == 1) single.push_back(arm.name);
    if (arm.failed > 0) failed.push_back(str(arm.name, " (", arm.failed, ")"));
    if (arm.open > 0) open.push_back(str(arm.name, " (", arm.open, ")"));
  }
  if (!failed.empty()) {
    c.warnings.push_back(
        "Failed trials count in no mean, which is too good without them: " + joined(failed) + ".");
  }
  if (!open.empty()) c.warnings.push_back("Trials that are not finished: " + joined(open) + ".");
  if (single.size() == c.arms.size()) {
    c.warnings.push_back(
        "One trial of each point: there is no interval, so it is not known how much of a "
        "difference is chance.");
  } else if (!single.empty()) {
    c.warnings.push_back("One trial alone, so no interval, of " + joined(single) + ".");
  }
}

}  // namespace

std::string StudyQuantity::title() const {
  return str(name, unit.empty() ? "" : ", " + unit, " (", study::name(quality), ")");
}

std::size_t StudyComparison::goals() const {
  std::size_t count = 0;
  while (count < quantities.size() && quantities[count].goal) ++count;
  return count;
}

std::vector<std::size_t> StudyComparison::known() const {
  std::vector<std::size_t> known;
  for (std::size_t q = 0; q < quantities.size(); ++q) {
    if (std::ranges::any_of(arms, [&](const Arm& a) { return a.figures[q].mean.has_value(); })) {
      known.push_back(q);
    }
  }
  return known;
}

StudyComparison compare(std::vector<ComparedStudy> studies) {
  require(!studies.empty(), "compare: there is no study");
  std::set<std::string> names;
  for (const ComparedStudy& s : studies) {
    require(names.insert(s.name).second, "compare: ", s.name, " is there twice");
  }
  StudyComparison c{.studies = std::move(studies), .quantities = {}, .arms = {}, .differences = {}};
  c.quantities = quantities_of(c.studies);
  for (std::size_t s = 0; s < c.studies.size(); ++s) add_arms(c.arms, c.studies, s);
  require(std::ranges::any_of(c.arms, [](const Arm& a) { return !a.complete.empty(); }),
          "compare: no trial of ", joined(std::vector(names.begin(), names.end())), " is complete");
  name_arms(c.arms, c.studies);
  for (Arm& arm : c.arms) {
    for (const StudyQuantity& quantity : c.quantities) {
      arm.figures.push_back(figure_of(quantity, arm, c.studies[arm.study]));
    }
  }
  for (const Arm& arm : c.arms) {
    std::vector<ArmDifference>& of_arm = c.differences.emplace_back();
    if (&arm == c.arms.data()) continue;
    for (std::size_t q = 0; q < c.quantities.size(); ++q) {
      of_arm.push_back(difference_of(q, c.arms[0], arm, c.studies));
    }
  }
  add_front(c);
  add_contrasts(c);
  warn_of_trials(c);
  warn_of_places(c);
  return c;
}

}  // namespace joule::report

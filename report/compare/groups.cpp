// SPDX-License-Identifier: MIT
#include "joule/report/compare/groups.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/training/config_fields.h"

namespace joule::report {
namespace {

using training::Config;
using training::ConfigField;

bool differ_in_seed_alone(const Config& a, const Config& b) {
  Config with_seed = a;
  with_seed.seed = b.seed;
  return with_seed == b;
}

bool differs(const ConfigField& field, const std::vector<ComparedRun>& runs) {
  return std::ranges::any_of(runs, [&](const ComparedRun& run) {
    return field.get(run.config) != field.get(runs[0].config);
  });
}

/// Documents are too long to be shown: the first is "net 1", one that is another "net 2".
std::string document_text(const ConfigField& field, const std::vector<ComparedRun>& runs,
                          std::size_t run) {
  std::vector<std::string> seen;
  for (std::size_t i = 0; i <= run; ++i) {
    const std::string text = field.text(runs[i].config);
    if (!text.empty() && std::ranges::find(seen, text) == seen.end()) seen.push_back(text);
  }
  const std::string text = field.text(runs[run].config);
  if (text.empty()) return "by its name";
  return str(field.name, " ", std::ranges::find(seen, text) - seen.begin() + 1);
}

std::string field_text(const ConfigField& field, const std::vector<ComparedRun>& runs,
                       std::size_t run) {
  return field.document ? document_text(field, runs, run) : field.text(runs[run].config);
}

std::string name_of(const Group& group, const std::vector<ComparedRun>& runs) {
  const std::string& first = runs[group.runs[0]].name;
  if (group.runs.size() == 1) return first;
  std::string name;
  for (const ConfigField& field : training::config_fields()) {
    if (field.name == "seed" || !differs(field, runs)) continue;
    name += str(name.empty() ? "" : ", ", field.name, " ", field_text(field, runs, group.runs[0]));
  }
  constexpr std::size_t kLongest = 40;
  if (!name.empty() && name.size() <= kLongest) return name;
  return str(first, " and ", group.runs.size() - 1, " more");
}

void count_runs(Group& group, const std::vector<ComparedRun>& runs) {
  std::ranges::copy_if(group.runs, std::back_inserter(group.counted),
                       [&](std::size_t run) { return runs[run].finished; });
  group.finished = !group.counted.empty();
  if (!group.finished) group.counted = group.runs;
  group.epochs = std::ssize(runs[group.counted[0]].epochs);
  for (const std::size_t run : group.counted) {
    group.epochs = std::min<std::int64_t>(group.epochs, std::ssize(runs[run].epochs));
  }
}

/// Each text once, in the order in which they come.
std::string all_of(std::span<const std::string> texts) {
  std::vector<std::string> once;
  for (const std::string& text : texts) {
    if (std::ranges::find(once, text) == once.end()) once.push_back(text);
  }
  return joined(once);
}

}  // namespace

std::string joined(std::span<const std::string> texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

std::vector<Group> groups_of(const std::vector<ComparedRun>& runs) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto same = std::ranges::find_if(groups, [&](const Group& group) {
      return differ_in_seed_alone(runs[group.runs[0]].config, runs[i].config);
    });
    if (same != groups.end()) {
      same->runs.push_back(i);
    } else {
      groups.push_back({.runs = {i}});
    }
  }
  for (Group& group : groups) {
    group.name = name_of(group, runs);
    count_runs(group, runs);
  }
  return groups;
}

std::vector<Contrast> field_contrasts(const std::vector<ComparedRun>& runs,
                                      std::span<const Group> groups) {
  std::vector<Contrast> contrasts;
  for (const ConfigField& field : training::config_fields()) {
    if (!differs(field, runs)) continue;
    Contrast& contrast = contrasts.emplace_back(Contrast{.what = field.name});
    for (const Group& group : groups) {
      std::vector<std::string> texts;
      for (const std::size_t run : group.runs) texts.push_back(field_text(field, runs, run));
      contrast.values.push_back(all_of(texts));
    }
  }
  return contrasts;
}

Pairs common_fields(const std::vector<ComparedRun>& runs) {
  Pairs common;
  for (const ConfigField& field : training::config_fields()) {
    if (differs(field, runs)) continue;
    const std::string text = field_text(field, runs, 0);
    common.emplace_back(field.name, text + (field.unit.empty() ? "" : " " + field.unit));
  }
  return common;
}

std::vector<Contrast> environment_contrasts(const std::vector<ComparedRun>& runs,
                                            std::span<const Group> groups) {
  std::vector<std::string> facts;
  for (const ComparedRun& run : runs) {
    for (const auto& [what, is] : run.environment.value_or(Pairs())) {
      if (what != "date" && std::ranges::find(facts, what) == facts.end()) facts.push_back(what);
    }
  }
  const auto fact_of = [&](std::size_t run, const std::string& what) -> std::string {
    if (!runs[run].environment) return "not recorded";
    const auto found = std::ranges::find(*runs[run].environment, what, &Pairs::value_type::first);
    return found == runs[run].environment->end() ? "not recorded" : found->second;
  };
  std::vector<Contrast> contrasts;
  for (const std::string& what : facts) {
    Contrast contrast{.what = what};
    bool same = true;
    for (const Group& group : groups) {
      std::vector<std::string> texts;
      for (const std::size_t run : group.runs) {
        texts.push_back(fact_of(run, what));
        same = same && texts.back() == fact_of(0, what);
      }
      contrast.values.push_back(all_of(texts));
    }
    if (!same) contrasts.push_back(contrast);
  }
  return contrasts;
}

}  // namespace joule::report

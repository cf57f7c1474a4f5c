// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <tuple>

#include "joule/core/error.h"
#include "joule/report/compare/groups.h"
#include "joule/report/study/study_comparison_outputs.h"

namespace joule::report {
namespace {

constexpr std::size_t kMostArms = 24;
constexpr std::size_t kMostArmCurves = 8;

std::string shown_number(const StudyQuantity& quantity, double value, bool sign = false) {
  if (quantity.unit == "%") return fmt::format(fmt::runtime(sign ? "{:+.2f}" : "{:.2f}"), value);
  return fmt::format(fmt::runtime(sign ? "{:+.4g}" : "{:.4g}"), value);
}

std::string half_width(const StudyQuantity& quantity,
                       const std::optional<search::Interval>& interval) {
  return interval ? " ± " + shown_number(quantity, (interval->high - interval->low) / 2) : "";
}

std::string cell(const StudyQuantity& quantity, const ArmFigure& figure) {
  if (!figure.mean) return "unavailable";
  return shown_number(quantity, figure.mean->mean) + half_width(quantity, figure.mean->interval);
}

std::string cell(const StudyQuantity& quantity, const ArmDifference& d) {
  if (!d.difference) return "unavailable";
  return shown_number(quantity, d.difference->difference, true) +
         half_width(quantity, d.difference->interval) + (d.paired ? "" : " *");
}

/// The first arm, those on the front, and the best in the first goal, in the order of the arms.
std::vector<std::size_t> shown_arms(const StudyComparison& c) {
  std::vector<std::size_t> order(c.arms.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (order.size() <= kMostArms) return order;
  const auto rank = [&](std::size_t i) {
    const bool beaten = !c.front || std::ranges::find(*c.front, i) == c.front->end();
    if (c.goals() == 0) return std::tuple(i != 0, beaten, false, static_cast<double>(i));
    const auto& mean = c.arms[i].figures[0].mean;
    const double sign = *c.quantities[0].goal == search::Direction::maximise ? -1 : 1;
    return std::tuple(i != 0, beaten, !mean, mean ? sign * mean->mean : static_cast<double>(i));
  };
  std::ranges::stable_sort(order, {}, rank);
  order.resize(kMostArms);
  std::ranges::sort(order);
  return order;
}

std::string trials_of(const Arm& arm) {
  std::string text = std::to_string(arm.complete.size());
  if (arm.failed > 0) text += str(", ", arm.failed, " failed");
  if (arm.pruned > 0) text += str(", ", arm.pruned, " pruned");
  if (arm.open > 0) text += str(", ", arm.open, " open");
  return text;
}

Table means_table(const StudyComparison& c, const std::vector<std::size_t>& quantities,
                  const std::vector<std::size_t>& arms) {
  Table table{.caption = "Means over the trials of a point", .head = {"point", "n"}, .rows = {}};
  for (const std::size_t q : quantities) table.head.push_back(c.quantities[q].title());
  for (const std::size_t i : arms) {
    auto& row = table.rows.emplace_back(std::vector{c.arms[i].name, trials_of(c.arms[i])});
    for (const std::size_t q : quantities) {
      row.push_back(cell(c.quantities[q], c.arms[i].figures[q]));
    }
  }
  return table;
}

Table differences_table(const StudyComparison& c, const std::vector<std::size_t>& quantities,
                        const std::vector<std::size_t>& arms) {
  Table table{.caption = "Differences to " + c.arms[0].name, .head = {"point"}, .rows = {}};
  for (const std::size_t q : quantities) {
    const StudyQuantity& quantity = c.quantities[q];
    table.head.push_back(quantity.unit == "%"
                             ? str(quantity.name, ", points (", name(quantity.quality), ")")
                             : quantity.title());
  }
  for (const std::size_t i : arms) {
    if (i == 0) continue;
    auto& row = table.rows.emplace_back(std::vector{c.arms[i].name});
    for (const std::size_t q : quantities)
      row.push_back(cell(c.quantities[q], c.differences[i][q]));
  }
  return table;
}

Picture<LineChart> goals_chart(const StudyComparison& c) {
  LineChart chart{.title = str(c.quantities[0].name, " against ", c.quantities[1].name),
                  .x_title = c.quantities[1].title(),
                  .y_title = c.quantities[0].title(),
                  .lines = {}};
  const auto point = [&](std::size_t i, bool bar) {
    const search::Mean &y = *c.arms[i].figures[0].mean, &x = *c.arms[i].figures[1].mean;
    const auto interval = y.interval && bar ? *y.interval : search::Interval{y.mean, y.mean};
    return Point{x.mean, y.mean, interval.low, interval.high};
  };
  // A line per study: its points, which no line joins.
  for (std::size_t s = 0; s < c.studies.size(); ++s) {
    Line line{.name = c.studies[s].name, .points = {}};
    for (std::size_t i = 0; i < c.arms.size(); ++i) {
      const Arm& arm = c.arms[i];
      if (arm.study != s || !arm.figures[0].mean || !arm.figures[1].mean) continue;
      line.points.push_back(point(i, true));
      line.points.back().apart = true;
    }
    std::ranges::sort(line.points, {}, &Point::x);
    chart.lines.push_back(std::move(line));
  }
  Line front{.name = "front", .points = {}, .dashed = true, .marks = false};
  for (const std::size_t i : *c.front) front.points.push_back(point(i, false));
  std::ranges::sort(front.points, {}, &Point::x);
  chart.lines.push_back(std::move(front));
  return {.file = "front",
          .caption = "Each mark is a point's mean, with the 95 % interval of what stands upwards.",
          .chart = std::move(chart)};
}

std::string front_text(const StudyComparison& c) {
  std::vector<std::string> names, pairs;
  for (const std::size_t i : *c.front) names.push_back(c.arms[i].name);
  for (const auto& [a, b] : c.unseparated) {
    pairs.push_back(c.arms[a].name + " and " + c.arms[b].name);
  }
  std::string text = "No other is better in all goals, by the means, than: ";
  for (std::size_t i = 0; i < names.size(); ++i) text += (i > 0 ? "; " : "") + names[i];
  text += ".";
  constexpr std::size_t kMostPairs = 4;
  if (pairs.size() > kMostPairs) {
    text += str(" Of its ", names.size() * (names.size() - 1) / 2,
                " pairs the intervals do not tell ", pairs.size(), " apart.");
  } else if (!pairs.empty()) {
    text += " The intervals do not tell apart: ";
    for (std::size_t i = 0; i < pairs.size(); ++i) text += (i > 0 ? "; " : "") + pairs[i];
    text += ".";
  }
  if (!c.left_out.empty()) text += " Left out: " + joined(c.left_out) + ".";
  return text;
}

/// What the trials of arms report, a mean after each epoch that all of an arm's trials have.
std::vector<Picture<LineChart>> curves(const StudyComparison& c,
                                       const std::vector<std::size_t>& arms) {
  std::vector<StudyQuantity> reported;
  const auto in = [](const std::vector<study::Value>& values, const StudyQuantity& q) {
    return std::ranges::find_if(values, [&](const study::Value& v) {
      return v.name == q.name && v.unit == q.unit && v.quality == q.quality;
    });
  };
  for (const std::size_t i : arms) {
    for (const std::size_t t : c.arms[i].complete) {
      for (const study::Report& report : c.studies[c.arms[i].study].trials[t].reports) {
        for (const study::Value& v : report.values) {
          const bool there = std::ranges::any_of(reported, [&](const StudyQuantity& q) {
            return q.name == v.name && q.unit == v.unit && q.quality == v.quality;
          });
          if (v.number && !there) reported.push_back({v.name, v.unit, v.quality});
        }
      }
    }
  }
  std::vector<Picture<LineChart>> pictures;
  for (const StudyQuantity& q : reported) {
    LineChart chart{.title = q.name + " over the epochs",
                    .x_title = "epoch",
                    .y_title = q.title(),
                    .lines = {}};
    std::set<double> epochs;
    for (const std::size_t i : arms) {
      Line line{.name = c.arms[i].name, .points = {}};
      std::map<std::int64_t, std::vector<double>> values;
      for (const std::size_t t : c.arms[i].complete) {
        for (const study::Report& report : c.studies[c.arms[i].study].trials[t].reports) {
          const auto found = in(report.values, q);
          if (found != report.values.end() && found->number) {
            values[report.epoch].push_back(*found->number);
          }
        }
      }
      for (const auto& [epoch, of_trials] : values) {
        if (of_trials.size() != c.arms[i].complete.size()) continue;
        const search::Mean mean = search::mean_interval(of_trials);
        const auto interval = mean.interval.value_or(search::Interval{mean.mean, mean.mean});
        line.points.push_back({static_cast<double>(epoch), mean.mean, interval.low, interval.high});
        epochs.insert(static_cast<double>(epoch));
      }
      if (!line.points.empty()) chart.lines.push_back(std::move(line));
    }
    if (epochs.size() < 2) continue;
    if (epochs.size() <= 20) {
      for (const double e : epochs) chart.x_ticks.emplace_back(e, fmt::format("{:.0f}", e));
    }
    std::string file = q.name + "-" + std::string(name(q.quality));
    for (char& letter : file) {
      if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '-';
    }
    pictures.push_back({.file = file,
                        .caption = "Means over the trials of a point, with 95 % intervals.",
                        .chart = std::move(chart)});
  }
  return pictures;
}

Table contrasts_table(const StudyComparison& c) {
  Table table{.caption = "What differs between the studies", .head = {"what"}, .rows = {}};
  for (const ComparedStudy& s : c.studies) table.head.push_back(s.name);
  for (const Contrast& contrast : c.contrasts) {
    auto& row = table.rows.emplace_back(std::vector{contrast.what});
    row.insert(row.end(), contrast.values.begin(), contrast.values.end());
  }
  return table;
}

}  // namespace

Document study_comparison_document(const StudyComparison& c,
                                   const std::vector<std::size_t>& quantities) {
  std::string names;
  for (const ComparedStudy& s : c.studies) {
    names += str(names.empty() ? "" : "; ", s.name, ", ", s.trials.size(), " trials");
  }
  Document document{.title = c.studies.size() == 1
                                 ? "The points of a study"
                                 : str("Comparison of ", c.studies.size(), " studies"),
                    .lead = names,
                    .parts = {}};
  for (const std::string& warning : c.warnings) document.parts.emplace_back(Warning{warning});
  const std::vector<std::size_t> arms = shown_arms(c);
  document.parts.emplace_back(Heading{"Means and differences"});
  document.parts.emplace_back(means_table(c, quantities, arms));
  if (c.arms.size() > 1) document.parts.emplace_back(differences_table(c, quantities, arms));
  std::vector<std::string> notes{
      "± is the half-width of the 95 % interval: Student's of a mean and of differences by seed, "
      "in pairs; Welch's of a difference with a star, whose points do not have the same seeds."};
  if (arms.size() < c.arms.size()) {
    notes.push_back(str(c.arms.size() - arms.size(),
                        " points more are left out here: shown are the first, those on the front, "
                        "and the best in ",
                        c.quantities[0].name, "."));
  }
  document.parts.emplace_back(Items{notes});
  if (c.front) {
    document.parts.emplace_back(Heading{"The front"});
    document.parts.emplace_back(Paragraph{front_text(c)});
    if (c.goals() == 2) document.parts.emplace_back(goals_chart(c));
  }
  std::vector<std::size_t> drawn = arms;
  if (drawn.size() > kMostArmCurves) {
    std::erase_if(drawn, [&](std::size_t i) {
      return i != 0 && !(c.front && std::ranges::find(*c.front, i) != c.front->end());
    });
    drawn.resize(std::min(drawn.size(), kMostArmCurves));
  }
  auto pictures = curves(c, drawn);
  if (!pictures.empty()) document.parts.emplace_back(Heading{"Over the epochs"});
  if (!pictures.empty() && drawn.size() < c.arms.size()) {
    document.parts.emplace_back(
        Paragraph{str("Of ", drawn.size(), " of the ", c.arms.size(), " points.")});
  }
  for (auto& picture : pictures) document.parts.emplace_back(std::move(picture));
  document.parts.emplace_back(Heading{"What differs"});
  if (c.contrasts.empty()) {
    document.parts.emplace_back(Paragraph{
        c.studies.size() == 1 ? str("One study, on ", c.studies[0].study.origin.machine, ".")
                              : "Nothing of configuration, machine and program."});
  } else {
    document.parts.emplace_back(contrasts_table(c));
  }
  return document;
}

}  // namespace joule::report

// SPDX-License-Identifier: MIT
#include "joule/cli/terminal/study_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "joule/cli/terminal/bar.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"

namespace joule::cli {
namespace {

using study::State;
using study::Trial;
using study::Value;

constexpr std::chrono::seconds kPlainStudyLine(30);

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Those of the goals, or without goals the first few; joule study show has all.
std::string values_of(const std::vector<Value>& values, const std::vector<study::Goal>& goals) {
  constexpr std::size_t kMost = 4;
  const auto wanted = [&](const Value& value) {
    return goals.empty() || std::ranges::count(goals, value.name, &study::Goal::value) > 0;
  };
  std::string out;
  std::size_t shown_values = 0;
  for (const Value& value : values) {
    if (shown_values == kMost || !wanted(value)) continue;
    out += (out.empty() ? "" : ", ") + value.name + " " + shown(value);
    ++shown_values;
  }
  const std::size_t more = values.size() - shown_values;
  return shown_values > 0 && more > 0 ? out + fmt::format(" and {} more", more) : out;
}

std::string running_line(const Trial& trial) {
  std::string out = fmt::format("  trial {}  {}", trial.number, line_of(trial.point));
  if (trial.started) {
    out += "  " + duration(std::max(0.0, seconds_since_1970() - *trial.started));
  }
  if (!trial.reports.empty()) {
    const study::Report& last = trial.reports.back();
    out += fmt::format("  epoch {}  {}", last.epoch, values_of(last.values, {}));
  }
  return out;
}

std::vector<std::string> parts_of(const study::StudyProgress& p) {
  std::vector<std::string> parts{p.of ? fmt::format("{}/{}", p.done + p.failed, *p.of)
                                      : fmt::format("{} done", p.done + p.failed)};
  if (p.failed > 0) parts.push_back(fmt::format("{} failed", p.failed));
  if (p.seconds_left) {
    parts.push_back(fmt::format("ETA {} +- {}", duration(std::max(0.0, *p.seconds_left)),
                                duration(*p.half_width)));
  }
  if (p.joules) parts.push_back(str(energy::Joules(*p.joules), " (", name(p.quality), ")"));
  return parts;
}

}  // namespace

std::string shown(const Value& value) {
  if (!value.number) return "unavailable (" + value.reason + ")";
  std::string out = fmt::format("{:.6g}", *value.number);
  if (value.low) out += fmt::format(" [{:.6g}, {:.6g}]", *value.low, *value.high);
  if (!value.unit.empty()) out += " " + value.unit;
  return str(out, " (", name(value.quality), ")");
}

/// The beginning of a text that is longer than a line has room for.
std::string beginning(const std::string& text) {
  constexpr std::size_t kMost = 40;
  const std::size_t end = std::min(text.find('\n'), kMost);
  return text.size() <= end ? text : text.substr(0, end) + "...";
}

std::string line_of(const search::Point& point) {
  std::string out;
  for (const auto& [name, value] : point.entries()) {
    out += (out.empty() ? "" : ", ") + name + " " + shown_short(value);
  }
  return out;
}

std::string shown_short(const search::PointValue& value) {
  const auto* const text = std::get_if<std::string>(&value);
  return text ? beginning(*text) : search::shown(value);
}

std::string line_of(const Trial& trial, const std::vector<study::Goal>& goals) {
  std::string out = fmt::format("trial {} {}", trial.number, name(trial.state));
  if (trial.started && trial.ended) out += " in " + duration(*trial.ended - *trial.started);
  const std::string values = values_of(trial.values, goals), point = line_of(trial.point);
  if (!trial.error.empty()) out += ": " + trial.error;
  if (!values.empty()) out += ": " + values;
  return point.empty() ? out : out + "; " + point;
}

StudyProgressBar::StudyProgressBar(std::string study, std::vector<study::Goal> goals)
    : study_(std::move(study)),
      goals_(std::move(goals)),
      redraws_(may_redraw(STDERR_FILENO)),
      next_(Clock::now()) {}

StudyProgressBar::~StudyProgressBar() { clear(); }

study::RunHooks StudyProgressBar::hooks() {
  study::RunHooks hooks;
  hooks.on_progress = [this](const study::StudyProgress& p) { show(p); };
  hooks.on_end = [this](const Trial& trial) { print(line_of(trial, goals_)); };
  hooks.on_event = [this](const std::string& event) { print(event); };
  return hooks;
}

void StudyProgressBar::clear() {
  if (drawn_ > 0) fmt::print(stderr, "\r\033[{}A\033[J", drawn_);
  drawn_ = 0;
}

void StudyProgressBar::print(const std::string& line) {
  clear();
  fmt::print(stderr, "{}\n", line);
}

void StudyProgressBar::show(const study::StudyProgress& p) {
  const std::vector<std::string> parts = parts_of(p);
  if (!redraws_) {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + kPlainStudyLine;
    fmt::print(stderr, "study {}  {}\n", study_, fmt::join(parts, "  "));
    for (const Trial& trial : p.running) fmt::print(stderr, "{}\n", running_line(trial));
    return;
  }
  clear();
  // The last column stays free: what stands there may break the line.
  const std::size_t width = std::max<std::size_t>(columns_of(STDERR_FILENO), 2) - 1;
  const double share =
      p.of && *p.of > 0 ? static_cast<double>(p.done + p.failed) / static_cast<double>(*p.of) : 0;
  fmt::print(stderr, "{}\n", fitted("study " + study_, std::min(share, 1.0), parts, width));
  for (const Trial& trial : p.running) {
    fmt::print(stderr, "{}\n", running_line(trial).substr(0, width));
  }
  std::fflush(stderr);
  drawn_ = 1 + p.running.size();
}

}  // namespace joule::cli

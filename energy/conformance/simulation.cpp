// SPDX-License-Identifier: MIT
#include "joule/energy/conformance/simulation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

constexpr std::int64_t kShortestSleepNs = 100'000;  // as that of a system, by its timers

std::string temporary_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "joule-conformance-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw DeviceError("mkdtemp: no folder for " + name);
  return name;
}

void write_file(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  if (!(std::ofstream(path) << text << '\n')) throw DeviceError(path + ": cannot be written");
}

}  // namespace

Simulation::Simulation(const Case& c) : case_(c), root_(temporary_folder()) {
  for (const auto& [file, text] : c.files) write_file(root_ + "/sys/" + file, text);
  for (const CaseCounter& counter : c.counters) {
    write_file(root_ + "/sys/" + counter.file, "0");
    counts_[counter.file] = {.counter = counter, .watts = counter.watts};
  }
  const std::string path = root_ + "/stream";
  // Both ends are held open: the lines that are due are written when time passes.
  if (!c.stream.empty() && (::mkfifo(path.c_str(), 0600) != 0 ||
                            (fifo_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC)) < 0)) {
    throw DeviceError(path + ": no FIFO can be made");
  }
  sleep_ns(0);  // what is so from the beginning
}

Simulation::~Simulation() {
  if (fifo_ >= 0) ::close(fifo_);
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

void Simulation::Count::go_to(double now_s) {
  joules += watts * (now_s - since_s);
  since_s = now_s;
  // A nanosecond, as times are sums of many.
  const auto due =
      static_cast<std::int64_t>(std::floor((now_s + 1e-9 - counter.late_s) / counter.every_s));
  if (due <= moves) return;
  const double moved_s = static_cast<double>(due) * counter.every_s + counter.late_s;
  shown_j = joules - watts * std::max(0.0, now_s - moved_s);
  moves = due;
}

std::string Simulation::Count::text() const {
  const double ticks = std::floor(shown_j / counter.unit_j);
  std::uint64_t value = (began_anew ? 0 : counter.start) + static_cast<std::uint64_t>(ticks);
  if (counter.wraps_at > 0) value %= counter.wraps_at;
  return std::to_string(value);
}

void Simulation::sleep_ns(std::int64_t ns) {
  const std::int64_t end = now_ + (ns > 0 ? std::max(ns, kShortestSleepNs) : 0);
  while (next_event_ < case_.events.size()) {
    const CaseEvent& event = case_.events[next_event_];
    const auto at = static_cast<std::int64_t>(1e9 * event.at_s);
    if (at > end) break;
    now_ = std::max(now_, at);
    ++next_event_;
    happen(event);
  }
  now_ = end;
  send_lines();
}

void Simulation::happen(const CaseEvent& event) {
  if (event.kind == CaseEvent::Kind::suspend) {
    suspended_ += static_cast<std::int64_t>(1e9 * event.value);
    return;
  }
  const auto found = counts_.find(event.file);
  if (found == counts_.end()) return;  // an error or a text of another file
  Count& count = found->second;
  count.go_to(now_s());
  if (event.kind == CaseEvent::Kind::watts) count.watts = event.value;
  if (event.kind == CaseEvent::Kind::jump) count.joules += event.value;
  if (event.kind == CaseEvent::Kind::reset) {
    count.joules = count.shown_j = 0;
    count.began_anew = true;
  }
}

void Simulation::send_lines() {
  while (next_line_ < case_.lines.size() && case_.lines[next_line_].first <= now_s()) {
    const std::string line = case_.lines[next_line_++].second + "\n";
    if (::write(fifo_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      throw DeviceError(root_ + "/stream: cannot be written");
    }
  }
}

FileText Simulation::read(const std::string& path) {
  const std::string root = root_ + "/sys/";
  const std::string file = path.starts_with(root) ? path.substr(root.size()) : path;
  for (std::size_t i = next_event_; i-- > 0;) {  // the latest that is still going on
    const CaseEvent& event = case_.events[i];
    if (event.file != file || now_s() >= event.at_s + event.for_s) continue;
    if (event.kind == CaseEvent::Kind::error) return {.error = static_cast<int>(event.value)};
    if (event.kind == CaseEvent::Kind::text) return {.text = event.text + "\n"};
  }
  const auto found = counts_.find(file);
  if (found == counts_.end()) return read_whole_file(path);
  found->second.go_to(now_s());
  return {.text = found->second.text() + "\n"};
}

Machine Simulation::machine() {
  return {.sysfs = root_ + "/sys",
          .procfs = root_ + "/proc",
          .nvml = root_ + "/no-such-library",
          .rocm_smi = {root_ + "/no-such-library"},
          .read_file = [this](const std::string& path) { return read(path); },
          .clock = this};
}

std::string Simulation::selection() const {
  if (!case_.trace.empty()) return "replay:" + case_.trace;
  return case_.stream.empty() ? "auto" : str("stream:", case_.stream, ":", root_, "/stream");
}

}  // namespace joule::energy

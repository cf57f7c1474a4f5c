// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/cli/terminal/child.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/core/error.h"
#include "joule/energy/json/values_json.h"
#include "joule/energy/measurement.h"
#include "joule/energy/meters/recorder.h"
#include "joule/energy/open_meters.h"
#include "joule/energy/window.h"
#include "joule/io/atomic_file.h"
#include "joule/io/json_dump.h"

namespace joule::cli {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace)
using nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  joule meter -- python3 train.py --epochs 3
      runs the command and reports its energy on standard error
  joule meter --meter rapl --json --out energy.json -- make -j8
  joule meter --meter nvml:0000:65:00.0 --record run.jsonl -- ./program
      also keeps the raw readings, for
  joule meter --meter replay:run.jsonl -- true

Each meter stands for itself: what the command computes on, joule cannot know.
Energy that no meter can tell is unavailable, with the reason and what to do;
see joule info.)";

struct Options {
  std::string meter = "auto";
  double idle_seconds = 2;
  std::optional<double> idle_watts;
  bool json = false;
  std::string out, record;
  std::vector<std::string> command;
};

/// Windows of all the meters at the same time.
class Windows {
 public:
  explicit Windows(const Meters& meters) {
    for (const auto& meter : meters) windows_.push_back(std::make_unique<Window>(*meter));
  }
  std::vector<Interval> close() {
    std::vector<Interval> intervals;
    for (const auto& window : windows_) intervals.push_back(window->close());
    return intervals;
  }

 private:
  std::vector<std::unique_ptr<Window>> windows_;
};

class Metering {
 public:
  /// Both are to outlive it.
  Metering(const Options& options, const Interrupt& interrupt, Meters meters)
      : options_(options),
        interrupt_(interrupt),
        meters_(std::move(meters)),
        quiet_(meters_.size()) {}

  /// Runs the command between two quiet spells; none if the user stopped it before it began.
  std::optional<Ended> run() {
    measure_idle();
    if (interrupt_.requested()) return {};
    Windows windows(meters_);
    Ended ended = run_child(options_.command);
    intervals_ = windows.close();
    if (ended.problem.empty()) measure_idle();
    return ended;
  }

  ordered_json report(const Ended& ended) const {
    ordered_json meters = ordered_json::array();
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      const MeterInfo& info = meters_[i]->info();
      const Figure<Watts> idle = idle_power(i);
      Measurement measurement = measure(info, intervals_[i], idle);
      const std::string closing = meters_[i]->closing_remark();
      if (!closing.empty()) measurement.remarks.push_back(closing);
      ordered_json entry{{"meter", json_of(info)}};
      entry.update(json_of(measurement));
      entry["idle_power"] = json_of(idle);
      meters.push_back(entry);
    }
    return {{"version", 1},
            {"command", options_.command},
            {"exit_code", ended.exit_code},
            {"signal", ended.signal ? ordered_json(ended.signal) : ordered_json()},
            {"meters", meters}};
  }

 private:
  Figure<Watts> idle_power(std::size_t meter) const {
    if (options_.idle_watts) return stated_idle_power(Watts(*options_.idle_watts));
    if (options_.idle_seconds == 0) return no_idle_power("it was not asked for (--idle 0)");
    return measured_idle_power(meters_[meter]->info(), quiet_[meter]);
  }

  void measure_idle() {
    const auto readable = [](const auto& meter) { return meter->available(); };
    if (options_.idle_watts || options_.idle_seconds == 0) return;
    if (std::none_of(meters_.begin(), meters_.end(), readable)) return;
    constexpr std::int64_t kSliceNs = 50'000'000;  // how soon Ctrl-C is noticed
    Windows windows(meters_);
    auto left = static_cast<std::int64_t>(1e9 * options_.idle_seconds);
    for (; left > 0 && !interrupt_.requested(); left -= kSliceNs) {
      meters_.front()->clock().sleep_ns(std::min(left, kSliceNs));
    }
    const std::vector<Interval> intervals = windows.close();
    for (std::size_t i = 0; i < meters_.size(); ++i) quiet_[i].push_back(intervals[i]);
  }

  const Options& options_;
  const Interrupt& interrupt_;
  Meters meters_;
  std::vector<std::vector<Interval>> quiet_;  // per meter
  std::vector<Interval> intervals_;
};

std::string text(const ordered_json& figure) {
  if (figure["value"].is_null()) {
    return fmt::format("unavailable: {}", figure["reason"].get<std::string>());
  }
  const auto quantity = [&](const char* key) {
    const double value = figure[key];
    const std::string unit = figure["unit"];
    return unit == "J" ? str(Joules(value)) : unit == "W" ? str(Watts(value)) : str(Seconds(value));
  };
  std::string line = quantity("value");
  if (!figure["uncertainty"].is_null()) line += " +- " + quantity("uncertainty");
  return fmt::format("{} ({})", line, figure["quality"].get<std::string>());
}

std::string table(const ordered_json& report) {
  std::string out;
  for (const auto& entry : report["meters"]) {
    const auto& meter = entry["meter"];
    const std::string scope =
        meter["scope"].is_null() ? "" : ", " + meter["scope"].get<std::string>();
    out += fmt::format("energy by {}{}\n", meter["name"].get<std::string>(), scope);
    for (const char* key : {"gross", "idle", "dynamic", "power", "duration"}) {
      const bool known = !entry[key]["value"].is_null();
      const bool repeated = !known && entry[key]["reason"] == entry["gross"]["reason"];
      if (repeated && std::string_view(key) != "gross") continue;
      out += fmt::format("  {:<10}{}\n", key, text(entry[key]));
    }
    if (!meter["remedy"].is_null()) {
      out += fmt::format("  {:<10}{}\n", "to do", meter["remedy"].get<std::string>());
    }
    for (const auto& list : {meter["remarks"], entry["remarks"]}) {
      for (const auto& remark : list) {
        out += fmt::format("  {:<10}{}\n", "note", remark.get<std::string>());
      }
    }
  }
  return out;
}

int meter(const Options& options) {
  require(options.idle_seconds >= 0 && options.idle_seconds <= 3600,
          "--idle: expected 0 to 3600 seconds, got ", options.idle_seconds);
  if (options.idle_watts) stated_idle_power(Watts(*options.idle_watts));  // is it one?
  const Interrupt interrupt;                        // before there is anything to clean up
  std::optional<AtomicFile> out_file, record_file;  // refused now, not after the run
  if (!options.out.empty()) out_file.emplace(options.out);
  if (!options.record.empty()) record_file.emplace(options.record);
  Meters meters = open_meters(options.meter);
  require(!record_file || meters.size() == 1, "--record: a trace holds one meter, and '",
          options.meter, "' gives ", meters.size(), "; choose one with --meter");

  Meter& first = *meters.front();
  Metering metering(options, interrupt, std::move(meters));
  std::ostringstream trace;
  std::optional<Recorder> recorder;
  if (record_file) recorder.emplace(first, trace);
  const std::optional<Ended> ended = metering.run();
  if (!ended) return kInterrupted;
  if (!ended->problem.empty()) {
    fmt::print(stderr, "joule: {}\n", ended->problem);
    return ended->exit_code;
  }
  const ordered_json report = metering.report(*ended);
  const std::string shown = options.json ? dumped(report, 2) + "\n" : table(report);
  if (record_file) {
    record_file->write(trace.str().data(), trace.str().size());
    record_file->commit();
  }
  if (out_file) {
    out_file->write(shown.data(), shown.size());
    out_file->commit();
  } else {
    fmt::print(stderr, "{}", shown);
  }
  return ended->exit_code;
}

}  // namespace

void add_meter(Command& app, Run& run) {
  Command* const command = app.add_subcommand(
      "meter", "Run any command and measure the energy of the machine meanwhile");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  add_option(
      *command, "--meter", options->meter,
      "auto, nvml, nvml:ID (PCI bus id or UUID, MIG-... too), perf, rapl, replay:FILE or none")
      ->capture_default_str();
  add_option(*command, "--idle", options->idle_seconds,
             "Seconds to measure the idle power, before and after; 0: do not")
      ->capture_default_str();
  add_option(*command, "--idle-power", options->idle_watts,
             "The idle power in watts, instead of measuring it");
  command->add_flag("--json", options->json, "Report as JSON");
  add_option(*command, "--out", options->out,
             "Write the report to this file, not to standard error");
  add_option(*command, "--record", options->record, "Write the raw readings to this file");
  add_option(*command, "command", options->command, "The command and its arguments, after --")
      ->required()
      ->take_all();
  command->callback([options, &run] { run = [options] { return meter(*options); }; });
}

}  // namespace joule::cli

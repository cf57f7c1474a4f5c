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
#include "joule/cli/options/energy_options.h"
#include "joule/cli/options/option.h"
#include "joule/cli/terminal/child.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/core/error.h"
#include "joule/energy/conformance/conformance.h"
#include "joule/energy/json/values_json.h"
#include "joule/energy/measurement.h"
#include "joule/energy/meters/recorder.h"
#include "joule/energy/open_meters.h"
#include "joule/energy/scope/scope.h"
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
  joule meter --meter rapl+stream:watts,limit=300:exec:./plug -- ./program
      a meter at the plug, by a program that writes lines "seconds watts",
      beside the processors' counters, and what the plug counted beyond them
  joule meter --conformance tests/meters
      measures simulated hostile meters, and compares with the right answers

Each meter stands for itself: what the command computes on, joule cannot know.
Energy that no meter can tell is unavailable, with the reason and what to do;
see joule info.)";

struct Options {
  std::string meter = "auto", sysfs;
  double idle_seconds = 5;
  std::optional<double> idle_watts;
  bool json = false, conformance = false;
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
  Metering(const Options& options, const Interrupt& interrupt, Selected selected)
      : options_(options),
        interrupt_(interrupt),
        meters_(std::move(selected.meters)),
        unread_(std::move(selected.unread)),
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
    ordered_json meters = ordered_json::array(), unread = ordered_json::array();
    std::vector<MeterInfo> infos;
    std::vector<Measurement> measurements;
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      const MeterInfo& info = meters_[i]->info();
      const IdlePower idle = idle_power(i);
      Measurement measurement = measure(info, intervals_[i], idle);
      const std::string closing = meters_[i]->closing_remark();
      if (!closing.empty()) measurement.remarks.push_back(closing);
      ordered_json entry{{"meter", energy::json_of(info)}};
      entry.update(energy::json_of(measurement));
      entry["idle_power"] = energy::json_of(idle.mean);
      meters.push_back(entry);
      infos.push_back(info);
      measurements.push_back(std::move(measurement));
    }
    for (const MeterInfo& info : unread_) {
      if (!info.gpu.empty()) continue;  // it is among the meters
      unread.push_back({{"name", info.name},
                        {"status", name(info.status)},
                        {"reason", info.reason},
                        {"remedy", info.remedy}});
    }
    return {{"version", 1},
            {"command", options_.command},
            {"exit_code", ended.exit_code},
            {"signal", ended.signal ? ordered_json(ended.signal) : ordered_json()},
            {"meters", meters},
            {"not_read", unread},
            {"closure", json_of(closure(infos, measurements))}};
  }

 private:
  IdlePower idle_power(std::size_t meter) const {
    if (options_.idle_watts) return stated_idle_power(Watts(*options_.idle_watts));
    if (options_.idle_seconds == 0) return no_idle_power("it was not asked for (--idle 0)");
    return measured_idle_power(meters_[meter]->info(), quiet_[meter]);
  }

  void measure_idle() {
    const auto readable = [](const auto& meter) { return meter->available(); };
    if (options_.idle_watts || options_.idle_seconds == 0) return;
    if (std::none_of(meters_.begin(), meters_.end(), readable)) return;
    std::vector<Quiet> quiet = watch_idle(meters_, Seconds(options_.idle_seconds),
                                          [this] { return interrupt_.requested(); });
    for (std::size_t i = 0; i < meters_.size(); ++i) quiet_[i].push_back(std::move(quiet[i]));
  }

  static ordered_json json_of(const std::optional<Closure>& closure) {
    if (!closure) return {};
    return {{"wall", energy::json_of(closure->wall)},
            {"parts", energy::json_of(closure->parts)},
            {"rest", energy::json_of(closure->rest)},
            {"of", closure->of},
            {"remark", closure->remark.empty() ? ordered_json() : ordered_json(closure->remark)}};
  }

  const Options& options_;
  const Interrupt& interrupt_;
  Meters meters_;
  std::vector<MeterInfo> unread_;
  std::vector<std::vector<Quiet>> quiet_;  // per meter
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
  const auto& closed = report["closure"];
  if (!closed.is_null()) {
    out += fmt::format("the machine beyond its parts\n  {:<10}{}\n", "rest", text(closed["rest"]));
    out += fmt::format("  {:<10}{}\n", "is", closed["rest"]["source"].get<std::string>());
    if (!closed["remark"].is_null()) {
      out += fmt::format("  {:<10}{}\n", "note", closed["remark"].get<std::string>());
    }
  }
  if (report["meters"][0]["meter"]["name"] == "auto") return out;  // which says it of each
  for (const auto& source : report["not_read"]) {
    out += fmt::format("not read: {} ({}: {})\n", source["name"].get<std::string>(),
                       source["status"].get<std::string>(), source["reason"].get<std::string>());
  }
  return out;
}

/// How Joule itself measures the cases of a folder; 1 if one went wrong.
int check_conformance(const Options& options) {
  require(options.command.size() < 2, "--conformance: expected one folder, got ",
          options.command.size());
  const std::string folder = options.command.empty() ? "tests/meters" : options.command.front();
  const std::vector<Verdict> verdicts = run_conformance(folder);
  ordered_json json = ordered_json::array();
  std::string text;
  bool all = true;
  for (const auto& [name, what, passed, got, expected] : verdicts) {
    all = all && passed;
    json.push_back(
        {{"case", name}, {"what", what}, {"passed", passed}, {"got", got}, {"expected", expected}});
    text += fmt::format("{}  {}\n      {}\n      got       {}\n      expected  {}\n",
                        passed ? "pass" : "FAIL", name, what, got, expected);
  }
  const auto passes = std::ranges::count_if(verdicts, &Verdict::passed);
  text += fmt::format("{} of {} cases pass\n", passes, verdicts.size());
  fmt::print("{}", options.json ? dumped(json, 2) + "\n" : text);
  return all ? 0 : 1;
}

int meter(const Options& options) {
  if (options.conformance) return check_conformance(options);
  require(!options.command.empty(), "meter: a command is required, after --");
  require(options.idle_seconds >= 0 && options.idle_seconds <= 3600,
          "--idle: expected 0 to 3600 seconds, got ", options.idle_seconds);
  if (options.idle_watts) stated_idle_power(Watts(*options.idle_watts));  // is it one?
  const Interrupt interrupt;                        // before there is anything to clean up
  std::optional<AtomicFile> out_file, record_file;  // refused now, not after the run
  if (!options.out.empty()) out_file.emplace(options.out);
  if (!options.record.empty()) record_file.emplace(options.record);
  Selected selected = select_meters(options.meter, machine_at(options.sysfs));
  require(!record_file || selected.meters.size() == 1, "--record: a trace holds one meter, and '",
          options.meter, "' gives ", selected.meters.size(), "; choose one with --meter");

  Meter& first = *selected.meters.front();
  Metering metering(options, interrupt, std::move(selected));
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
  Command* const command =
      app.add_subcommand("meter", "Run any command and measure the machine's energy while it runs");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  add_option(*command, "--meter", options->meter, kMeterChoices)->capture_default_str();
  add_sysfs(*command, options->sysfs);
  add_option(*command, "--idle", options->idle_seconds,
             "Seconds to measure the idle power, before and after; 0: do not")
      ->capture_default_str();
  add_option(*command, "--idle-power", options->idle_watts,
             "Idle power in watts, instead of measuring it");
  command->add_flag("--json", options->json, "Report as JSON");
  add_option(*command, "--out", options->out,
             "Write the report to this file, not to standard error");
  add_option(*command, "--record", options->record, "Write the raw readings to this file");
  command->add_flag("--conformance", options->conformance,
                    "Measure a folder of simulated meters (tests/meters) instead of a command, and "
                    "compare with the expected answers");
  add_option(*command, "command", options->command,
             "The command and its arguments, after --; or the folder")
      ->take_all();
  command->callback([options, &run] { run = [options] { return meter(*options); }; });
}

}  // namespace joule::cli

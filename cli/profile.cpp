// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/cost_models.h"
#include "joule/cli/options/energy_options.h"
#include "joule/cli/options/execution.h"
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/options/option.h"
#include "joule/cli/options/profile_choices.h"
#include "joule/cli/output/outputs.h"
#include "joule/cli/output/profile_environment.h"
#include "joule/cli/output/profile_table.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/energy/attribution/profile.h"
#include "joule/energy/meters/recorder.h"
#include "joule/energy/run_meters.h"
#include "joule/measure/describe_profile.h"
#include "joule/measure/profile_run.h"
#include "joule/measure/subject.h"
#include "joule/report/figures.h"
#include "joule/report/profile_page.h"
#include "joule/training/config.h"

namespace joule::cli {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace)

constexpr const char* kExamples = R"(Examples:
  joule profile --model runs/first
      work, time, modelled and measured energy of every operation on test
      images: layer by layer, where a meter can tell layers apart
  joule profile --model resnet18 --input 32x32x3 --classes 10 --train --by layer
      training steps of an untrained net on normal values, a line per layer
  joule profile --model runs/first --html profile.html
      a page for a browser: energy, time and density per layer and operation,
      and the machine
  joule profile --model runs/first --trace ops.json --prometheus joule.prom \
      --json profile.json
      for chrome://tracing or ui.perfetto.dev, for Prometheus, and for programs
  joule profile --model vgg16 --data cifar-10 --windows windows.json --steps 200
      runs layer by layer and keeps the measured windows, for
      joule energy --fit windows.json
  joule profile --model runs/first --no-times --meter replay:run.jsonl --json -
      the same bytes each time, from a trace that --record wrote
  joule profile --model runs/first --verify
      beside what is attributed to each layer, what it takes in a loop by itself
  joule profile anyone.onnx
      the joules and the zeros of a net from elsewhere, layer by layer

Modelled energy is counts times constants; attributed energy is a share of what
a meter counted.)";

struct Options {
  std::string model, input, data, meter = "auto", rule = "auto", cost = "horowitz45", by = "line",
                                  sysfs;
  std::optional<std::int64_t> classes;
  std::optional<double> mac_picojoules, idle_watts;
  std::int64_t batch = 32, steps = 10, warmup = 2;
  double idle_seconds = 5;
  std::uint64_t seed = 1;
  bool train = false, no_times = false, verify = false;
  std::optional<double> pause_watts;
  std::string html, json, csv, prometheus, trace, record, windows;
  measure::Normalization normalization{};
  Execution execution;
};

CostModel cost_model_of(const Options& o) {
  const NamedCostModel model = find_cost_model(o.cost, o.mac_picojoules);
  const auto* const linear = std::get_if<CostModel>(&model);
  require(linear, "--cost-model: ", o.cost,
          " models whole nets, not operations; joule energy has it. Expected a linear cost model");
  return *linear;
}

void check(const Options& o, std::optional<Rule> rule, const CostModel& cost) {
  training::require_count("--batch", o.batch, training::kMaxBatch);
  training::require_count("--steps", o.steps, training::kMaxSteps);
  require(o.warmup >= 0, "--warmup: must not be negative, got ", o.warmup);
  require(o.warmup <= training::kMaxSteps, "--warmup: expected at most ", training::kMaxSteps,
          ", got ", o.warmup);
  require(o.idle_seconds >= 0 && o.idle_seconds <= 3600, "--idle: expected 0 to 3600 seconds, got ",
          o.idle_seconds);
  if (o.idle_watts) stated_idle_power(Watts(*o.idle_watts));  // is it one?
  require(!o.train || rule != Rule::regression,
          "--attribute regression: training steps are all alike, so that it tells no operation "
          "from another; leave out --train");
  require(!o.no_times || !rule || rule == Rule::model, "--no-times: sharing out by ", o.rule,
          " needs the times; leave out --attribute, or say --attribute model");
  require(!o.no_times || !cost.per_second, "--no-times: ", cost.name, " charges for time");
  require(!o.pause_watts || o.verify, "--pause-to: it is for --verify");
  require(!o.pause_watts || (std::isfinite(*o.pause_watts) && *o.pause_watts > 0),
          "--pause-to: expected watts above 0, got ", o.pause_watts.value_or(0));
  if (!o.verify) return;
  require(!o.train,
          "--verify: it loops what a forward pass runs, layer by layer; leave out --train");
  require(o.idle_watts || o.idle_seconds > 0, "--verify: it needs the idle power, and --idle is 0");
}

/// Of each operation in a loop.
std::vector<std::int64_t> calls_of(const std::vector<Looped>& looped) {
  std::vector<std::int64_t> calls;
  for (const Looped& one : looped) {
    if (!one.trials.empty()) calls.push_back(one.trials.front().calls);
  }
  return calls;
}

class Profiling {
 public:
  explicit Profiling(const Options& options)
      : o_(options), rule_(rule_of(o_.rule)), by_(by_of(o_.by)), cost_(cost_model_of(o_)) {
    check(o_, rule_, cost_);
    if (o_.no_times && !rule_) rule_ = Rule::model;  // the others share out by times
  }

  int run() {
    o_.execution.apply();
    require_distinct_files();
    environment_ = profile_environment(o_.execution, !o_.no_times);
    measure::Subject subject = load();
    const Device device = o_.execution.where();
    meters_ = open_run_meters(o_.meter, {.device = device, .gpu = backend(device).bus_id()},
                              machine_at(o_.sysfs));
    shared_ = shared_out(meters_);
    meter_ = shared_.meter;
    mode_ = mode();
    measure::require_as_recorded(meter_->info(), o_.meter, ran());
    if (o_.verify) require_verifiable();
    std::ostringstream recorded;
    std::optional<Recorder> recorder;
    if (!o_.record.empty()) recorder.emplace(*meter_, recorded, ran());
    std::optional<OpTrace> trace;
    if (!o_.trace.empty()) trace.emplace();
    if (trace) track_power();

    measure_idle();
    const auto done =
        measure::run_profile(subject, plan(), *meter_, shared_.beside, trace ? &*trace : nullptr);
    if (power_) power_->stop();
    if (!done || interrupt_.requested()) return kInterrupted;
    measure_idle();  // behind the loops, if there are
    Profile profile = describe(subject, *done);
    write_windows(*done, profile);
    const std::string traced = trace ? trace_text(*trace, profile) : "";
    outputs_.write(o_.html, report::to_html(profile));
    outputs_.write(o_.json, to_json(profile));
    outputs_.write(o_.csv, to_csv(profile));
    outputs_.write(o_.prometheus, to_prometheus(profile));
    outputs_.write(o_.trace, traced);
    if (meter_->info().unit > Joules(0)) {
      outputs_.write(o_.record, with_loops(recorded.str(), calls_of(done->looped)));
    }
    if (o_.json != "-" && o_.csv != "-" && o_.html != "-")
      fmt::print("{}", table(profile, by_, columns_of(STDOUT_FILENO)));
    return 0;
  }

 private:
  void require_distinct_files() {
    std::vector<std::string> paths;
    for (const std::string& path :
         {o_.html, o_.json, o_.csv, o_.prometheus, o_.trace, o_.record, o_.windows}) {
      if (path.empty()) continue;
      require(std::ranges::count(paths, path) == 0, "profile: two reports are to go to ", path);
      paths.push_back(path);
      outputs_.add(path);
    }
  }

  measure::Subject load() const {
    const bool synthetic = o_.data.empty() && !o_.input.empty();
    return measure::load_subject({.model = o_.model,
                                  .input = o_.input,
                                  .data = o_.data,
                                  .classes = o_.classes,
                                  .seed = o_.seed,
                                  .synthetic = synthetic,
                                  .synthetic_option = "--input and --classes",
                                  .synthetic_without_data = true,
                                  .normalization = o_.normalization,
                                  .device = o_.execution.where()});
  }

  /// Why regression is not to be tried; empty if it is, or if there is nothing to share out.
  std::string no_regression() const {
    const MeterInfo& info = meter_->info();
    if (o_.train) return "training steps are all alike";
    if (!info.update_period) return "the meter's update period is not known";
    if (is_replay(info.name) && !info.ran.starts_with("layers")) {
      return "the trace does not tell that the layers ran one by one (if so, --attribute "
             "regression)";
    }
    return {};
  }

  measure::ProfileMode mode() const {
    if (o_.train) return measure::ProfileMode::training;
    const bool shared = meter_->available() && (o_.idle_watts || o_.idle_seconds > 0);
    const bool chosen = shared && !rule_ && no_regression().empty();
    const bool layers = chosen || o_.verify || rule_ == Rule::regression || !o_.windows.empty();
    return layers ? measure::ProfileMode::layers : measure::ProfileMode::forward;
  }

  /// For a recording, as what its windows hold depends on it.
  std::string ran() const { return measure::ran_text(mode_, o_.verify, o_.steps, o_.batch); }

  void require_verifiable() const {
    const MeterInfo& info = meter_->info();
    require(meter_->available(), "--verify: modelled energy verifies nothing, and ", info.name,
            " cannot be read (", info.reason,
            "): measure where there is a meter, or give a recording, --meter replay:FILE");
    require(info.update_period.has_value(), "--verify: it is not known how often the counter of ",
            info.name, " moves");
    require(!is_replay(info.name) || !info.loops.empty(), "--verify: ", o_.meter,
            " has no loops: it was not recorded by joule profile --verify --record FILE");
  }

  /// Asked for between the window and the loops.
  measure::LoopPlan loop_plan() {
    measure_idle();
    const IdlePower idle = idle_power();
    require(idle.available(), "--verify: the idle power is not known: ", idle.reason());
    level_ = o_.pause_watts ? Watts(*o_.pause_watts) : 1.05 * idle.value();
    measure::LoopPlan plan{.level = level_, .calls = meter_->info().loops};
    plan.stop = [this] { return interrupt_.requested(); };
    return plan;
  }

  /// By the idle power between window and loops, and behind them.
  Verification verification(const measure::ProfileRun& done, const Attribution& attribution) const {
    const MeterInfo& info = meter_->info();
    const std::span quiet = std::span(quiet_).subspan(std::min<std::size_t>(1, quiet_.size()));
    const IdlePower idle = o_.idle_watts ? idle_power() : measured_idle_power(info, quiet);
    return verify(info, attribution, done.lines, done.looped, idle, level_);
  }

  measure::ProfilePlan plan() {
    measure::ProfilePlan plan{
        .mode = mode_, .batch = o_.batch, .steps = o_.steps, .warmup = o_.warmup};
    plan.stop = [this] { return interrupt_.requested(); };
    if (o_.verify) plan.loops = [this] { return loop_plan(); };
    return plan;
  }

  /// Its times are of another day in a recording.
  void track_power() {
    const MeterInfo& info = meter_->info();
    if (meter_->available() && info.update_period && &meter_->clock() == &monotonic_clock()) {
      power_.emplace(*meter_);
    }
  }

  std::string trace_text(const OpTrace& trace, Profile& profile) const {
    if (!power_) return trace.to_json();
    profile.notes.push_back(fmt::format("reading the power for {} took {:.2g} % of a core",
                                        o_.trace, 100 * power_->share_of_a_core()));
    return trace.to_json("power, " + source(meter_->info()), power_->points());
  }

  void measure_idle() {
    if (o_.idle_watts || o_.idle_seconds == 0 || !meter_->available()) return;
    quiet_.push_back(
        watch_idle(*meter_, Seconds(o_.idle_seconds), [this] { return interrupt_.requested(); }));
  }

  IdlePower idle_power() const {
    if (o_.idle_watts) return stated_idle_power(Watts(*o_.idle_watts));
    if (o_.idle_seconds == 0) return no_idle_power("it was not asked for (--idle 0)");
    // Before and after the window; a third spell is behind loops.
    const std::span quiet = std::span(quiet_).first(std::min<std::size_t>(2, quiet_.size()));
    return measured_idle_power(meter_->info(), quiet);
  }

  Attribution attribution(const measure::Profiled& of) const {
    if (!rule_ && mode_ == measure::ProfileMode::layers) {
      return attribute_by_choice(of.meter, of.run.window, of.idle_power, of.run.lines,
                                 of.run.pieces);
    }
    Attribution a = measure::attributed_by(rule_.value_or(Rule::time), of);
    if (o_.rule == "auto" && a.whole.dynamic.available()) {
      a.why = o_.no_times ? "it is the rule that needs no times, which --no-times leaves out"
                          : "regression was not tried: " + no_regression();
    }
    return a;
  }

  Profile describe(const measure::Subject& subject, const measure::ProfileRun& done) {
    const IdlePower idle = idle_power();
    const measure::ProfilePlan planned = plan();
    const measure::Profiled of{.subject = subject,
                               .plan = planned,
                               .run = done,
                               .meter = meter_->info(),
                               .beside = shared_.beside,
                               .why = shared_.why,
                               .quiet = quiet_,
                               .idle_power = idle,
                               .cost = cost_};
    Profile profile = measure::describe(of, attribution(of));
    profile.times = !o_.no_times;
    profile.environment = environment_.texts;
    profile.environment_json = environment_.json;
    if (o_.verify) profile.verification = verification(done, profile.attribution);
    if (o_.execution.departs()) {
      profile.notes.push_back("products in " + o_.execution.products_in());
    }
    if (done.kept_bytes > 0) {
      profile.notes.push_back(
          fmt::format("a forward pass leaves {:.4g} MB of tensors for its backward pass",
                      static_cast<double>(done.kept_bytes) / 1e6));
    }
    if (!o_.record.empty() && meter_->info().unit == Joules(0)) {
      profile.notes.push_back(o_.record + " was not written: the meter cannot be read");
    }
    if (const std::string closing = meter_->closing_remark(); !closing.empty()) {
      profile.notes.push_back(closing);
    }
    return profile;
  }

  /// Without a window that the counter can resolve there is no file, and a note that says so.
  void write_windows(const measure::ProfileRun& done, Profile& profile) {
    if (o_.windows.empty()) return;
    const MeterInfo& info = meter_->info();
    if (meter_->available() && info.update_period) {
      const MeasuredWindows windows = measured_windows(info, source(info), done.pieces);
      const std::int64_t left_out = std::ssize(done.pieces) - std::ssize(windows.windows);
      if (left_out > 0) {
        profile.notes.push_back(str(left_out, " of ", done.pieces.size(),
                                    " windows have no energy that the counter can resolve: try "
                                    "more --steps"));
      }
      if (!windows.windows.empty()) return outputs_.write(o_.windows, to_json(windows));
    }
    profile.notes.push_back(o_.windows + " was not written: no window has an energy");
  }

  const Options& o_;
  std::optional<Rule> rule_;
  By by_;
  CostModel cost_;
  Interrupt interrupt_;  // before there is anything to clean up
  Outputs outputs_;
  RunMeters meters_;
  SharedOut shared_;
  Meter* meter_ = nullptr;
  measure::ProfileMode mode_ = measure::ProfileMode::forward;
  std::optional<PowerTrack> power_;  // for the trace
  Watts level_;                      // that the pauses before loops come down to
  std::vector<Quiet> quiet_;
  ProfileEnvironment environment_;
};

void add_reports(Command& command, Options& o) {
  const auto file = [&](const char* name, std::string& path, const char* help) {
    add_option(command, name, path, help)->type_name("FILE");
  };
  file("--json", o.json,
       "Report as JSON to this file; -: to standard output, instead of the table");
  file("--html", o.html, "A page with everything in it, for a browser; it opens without a network");
  file("--csv", o.csv, "A line per operation as CSV; - as above");
  file("--prometheus", o.prometheus, "Prometheus' text format, which is OpenMetrics too");
  file("--trace", o.trace, "Every call as a trace for chrome://tracing and ui.perfetto.dev");
  file("--record", o.record, "The meter's raw readings, for --meter replay:FILE");
  file("--windows", o.windows, "Measured windows, layer by layer, for joule energy --fit");
  command.add_flag("--no-times", o.no_times,
                   "Leave out times, so that reports of the same work are byte for byte the same; "
                   "energy is shared out by the cost model, which needs none");
}

}  // namespace

void add_profile(Command& app, Run& run) {
  Command* const command = app.add_subcommand(
      "profile", "Work, time, modelled and measured energy of every operation of a net");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  const auto add = [&](const char* name, auto& value, const std::string& help) {
    return add_option(*command, name, value, help);
  };
  add("--model,model", o->model,
      "Net by name or as data (F.json), folder of a run, a model.safetensors, or an ONNX file: "
      "standard normal images, unless --data says which")
      ->required()
      ->type_name("NAME|DIR|FILE");
  add("--data", o->data, "Data set (default: the one that the net was trained on)");
  add("--input", o->input,
      "Without --data: standard normal images of this height, width and channels")
      ->type_name("HxWxC");
  add("--classes", o->classes, "Classes of an untrained net");
  add_normalization(*command, o->normalization);
  command->add_flag("--train", o->train, "Training steps (SGD) instead of forward passes");
  add("--batch", o->batch, "Images of one step")->capture_default_str();
  add("--steps", o->steps,
      "Steps in the window; with --windows: calls of each layer, then two and three times as many")
      ->capture_default_str();
  add("--warmup", o->warmup, "Steps before the window")->capture_default_str();
  add("--meter", o->meter,
      str(kMeterChoices, ". The energy of the device that runs the operations is shared out"))
      ->capture_default_str();
  add_sysfs(*command, o->sysfs);
  add("--idle", o->idle_seconds, "Seconds to measure the idle power, before and after; 0: do not")
      ->capture_default_str();
  add("--idle-power", o->idle_watts, "Idle power in watts, instead of measuring it");
  add("--attribute", o->rule,
      "How measured energy is shared out: regression, time, model; auto: by regression, layer by "
      "layer, if what was measured suffices for it, or else by time; with --no-times by model")
      ->capture_default_str();
  command->add_flag("--verify", o->verify,
                    "Loop every operation by itself, too, after pauses, and compare what it takes "
                    "with what was attributed to it");
  add("--pause-to", o->pause_watts,
      "With --verify: watts that a pause has to come down to; unless given, 5 % above idle");
  Option* const cost_model =
      add("--cost-model", o->cost,
          "Constants of the modelled energy: a name that joule energy --cost-models shows, or a "
          "file")
          ->capture_default_str()
          ->type_name("NAME|FILE");
  add_old_name(*command, "--profile", cost_model, o->cost);
  add("--mac-picojoules", o->mac_picojoules,
      "Energy of a MAC in picojoules, for the relative cost model");
  add("--by", o->by,
      "What each line of the table is: line (of the ledger), layer, phase, op, implementation")
      ->capture_default_str();
  add("--seed", o->seed, "Seed of untrained weights and normal images")->capture_default_str();
  add_reports(*command, *o);
  o->execution.add_to(*command);
  command->callback([o, &run] { run = [o] { return Profiling(*o).run(); }; });
}

}  // namespace joule::cli

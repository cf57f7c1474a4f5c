// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/config_options.h"
#include "joule/cli/options/option.h"
#include "joule/cli/output/run_report.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/progress.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/energy/models/cost_model.h"
#include "joule/io/atomic_file.h"
#include "joule/io/input_file.h"
#include "joule/io/json_dump.h"
#include "joule/report/compare/outputs.h"
#include "joule/report/text_layout.h"
#include "joule/training/run/run.h"
#include "joule/training/run/summary_json.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;
using training::Existing;
using training::RunResult;

constexpr const char* kExamples = R"(Example:
  joule demo
      trains small-cnn on Fashion-MNIST twice, without and with the L0 penalty
      on the outputs of the ReLUs, and shows what the penalty changes

Writes DIR/standard, DIR/l0 (as joule train does), DIR/summary.json and
DIR/compare.html (as joule compare does). A finished demo that is there is
replaced; anything else is not, but for --resume and --overwrite.)";

struct Options {
  std::string out = "runs/demo";
  // Of the net with the penalty; the other one has none.  Nothing is chosen: both nets learn from
  // every image, and the last epochs are compared.
  training::Config config{
      .validation = 0, .epochs = 2, .lr = 0.1, .l0_lambda = 0.5, .l0_warmup = 0.5};
  bool resume = false, overwrite = false;
};

void remove_file(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw DataError(str(path, ": cannot be removed: ", error.message()));
}

constexpr const char* kNets[] = {"standard", "l0"};

std::string summary_of(const std::string& folder) { return folder + "/summary.json"; }
std::string page_of(const std::string& folder) { return folder + "/compare.html"; }

/// The page of both runs.
void write_page(const std::string& folder) {
  std::vector<std::string> runs;
  for (const char* net : kNets) runs.push_back(folder + "/" + net);
  write_file_atomically(page_of(folder), to_html(report::compare(report::read_runs(runs))));
}

/// Whether it is the summary of a demo, and not another file of that name.
bool is_demo_summary(const std::string& path) {
  const ordered_json json = ordered_json::parse(read_file(path), nullptr, false);
  return json.is_object() && json.contains("difference") &&
         std::ranges::all_of(kNets, [&](const char* net) { return json.contains(net); });
}

/// What to do with what is in the folder.
///
/// Errors    ArgumentError if it is not the demo's.
Existing existing(const Options& options) {
  if (options.overwrite) return Existing::overwrite;
  const std::string summary = summary_of(options.out);
  std::error_code ignored;  // what cannot be seen cannot be written either
  const bool there = std::filesystem::exists(summary, ignored);
  require(!there || is_demo_summary(summary), summary,
          ": is not the summary of a demo; --overwrite replaces it");
  if (options.resume) return Existing::resume;
  return there ? Existing::overwrite : Existing::refuse;
}

/// A line of the table: what it is, the value for either net, and how the second differs.  With
/// nothing but `what` a heading.
struct Line {
  std::string what, standard{}, l0{}, difference{};
};

std::string percent(double from, double to) {
  return from > 0 ? fmt::format("{:+.1f} %", 100 * (to / from - 1)) : "";
}

Line counted(const std::string& what, double standard, double l0, double unit, const char* suffix) {
  return {what, fmt::format("{:.3f} {}", standard / unit, suffix),
          fmt::format("{:.3f} {}", l0 / unit, suffix), percent(standard, l0)};
}

double per_image(std::int64_t count, const RunResult& run) {
  return static_cast<double>(count) / static_cast<double>(run.evaluation.images);
}

/// Of 1000 images.
energy::Joules modelled(const energy::CostModel& model, const RunResult& run,
                        energy::Skipping skipping) {
  const energy::Totals work = total_work(run.evaluation);
  return model.energy(work, skipping).value() *
         (1000.0 / static_cast<double>(run.evaluation.images));
}

std::vector<Line> compare(const RunResult& standard, const RunResult& l0) {
  const double accuracy = 100 * standard.evaluation.accuracy();
  const double l0_accuracy = 100 * l0.evaluation.accuracy();
  std::vector<Line> lines{{"test accuracy", fmt::format("{:.2f} %", accuracy),
                           fmt::format("{:.2f} %", l0_accuracy),
                           fmt::format("{:+.2f} points", l0_accuracy - accuracy)}};
  for (std::size_t i = 0; i < standard.evaluation.relus.size(); ++i) {
    const double a = standard.evaluation.relus[i].density();
    const double b = l0.evaluation.relus[i].density();
    lines.push_back({"density of " + standard.evaluation.relus[i].layer, fmt::format("{:.3f}", a),
                     fmt::format("{:.3f}", b), percent(a, b)});
  }
  const auto both = [&](const std::string& what, double unit, const char* suffix, auto&& value) {
    lines.push_back(counted(what, value(standard), value(l0), unit, suffix));
  };
  both("non-zero activations per image", 1e3, "k",
       [](const RunResult& run) { return per_image(all_relus(run.evaluation).nonzeros, run); });
  both("MACs per image", 1e6, "M",
       [](const RunResult& run) { return per_image(total_work(run.evaluation).work.macs, run); });
  both("  that had a zero operand", 1e6, "M", [](const RunResult& run) {
    return per_image(total_work(run.evaluation).tally.macs_skippable, run);
  });
  both("  that were skipped", 1e6, "M", [](const RunResult& run) {
    return per_image(total_work(run.evaluation).tally.macs_skipped, run);
  });
  lines.push_back({"modelled energy per 1000 images"});
  for (const energy::CostModel& model : energy::built_in_cost_models()) {
    for (const auto& [skipping, what] :
         {std::pair(energy::Skipping::executed, "as executed"),
          std::pair(energy::Skipping::ideal, "no zero moved or multiplied")}) {
      both(fmt::format("  {}, {}", model.name, what), 1, "J",
           [&, skipping = skipping](const RunResult& run) {
             return modelled(model, run, skipping).value();
           });
    }
  }
  return lines;
}

void print_table(const std::vector<Line>& lines) {
  report::TextTable table{.head = {"", "standard", "L0 penalty", "difference"}, .rule = true};
  for (const Line& line : lines) {
    table.rows.push_back({line.what, line.standard, line.l0, line.difference});
  }
  fmt::print("{}", text_of(table, columns_of(STDOUT_FILENO)));
}

/// What the table cannot say.
void print_notes(const RunResult& standard, const RunResult& l0) {
  std::string profiles;
  for (const energy::CostModel& model : energy::built_in_cost_models()) {
    profiles += (profiles.empty() ? "" : ", ") + model.name;
  }
  fmt::print(
      "Modelled: counted work times the constants of a named profile ({}; docs/energy.md).\n"
      "No joule of it was measured.\n",
      profiles);
  const auto skipped = [](const RunResult& run) {
    return total_work(run.evaluation).tally.macs_skipped;
  };
  if (skipped(standard) == 0 && skipped(l0) == 0) {
    fmt::print(
        "No MAC with a zero operand was skipped here (implementations that skip may be pinned "
        "off): skippable is not skipped.\n");
  }
}

std::string summary_json(const RunResult& standard, const RunResult& l0) {
  const auto change = [](double from, double to) {
    return from > 0 ? ordered_json(to / from - 1) : ordered_json();
  };
  const auto nonzeros = [](const RunResult& run) {
    return static_cast<double>(all_relus(run.evaluation).nonzeros);
  };
  ordered_json energy;
  for (const energy::CostModel& model : energy::built_in_cost_models()) {
    const auto joules = [&](const RunResult& run, energy::Skipping skipping) {
      return modelled(model, run, skipping).value();
    };
    using energy::Skipping;
    energy[model.name] = {
        {"ideal", change(joules(standard, Skipping::ideal), joules(l0, Skipping::ideal))},
        {"executed", change(joules(standard, Skipping::executed), joules(l0, Skipping::executed))}};
  }
  const ordered_json json{
      {"standard", json_of(standard)},
      {"l0", json_of(l0)},
      {"difference",
       {{"test_accuracy", l0.evaluation.accuracy() - standard.evaluation.accuracy()},
        {"relu_outputs_nonzero", change(nonzeros(standard), nonzeros(l0))},
        {"modelled_energy", energy}}}};
  return dumped(json, 2) + "\n";
}

int demo(const Options& options) {
  const Existing existing = cli::existing(options);
  for (const char* name : kNets) training::check_folder(options.out + "/" + name, existing);
  const Interrupt interrupt;
  std::vector<RunResult> results;
  for (const char* name : kNets) {
    training::Config config = options.config;
    if (name == std::string("standard")) config.l0_lambda = config.l0_warmup = 0;
    ProgressBar progress(config.epochs, fmt::format("{:<8}", name));
    training::Hooks hooks = progress.hooks();
    hooks.stop = [&] { return interrupt.requested(); };
    // The demo before is gone with the first step of this one.
    hooks.on_progress = [&, show = hooks.on_progress](const training::Progress& p) {
      if (p.batch == 1) {
        remove_file(summary_of(options.out));
        remove_file(page_of(options.out));
      }
      show(p);
    };
    const std::string folder = options.out + "/" + name;
    RunReport report(folder, config, {});
    auto result = run_in_folder(folder, config, existing, hooks, {}, report.on_checkpoint());
    if (!result) {
      progress.clear();
      fmt::print(stderr, "joule: interrupted; joule demo --resume goes on from there\n");
      return kInterrupted;
    }
    report.finish(*result);
    results.push_back(std::move(*result));
  }
  write_file_atomically(summary_of(options.out), summary_json(results[0], results[1]));
  write_page(options.out);
  fmt::print("\n");
  print_table(compare(results[0], results[1]));
  print_notes(results[0], results[1]);
  fmt::print("{}: both runs over the epochs, beside each other\n", page_of(options.out));
  return 0;
}

}  // namespace

void add_demo(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("demo", "Train one net with and without the L0 penalty, and compare");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  add_option(*command, "--out", options->out, "Folder to write")
      ->capture_default_str()
      ->type_name("DIR");
  ConfigOptions fields(*command, options->config);
  for (const char* name : {"model", "data"}) fields.add(name);
  fields.add("limit", "Use only the first N training and the first N test images; 0: all");
  fields.add("epochs");
  fields.add("lr", "Largest learning rate of the one-cycle schedule");
  fields.add("l0_lambda", "Weight of the L0 penalty of the second net");
  for (const char* name :
       {"l0_sigma", "l0_cutoff", "l0_warmup", "seed", "threads", "deterministic"}) {
    fields.add(name);
  }
  auto* const resume = command->add_flag("--resume", options->resume, "Resume an interrupted demo");
  command->add_flag("--overwrite", options->overwrite, "Replace the files of runs that are in DIR")
      ->excludes(resume);
  command->callback([options, &run] { run = [options] { return demo(*options); }; });
}

}  // namespace joule::cli

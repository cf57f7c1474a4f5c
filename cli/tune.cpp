// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "bench/conv_problem.h"
#include "cli/candidate.h"
#include "cli/commands.h"
#include "cli/image_size.h"
#include "cli/interrupt.h"
#include "core/random.h"
#include "core/threads.h"
#include "data/atomic_file.h"
#include "data/tuning_file.h"
#include "kernels/this_machine.h"
#include "training/config.h"
#include "training/evaluate.h"
#include "training/inference.h"
#include "training/model_file.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  joule tune --model resnet18 --input 32x32x3
      what joule eval and predict run: batches of 16 images
  joule tune --model runs/first --train --batch 128 --threads 2
      of the net of a run also the forward and backward pass of training
  joule tune --shapes 64x128x56,128x128x28:3x3/2 --train
      convolutions by their sizes, as joule bench conv takes them

Times every implementation of the convolutions and linear layers that the net runs (or of the
shapes) and writes the table from which every later joule command chooses.  The choice depends on the table,
never on a time measured during the run.  It holds for these sizes, batch and number of threads
only.)";

struct Options {
  std::string model = "small-cnn", input = "28x28x1", shapes, out;
  std::int64_t classes = 10;
  std::vector<std::int64_t> batches;
  std::vector<double> densities{0.05, 0.15, 0.3, 0.5, 0.75};
  int threads = 0, rounds = 7;
  std::string precision = "f32";
  bool train = false, json = false;
};

void check(const Options& options) {
  training::check({.threads = options.threads, .precision = options.precision});
  require(options.rounds >= 1 && options.rounds <= 1000, "rounds: expected 1 to 1000, got ",
          options.rounds);
  for (const std::int64_t batch : options.batches) {
    require(batch >= 1, "batch: expected at least 1, got ", batch);
  }
  if (!options.shapes.empty()) bench::parse_conv_problems(options.shapes, 1);
  double last = 0;
  for (const double density : options.densities) {
    require(density > last && density < 1, "densities: must ascend between 0 and 1, got ", density,
            " after ", last);
    last = density;
  }
}

struct Net {
  ModelSpec spec;
  nn::Sequential net;
};

Net open_net(const Options& options) {
  if (!std::ranges::count(model_names(), options.model)) {
    std::error_code error;
    require(std::filesystem::exists(options.model, error), "model: '", options.model,
            "' is neither a net nor a folder or file");
    training::Model model = training::load_model(options.model);
    return {std::move(model.spec), std::move(model.net)};
  }
  const auto [image, channels] = parse_input(options.input);
  const ModelSpec spec{
      .name = options.model, .image = image, .channels = channels, .classes = options.classes};
  return {spec, make_model(spec)};
}

/// A batch of noise through the net: what is timed does not depend on what the images show.
void run_net(Net& net, std::int64_t batch, bool train) {
  const ModelSpec& spec = net.spec;
  const Tensor images({batch, spec.image.h, spec.image.w, spec.channels});
  Generator(1).uniform({images.mutable_data<float>(), static_cast<std::size_t>(images.numel())},
                       -1.0f, 1.0f);
  if (!train) {
    const training::Inference inference(net.net);
    net.net(images);
    return;
  }
  net.net.train();
  cross_entropy(net.net(images), Tensor::zeros({batch}, DType::i32)).backward();
  net.net.zero_grad();
}

/// A convolution as nets run it: alone and with the ReLU behind it; trained also the gradients,
/// that of the input also where a ReLU before it needs only a part.
void run_convolution(const bench::ConvProblem& p, bool train) {
  const ContextGuard guard;
  context().scope.layer = p.name;
  const Size2 out = conv_output_size({p.x[1], p.x[2]}, {p.weight[1], p.weight[2]}, p.params);
  const Tensor x = Tensor::zeros(p.x), weight = Tensor::zeros(p.weight);
  const Tensor y = Tensor::zeros({p.x[0], out.h, out.w, p.weight[0]});
  for (const bool relu : {false, true}) {
    dispatch(Conv2d{.x = x, .weight = weight, .y = y, .params = p.params, .relu = relu});
  }
  if (!train) return;
  const Tensor grad_x(p.x), grad_weight(p.weight);
  dispatch(Conv2dGradWeight{.x = x, .grad_y = y, .grad_weight = grad_weight, .params = p.params});
  for (const Tensor& wanted : {Tensor(), x}) {
    dispatch(Conv2dGradInput{
        .grad_y = y, .weight = weight, .grad_x = grad_x, .wanted = wanted, .params = p.params});
  }
}

/// The two choices where one operand has zeros.
struct Point {
  std::string operand;  // empty: no operand has zeros
  double density;
  std::string measured, statically;
  std::optional<double> gain;  // the static choice's time over that of the measured one
};

struct Result {
  std::string layer;
  TuningEntry entry;
  std::vector<std::string> operands;
  std::vector<Point> points;
  double disturbance;  // see Candidate
};

/// From here on the times of a quiet machine are likely to be others.
constexpr double kDisturbed = 1.25;

const MeasuredRow& choice(const TuningEntry& entry, const TuningDensities& densities) {
  return *entry.choose(densities, [](std::string_view) { return true; });
}

TuningDensities at(std::size_t operand, double density) {
  TuningDensities densities;
  densities.fill(1);
  densities[operand] = density;
  return densities;
}

Result evaluate(Candidate& candidate, const std::vector<std::string>& static_choices) {
  Result result{
      .layer = candidate.layer, .entry = candidate.entry, .disturbance = candidate.disturbance};
  const TuningEntry& entry = result.entry;
  auto statically = static_choices.begin();
  const auto add = [&](const std::string& operand, std::size_t k, double density) {
    const MeasuredRow& best = choice(entry, at(k, density));
    const auto row = std::ranges::find(entry.rows, *statically, &MeasuredRow::name);
    std::optional<double> gain;  // the reference is not timed
    if (row != entry.rows.end()) {
      gain = entry.milliseconds(*row, at(k, density)) / entry.milliseconds(best, at(k, density));
    }
    result.points.push_back({operand, density, best.name, *statically++, gain});
  };
  add("", 0, 1);
  for (std::size_t k = 0; k < candidate.sparse.size(); ++k) {
    result.operands.push_back(candidate.sparse[k].name);
    for (const double density : entry.densities) add(candidate.sparse[k].name, k, density);
  }
  return result;
}

/// Below this density of one operand `below` is chosen, above it `above`.
struct Crossover {
  std::string operand;
  double density;
  std::string below, above;
};

std::vector<Crossover> crossovers(const Result& result) {
  constexpr int kSteps = 1000;
  std::vector<Crossover> found;
  for (std::size_t k = 0; k < result.operands.size(); ++k) {
    const MeasuredRow* below = &choice(result.entry, at(k, 0));
    for (int step = 1; step <= kSteps; ++step) {
      const double density = static_cast<double>(step) / kSteps;
      const MeasuredRow* const now = &choice(result.entry, at(k, density));
      if (now != below) found.push_back({result.operands[k], density, below->name, now->name});
      below = now;
    }
  }
  return found;
}

void print(const Result& result) {
  const TuningEntry& entry = result.entry;
  fmt::print("{} {}, {}\n  {:<14}", result.layer, entry.op,
             entry.threads == 1 ? "1 thread" : str(entry.threads, " threads"), "density");
  for (const MeasuredRow& row : entry.rows) fmt::print(" {:>20}", row.name);
  fmt::print("  measured choice (static choice, gain)\n");
  for (const Point& point : result.points) {
    const auto k = static_cast<std::size_t>(std::ranges::find(result.operands, point.operand) -
                                            result.operands.begin());
    const auto densities = at(point.operand.empty() ? 0 : k, point.density);
    fmt::print("  {:<14}", point.operand.empty()
                               ? "no zeros"
                               : fmt::format("{} {:g}", point.operand, point.density));
    for (const MeasuredRow& row : entry.rows) {
      fmt::print(" {:>17.4f} ms", entry.milliseconds(row, densities));
    }
    fmt::print("  {}", point.measured);
    if (point.measured != point.statically) {
      fmt::print(" ({}, {})", point.statically,
                 point.gain ? fmt::format("{:.2f}x", *point.gain) : "not timed");
    }
    fmt::print("\n");
  }
  if (result.disturbance > kDisturbed) {
    fmt::print("  the machine was busy: half of the rounds of a row took {:.1f} times its least\n",
               result.disturbance);
  }
  for (const Crossover& c : crossovers(result)) {
    fmt::print("  {} below {} {:.3f}, above it {}\n", c.below, c.operand, c.density, c.above);
  }
  fmt::print("\n");
  std::fflush(stdout);
}

ordered_json to_json(const Result& result) {
  const TuningEntry& entry = result.entry;
  ordered_json rows = ordered_json::array(), points = rows, crossing = rows;
  for (const MeasuredRow& row : entry.rows) {
    rows.push_back({{"name", row.name}, {"dense_ms", row.dense_ms}, {"sparse_ms", row.sparse_ms}});
  }
  for (const Point& p : result.points) {
    points.push_back({{"operand", p.operand.empty() ? ordered_json() : ordered_json(p.operand)},
                      {"density", p.density},
                      {"choice", p.measured},
                      {"static_choice", p.statically},
                      {"gain", p.gain ? ordered_json(*p.gain) : ordered_json()}});
  }
  for (const Crossover& c : crossovers(result)) {
    crossing.push_back(
        {{"operand", c.operand}, {"density", c.density}, {"below", c.below}, {"above", c.above}});
  }
  return {{"layer", result.layer},
          {"op", entry.op},
          {"device", name(entry.device)},
          {"threads", entry.threads},
          {"sizes", entry.sizes},
          {"operands", result.operands},
          {"densities", entry.densities},
          {"rows", rows},
          {"disturbance", result.disturbance},
          {"points", points},
          {"crossovers", crossing}};
}

/// The batches to run, each with whether to train.
std::vector<std::pair<std::int64_t, bool>> passes(const Options& options) {
  std::vector<std::pair<std::int64_t, bool>> all;
  for (const bool train : {false, true}) {
    if (train && !options.train) continue;
    if (options.batches.empty()) {
      all.emplace_back(train ? training::Config{}.batch
                             : training::slice_for(Device::cpu, training::EvaluateOptions{}.batch),
                       train);
    }
    for (const std::int64_t batch : options.batches) all.emplace_back(batch, train);
  }
  return all;
}

/// Times whatever the net runs, or the convolutions, until somebody asks to stop.
std::vector<Result> measure_all(const Options& options, const Interrupt& interrupt) {
  std::optional<Net> net;
  if (options.shapes.empty()) net = open_net(options);
  std::vector<Result> results;
  for (const auto& [batch, train] : passes(options)) {
    auto candidates = collect_candidates(train, [&, batch = batch, train = train] {
      if (net) return run_net(*net, batch, train);
      for (const auto& problem : bench::parse_conv_problems(options.shapes, batch)) {
        run_convolution(problem, train);
      }
    });
    for (Candidate& candidate : candidates) {
      if (interrupt.requested()) return results;
      const bool known = std::ranges::any_of(results, [&](const Result& result) {
        return result.entry.op == candidate.entry.op && result.entry.sizes == candidate.entry.sizes;
      });
      if (known) continue;
      std::vector<std::string> static_choices;
      measure(candidate, options.densities, options.rounds, static_choices);
      results.push_back(evaluate(candidate, static_choices));
      if (!options.json) print(results.back());
    }
  }
  return results;
}

/// Opened before anything is measured: nobody should wait for minutes to learn that the table
/// cannot be written.
std::unique_ptr<AtomicFile> open_table(const std::string& path) {
  require(!path.empty(),
          "tune: JOULE_TUNING is off, or neither XDG_CACHE_HOME nor HOME is set; "
          "name a file with --out");
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw DataError(str(path, ": cannot be written: ", error.message()));
  }
  return std::make_unique<AtomicFile>(path);
}

int tune(const Options& options) {
  check(options);
  if (options.threads > 0) set_num_threads(options.threads);
  context().precision = training::precision({.precision = options.precision});
  set_tuning_table(nullptr);  // it is the static choice that the measured one is compared with
  const std::string path = options.out.empty() ? tuning_path() : options.out;
  const auto file = open_table(path);
  const Interrupt interrupt;
  const std::vector<Result> results = measure_all(options, interrupt);
  std::vector<TuningEntry> entries;
  ordered_json list = ordered_json::array();
  std::size_t points = 0, changed = 0;
  for (const Result& result : results) {
    entries.push_back(result.entry);
    list.push_back(to_json(result));
    points += result.points.size();
    changed += static_cast<std::size_t>(std::ranges::count_if(
        result.points, [](const Point& p) { return p.measured != p.statically; }));
  }
  const TuningMachine machine = this_machine();
  const std::string merged = merge_tuning(path, machine, entries);
  file->write(merged.data(), merged.size());
  file->commit();
  if (options.json) {
    const ordered_json report{{"version", 1},
                              {"path", path},
                              {"cpu", machine.cpu},
                              {"simd", machine.simd},
                              {"joule", machine.joule},
                              {"onednn", machine.onednn},
                              {"rounds", options.rounds},
                              {"operations", list}};
    fmt::print("{}\n", report.dump(2));
  } else {
    fmt::print("{}: {} operations; of {} choices {} differ from the static ones\n", path,
               entries.size(), points, changed);
  }
  return interrupt.requested() ? kInterrupted : 0;
}

}  // namespace

void add_tune(CLI::App& app, Run& run) {
  CLI::App* const command =
      app.add_subcommand("tune", "Measure which implementations are the fastest on this machine");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  auto* const model =
      command
          ->add_option("--model", o->model, "Net, or the folder of a run, or a model.safetensors")
          ->capture_default_str()
          ->type_name("NAME|DIR|FILE");
  command->add_option("--input", o->input, "Height, width, channels, of a net by its name")
      ->capture_default_str()
      ->type_name("HxWxC");
  command->add_option("--classes", o->classes, "Classes, of a net by its name")
      ->capture_default_str();
  command->add_option("--shapes", o->shapes, "Convolutions INxOUTxSIZE[:KxK[/STRIDE]], by commas")
      ->excludes(model);
  command
      ->add_option("--batch", o->batches,
                   "Images at once, several by commas [16, and 128 for --train]")
      ->delimiter(',');
  command->add_flag("--train", o->train, "Also what a training step runs");
  command->add_option("--densities", o->densities, "Shares of non-zeros to measure at, by commas")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--rounds", o->rounds, "Rounds, of which the shortest counts")
      ->capture_default_str();
  command->add_option("--threads", o->threads, "Threads of the kernels; 0: one per core");
  command
      ->add_option("--precision", o->precision,
                   "bf16: also the rows that round weights, which only --precision bf16 runs later")
      ->capture_default_str();
  command->add_option("--out", o->out, "The table [that which joule info shows]");
  command->add_flag("--json", o->json, "Print JSON");
  command->callback([o, &run] { run = [o] { return tune(*o); }; });
}

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include "joule/bench/steps/steps_bench.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "joule/bench/child_process.h"
#include "joule/core/context.h"
#include "joule/core/random.h"
#include "joule/core/threads.h"
#include "joule/io/json_text.h"
#include "joule/measure/open_net.h"
#include "joule/training/config.h"

namespace joule::bench {
namespace {

using Command = std::vector<std::string>;

constexpr const char* kJoule = "joule";
constexpr const char* kDense = "joule, dense";
constexpr const char* kTorch = "PyTorch";
constexpr const char* kCompiled = "PyTorch, compiled";
/// The nets that its program has.
constexpr std::string_view kTorchNets[] = {"resnet18", "simple-cnn", "small-cnn", "vgg16"};

/// A layout or a number of images that a side may choose.
struct Way {
  std::string name;
  Command arguments;
};

/// What a process printed.
struct Outcome {
  double images_per_second = 0, best = 0;
  std::int64_t peak_bytes = 0;
  std::string library{};
  std::optional<SideResult> counted{};
};

struct Side {
  std::string name;
  Command command;
  std::vector<Way> ways;
  std::int64_t parameters = 0;  // of PyTorch's net, or it is another net; 0: a side of Joule
  std::vector<Outcome> rounds{};
  std::string lost{};  // why it is left out after all
};

Outcome outcome_of(const Side& side, const Way& way, const std::function<bool()>& stop) {
  Command command = side.command;
  command.insert(command.end(), way.arguments.begin(), way.arguments.end());
  const std::string line = output_of(command, stop);
  if (side.parameters == 0) {
    const SideResult r = side_from_json(line);
    return {r.images_per_second, r.images_per_second_best, r.peak_bytes, {}, r};
  }
  if (const std::string fault = fault_of_json(line); !fault.empty()) {
    throw std::runtime_error(
        str(side.command[0], " printed '", line, "', expected its JSON: ", fault));
  }
  try {
    const auto j = nlohmann::json::parse(line);
    const std::int64_t parameters = j.at("parameters");
    if (parameters != side.parameters) {
      throw std::runtime_error(str(side.command[0], ": its net has ", parameters,
                                   " parameters, Joule's has ", side.parameters));
    }
    return {j.at("images_per_second"), j.at("images_per_second_best"), j.at("peak_bytes"),
            j.at("library")};
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(
        str(side.command[0], " printed '", line, "', expected its JSON: ", error.what()));
  }
}

/// The order of preference decides between ways that are equally quick.
Way quickest_way(const Side& side, const std::function<bool()>& stop) {
  if (side.ways.size() == 1) return side.ways[0];
  std::vector<double> best;
  for (const Way& way : side.ways) best.push_back(outcome_of(side, way, stop).best);
  return side
      .ways[static_cast<std::size_t>(std::max_element(best.begin(), best.end()) - best.begin())];
}

/// So few images at once that what one layer writes is still in the cache when the next reads it,
/// or all of them.
std::vector<Way> slices(std::int64_t batch, const Way& base) {
  std::vector<Way> ways;
  for (const std::int64_t slice : std::set{std::int64_t{16}, std::int64_t{64}, batch}) {
    if (slice > batch) break;
    Way way{str(base.name, base.name.empty() ? "" : ", ", "slices of ", slice), base.arguments};
    way.arguments.insert(way.arguments.end(), {"--slice", std::to_string(slice)});
    ways.push_back(std::move(way));
  }
  return ways;
}

class Measurement {
 public:
  Measurement(const StepsOptions& options, const NetChoice& choice, Generator& generator)
      : options_(options), choice_(choice), generator_(generator) {
    describe();
    add_joule();
    add_torch();
  }

  /// `on_result` is called with what is known after each process of a round.
  NetReport run(const StepsProgress& progress,
                const std::function<void(const NetReport&)>& on_result) {
    std::vector<Way> chosen;
    for (Side& side : sides_) {
      tell(progress, str(side.name, ": finding its best way"));
      chosen.emplace_back();
      unless_lost(side, [&] { chosen.back() = quickest_way(side, progress.stop); });
    }
    for (int round = 0; round < options_.rounds; ++round) {
      tell(progress, str("round ", round + 1, " of ", options_.rounds));
      for (const auto i : generator_.permutation(std::ssize(sides_))) {
        const auto at = static_cast<std::size_t>(i);
        Side& side = sides_[at];
        unless_lost(side,
                    [&] { side.rounds.push_back(outcome_of(side, chosen[at], progress.stop)); });
        on_result(known(chosen));
      }
    }
    return known(chosen);
  }

 private:
  /// A peer that fails is left out, and the report says why; a side of Joule must not fail.
  template <class Body>
  static void unless_lost(Side& side, Body&& body) {
    if (!side.lost.empty()) return;
    try {
      body();
    } catch (const Stopped&) {
      throw;
    } catch (const std::runtime_error& error) {
      if (side.parameters == 0) throw;
      side.lost = error.what();
    }
  }

  /// The sides that have run.
  NetReport known(const std::vector<Way>& chosen) const {
    NetReport net = report_;
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      if (!sides_[i].lost.empty()) {
        net.omitted.push_back({sides_[i].name, sides_[i].lost});
      } else if (!sides_[i].rounds.empty()) {
        net.sides.push_back(report(i, chosen[i]));
      }
    }
    return net;
  }

  void tell(const StepsProgress& progress, const std::string& what) const {
    if (progress.on_start) {
      progress.on_start(str(report_.spec.name, " (", report_.weights, "): ", what));
    }
  }

  void describe() {
    report_.data = options_.data;
    if (choice_.weights.empty()) {
      report_.weights = "fresh";
      report_.spec = usual_spec(choice_.model);
      if (report_.data.empty()) report_.data = kRandomImages;
      if (report_.data != kRandomImages) {
        const Dataset images = check_batch(load_dataset(report_.data));
        report_.spec.image = {images.shape[1], images.shape[2]};
        report_.spec.channels = images.shape[3];
        report_.spec.classes = images.classes();
      }
      // An unknown name, or an image that does not fit, is found out here.
      parameters_ = make_model(report_.spec).parameter_count();
    } else {
      const training::Model model = measure::open_model(choice_.weights);
      report_.weights = choice_.weights;
      report_.spec = model.spec;
      parameters_ = model.net.parameter_count();
      if (report_.data.empty()) report_.data = model.data.empty() ? kRandomImages : model.data;
      if (report_.data != kRandomImages) {
        measure::require_normalization(model);
        check_batch(model.load_data(report_.data));
      }
    }
  }

  /// The half that is measured.
  Dataset check_batch(const DataSplit& split) const {
    const Dataset& images = options_.train ? split.train : split.test;
    require(options_.batch <= images.size(), "--batch: ", images.name, " has ", images.size(),
            " images, got ", options_.batch);
    return images;
  }

  Command common() const {
    return {
        "--mode",  options_.train ? "train" : "infer", "--batch",   std::to_string(options_.batch),
        "--steps", std::to_string(options_.steps),     "--threads", std::to_string(num_threads())};
  }

  void add_joule() {
    Command command{options_.program, "bench", "side", "--data", report_.data};
    if (choice_.weights.empty()) {
      command.insert(command.end(), {"--model", choice_.model});
    } else {
      command.insert(command.end(), {"--weights", choice_.weights});
    }
    for (const std::string& argument : common()) command.push_back(argument);
    command.insert(command.end(), {"--device", options_.device, "--precision", options_.precision,
                                   "--algorithms", options_.algorithms});
    if (context().deterministic) command.push_back("--deterministic");
    if (!context().fold_batch_norm) command.push_back("--separate-norms");
    std::vector<Way> ways{{}};
    if (options_.train && on_cuda()) {
      ways.push_back({"", {"--no-graph"}});
    } else if (!options_.train && !on_cuda()) {
      ways = slices(options_.batch, {});
    }
    sides_.push_back({kJoule, command, ways});
    command.push_back("--dense");
    sides_.push_back({kDense, std::move(command), ways});
  }

  bool on_cuda() const { return options_.device == "cuda"; }

  std::string how_to_install() const {
    if (on_cuda()) return "PyTorch with CUDA, and --torch-peer benchmarks/torch_peer.py";
    return "benchmarks/peers.sh BUILD, with the folder of this build, installs PyTorch for it";
  }

  void add_torch() {
    const std::string& peer = options_.torch_peer;
    if (!std::filesystem::exists(peer)) {
      report_.omitted.push_back(
          {kTorch, str("not installed (there is no ", peer, "): ", how_to_install())});
      return;
    }
    const ModelSpec& spec = report_.spec;
    if (std::ranges::find(kTorchNets, spec.name) == std::end(kTorchNets)) {
      report_.omitted.push_back({kTorch, str("its program has no ", spec.name)});
      return;
    }
    Command command{peer,
                    "--model",
                    spec.name,
                    "--height",
                    str(spec.image.h),
                    "--width",
                    str(spec.image.w),
                    "--channels",
                    str(spec.channels),
                    "--classes",
                    str(spec.classes)};
    for (const std::string& argument : common()) command.push_back(argument);
    command.insert(command.end(), {"--device", options_.device});
    std::vector<Way> ways{{}};
    if (on_cuda()) {
      command.insert(command.end(), {"--precision", options_.precision});
    } else {  // in f32, whatever Joule's weights are stored as
      ways.clear();
      for (const char* format : {"channels-last", "contiguous"}) {
        const Way layout{format, {"--format", format}};
        const auto sliced = options_.train ? std::vector{layout} : slices(options_.batch, layout);
        ways.insert(ways.end(), sliced.begin(), sliced.end());
      }
    }
    sides_.push_back({kTorch, command, std::move(ways), parameters_});
    command.push_back("--compile");
    sides_.push_back({kCompiled, std::move(command), {{}}, parameters_});
  }

  std::optional<Spread> over(const Side& side, const char* other) const {
    const auto found = std::ranges::find(sides_, other, &Side::name);
    if (found == sides_.end() || !found->lost.empty()) return std::nullopt;
    // Of the rounds that both have had.
    const std::size_t rounds = std::min(side.rounds.size(), found->rounds.size());
    if (rounds == 0) return std::nullopt;
    const auto rates = [rounds](const Side& s) {
      std::vector<double> all;
      for (std::size_t i = 0; i < rounds; ++i) all.push_back(s.rounds[i].images_per_second);
      return all;
    };
    return spread(ratios(rates(side), rates(*found)));
  }

  SideReport report(std::size_t i, const Way& way) const {
    const Side& side = sides_[i];
    std::vector<double> rates;
    SideReport report{.name = side.name, .way = way.name};
    for (const Outcome& o : side.rounds) {
      rates.push_back(o.images_per_second);
      report.peak_bytes = std::max(report.peak_bytes, o.peak_bytes);
    }
    report.images_per_second = spread(rates);
    report.over_pytorch = over(side, kTorch);
    report.over_dense = over(side, kDense);
    report.library = side.rounds.back().library;
    report.counted = side.rounds.back().counted;
    if (report.counted && report.way.empty()) report.way = report.counted->launched;
    return report;
  }

  const StepsOptions& options_;
  const NetChoice& choice_;
  Generator& generator_;
  NetReport report_;
  std::int64_t parameters_ = 0;
  std::vector<Side> sides_;
};

}  // namespace

StepsReport bench_steps(const StepsOptions& o, const StepsProgress& progress) {
  require(!o.nets.empty(), "bench: there is no net to measure");
  training::require_count("--batch", o.batch, training::kMaxBatch);
  training::require_count("--steps", o.steps, training::kMaxSteps);
  require(o.rounds >= 1, "--rounds: expected at least 1, got ", o.rounds);
  StepsReport report{.environment = environment(),
                     .train = o.train,
                     .device = o.device,
                     .precision = o.precision,
                     .algorithms = o.algorithms,
                     .batch = o.batch,
                     .steps = o.steps,
                     .rounds = o.rounds};
  Generator generator(o.seed);
  std::vector<Measurement> measurements;  // every net is checked before the first is measured
  for (const NetChoice& choice : o.nets) measurements.emplace_back(o, choice, generator);
  if (progress.on_environment) progress.on_environment(report.environment);
  for (Measurement& measurement : measurements) {
    const auto on_result = [&](const NetReport& net) {
      if (!progress.on_result) return;
      StepsReport known = report;
      known.complete = false;
      known.nets.push_back(net);
      progress.on_result(known);
    };
    report.nets.push_back(measurement.run(progress, on_result));
    if (progress.on_net) progress.on_net(report.nets.back());
  }
  return report;
}

}  // namespace joule::bench

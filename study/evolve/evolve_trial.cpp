// SPDX-License-Identifier: MIT
#include "joule/study/evolve/evolve_trial.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <new>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/run_meters.h"
#include "joule/io/safetensors.h"
#include "joule/study/evolve/candidate_memory.h"
#include "joule/study/evolve/evolve_point.h"
#include "joule/study/evolve/evolve_study.h"
#include "joule/study/evolve/net_figures.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

/// Removes weights that no trial can need any more: of trials before this generation that are not
/// its parents.
void forget_weights(const fs::path& folder, const EvolvePoint& point) {
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, error)) {
    const std::string stem = file.path().stem().string();
    std::int64_t trial = 0;
    const auto [end, fault] = std::from_chars(stem.data(), stem.data() + stem.size(), trial);
    const bool weights = fault == std::errc() && end == stem.data() + stem.size();
    if (weights && trial < point.first && std::ranges::count(point.parents, trial) == 0) {
      fs::remove(file.path(), error);
    }
  }
}

/// One candidate on its way.
class CandidateRun {
 public:
  CandidateRun(const EvolveWorker& worker, const Trial& trial, TrialContext& context)
      : worker_(worker),
        config_(worker.config),
        trial_(trial),
        context_(context),
        point_(parse_point(trial.point, str("trial ", trial.number))),
        source_({.metering = worker.metering.get(),
                 .passes = config_.passes,
                 .module_seconds = config_.module_seconds,
                 .stop = [&context] { return context.stop(); }}) {}

  std::vector<Value> run() {
    const auto begin = Clock::now();
    std::string why;
    try {
      const MemoryLimit limit(config_.training.device == "cpu" ? config_.training.most_memory : 0);
      why = try_it();
    } catch (const DataError&) {
      throw;  // a file that is not there is no fault of the net
    } catch (const std::bad_alloc&) {
      why = "there is no memory for it";
    } catch (const std::exception& error) {
      if (context_.stop()) throw Interrupted{};
      why = error.what();
    }
    add_verdict(why);
    if (const auto peak = peak_memory()) {
      values_.push_back(measured(evolve::kMemory, *peak, "B", "/proc/self/status"));
    }
    values_.push_back(measured(evolve::kOverhead,
                               std::max(0.0, seconds_between(begin, Clock::now()) - busy_), "s",
                               trained::kClock));
    return std::move(values_);
  }

 private:
  /// Why the net is invalid; empty if it is not.
  std::string try_it() {
    reset_peak_memory();
    const auto& structure = config_.settings.structure;
    const std::string phenotype =
        phenotype_of(point_.individual.genotype, worker_.grammar, structure);
    const Dataset& images = worker_.data.learning.train;
    const evolution::Decoded decoded =
        decode(phenotype, {images.image_shape(), images.classes()}, config_.settings.nets);
    measure_modules(images.image_shape());
    if (!decoded.net.graph) return decoded.net.reason;
    TrainedNet trained = train(decoded);
    add_training(trained);
    keep_weights(trained.net);
    measure_nets(*decoded.net.graph, trained.net);
    return "";
  }

  TrainedNet train(const evolution::Decoded& decoded) {
    const auto slots = static_cast<double>(point_.slots);
    std::string weights;
    if (point_.from >= 0) weights = weights_path(context_.folder(), point_.from);
    const CandidateHooks hooks{
        .on_epoch =
            [this](const training::EpochMetrics& epoch) {
              const double judged = epoch.validation_loss.value_or(epoch.test_loss);
              context_.report(epoch.epoch,
                              {counted("training loss", epoch.train_loss, "", "training images"),
                               counted("validation loss", judged, "", "evolution-validation"),
                               measured("seconds", epoch.seconds, "s", trained::kClock)});
            },
        .stop = [this] { return context_.stop(); }};
    const auto begin = Clock::now();
    TrainedNet trained = train_candidate(decoded, worker_.data, config_.training,
                                         {.epochs = config_.training.epochs * point_.slots,
                                          .seconds = config_.training.seconds * slots},
                                         trial_.seed, weights, hooks);
    busy_ += seconds_between(begin, Clock::now());
    return trained;
  }

  void add_training(const TrainedNet& trained) {
    const training::BestNet& t = trained.training;
    const std::string ended = str("ended by ", name(t.ending));
    values_.push_back(counted(evolve::kEpochs, static_cast<double>(t.epochs), "", ended));
    values_.push_back(counted(evolve::kSteps, static_cast<double>(t.steps), "", ended));
    values_.push_back(
        counted(evolve::kBestEpoch, static_cast<double>(t.best_epoch), "", "evolution-validation"));
    values_.push_back(measured(evolve::kTraining, t.seconds, "s", trained::kClock));
    values_.push_back(
        value_of(std::string(kEnergy),
                 energy::horowitz45().energy(trained.work, energy::Skipping::executed)));
  }

  void keep_weights(const nn::Net& net) {
    const fs::path path = weights_path(context_.folder(), trial_.number);
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) throw DataError(str(path.parent_path().string(), ": ", error.message()));
    forget_weights(path.parent_path(), point_);
    save_safetensors(path.string(), net.state());
  }

  void measure_modules(const Shape& image) {
    const auto begin = Clock::now();
    for (const std::int64_t module : point_.modules) {
      const auto place = static_cast<std::size_t>(module);
      const std::string name = evolve::module_power(place);
      const evolution::DecodedNet alone =
          decode_module(phenotype_of(point_.individual.genotype, place, worker_.grammar), image,
                        config_.settings.nets);
      const char* const unit = worker_.metering ? "W" : "J";
      values_.push_back(alone.graph ? module_power(*alone.graph, name, trial_.seed, source_)
                                    : unavailable(name, unit, "the module alone", alone.reason));
    }
    busy_ += seconds_between(begin, Clock::now());
  }

  /// A net with one output is its own whole and short net.
  void measure_nets(const nn::Graph& graph, nn::Net& net) {
    const auto begin = Clock::now();
    const bool two = graph.outputs.size() == 2;
    std::vector<Value> whole = net_figures(net, worker_.data.fitness, "", source_);
    std::vector<std::vector<Value>> parts;
    for (const std::size_t output : {0u, 1u}) {
      const std::string suffix = str("_", output);
      if (two) {
        nn::Net part = net_of_output(graph, net, output);
        parts.push_back(net_figures(part, worker_.data.fitness, suffix, source_));
      } else {
        parts.push_back(whole);
        for (Value& value : parts.back()) value.name += suffix;
      }
    }
    // The published accuracy of a pair is the mean of both.
    *whole[0].number = (*parts[0][0].number + *parts[1][0].number) / 2;
    values_.insert(values_.end(), whole.begin(), whole.end());
    for (const auto& part : parts) values_.insert(values_.end(), part.begin(), part.end());
    busy_ += seconds_between(begin, Clock::now());
  }

  void add_verdict(const std::string& why) {
    double fitness = config_.fitness.invalid;
    std::string reason = why;
    if (reason.empty()) {
      try {
        fitness = fitness_of(config_.fitness, values_);
      } catch (const ArgumentError& error) {
        reason = error.what();
      }
    }
    values_.push_back(counted(evolve::kFitness, fitness, "", to_text(config_.fitness)));
    values_.push_back(counted(evolve::kValid, reason.empty() ? 1 : 0, "", "the net"));
    if (!reason.empty()) {
      values_.push_back(unavailable(evolve::kWhy, "", "the net", reason));
    }
  }

  const EvolveWorker& worker_;
  const EvolveConfig& config_;
  const Trial& trial_;
  TrialContext& context_;
  EvolvePoint point_;
  PowerSource source_;
  std::vector<Value> values_;
  double busy_ = 0;  // seconds of training and measuring
};

}  // namespace

EvolveWorker::EvolveWorker(EvolveConfig c, std::uint64_t seed)
    : config(std::move(c)),
      grammar(evolution::parse_grammar(config.grammar, "grammar")),
      data(evolve_data(config.data, config.limit, seed)) {
  const Device device = config.training.device == "cuda" ? Device::cuda : Device::cpu;
  if (config.meter != "none") {
    metering = std::make_shared<training::Metering>(
        energy::open_run_meters(config.meter, {.device = device, .gpu = backend(device).bus_id()}));
    const energy::Meter* const unread = metering->unreadable();
    require(!unread, "meter ", config.meter, ": ", unread ? unread->info().name : "",
            " cannot be read here: ", unread ? unread->info().reason : "",
            "; with meter none power is modelled");
  }
  check_power_units(config.fitness, metering != nullptr);
}

std::string weights_path(const std::string& trial_folder, std::int64_t trial) {
  const fs::path root = fs::path(trial_folder).parent_path();
  return (root / "weights" / fmt::format("{:06}.safetensors", trial)).string();
}

std::vector<Value> run_evolve_trial(const EvolveWorker& worker, const Trial& trial,
                                    TrialContext& context) {
  std::optional<MeterLock> lock;
  if (worker.metering) lock = context.lock_meters(locks_of(*worker.metering));
  return CandidateRun(worker, trial, context).run();
}

}  // namespace joule::study

// SPDX-License-Identifier: MIT
#include "joule/training/stopping/train_until.h"

#include <chrono>
#include <cmath>
#include <utility>

#include "joule/core/error.h"

namespace joule::training {
namespace {

using Clock = std::chrono::steady_clock;

State copy_of(const State& state) {
  State copy{.values = state.values};
  for (const auto& [name, tensor] : state.tensors) copy.tensors[name] = tensor.clone();
  return copy;
}

/// The weights after the best epoch.
class BestSoFar {
 public:
  void judge(Trainer& trainer, BestNet& result) {
    const EpochMetrics& last = trainer.metrics().back();
    const double loss = last.validation_loss.value_or(last.test_loss);
    result.epochs = last.epoch;
    result.losses.push_back(last.train_loss);
    result.judged.push_back(loss);
    if (result.best_epoch > 0 && loss >= result.best_loss) return;
    result.best_epoch = last.epoch;
    result.best_loss = loss;
    weights_ = copy_of(trainer.model().net.state());
  }
  void restore(Trainer& trainer) const {
    if (!weights_.tensors.empty()) trainer.model().net.load_state(weights_);
  }

 private:
  State weights_;
};

}  // namespace

std::string_view name(Ending ending) {
  constexpr std::string_view kNames[] = {"epochs", "patience", "time"};
  return kNames[static_cast<std::size_t>(ending)];
}

std::optional<BestNet> train_until(Trainer& trainer, const Until& until, const Hooks& hooks) {
  require(trainer.epoch() == 0 && trainer.batch() == 0, "training: it has begun already");
  require(until.patience >= 0, "patience: expected at least 0 epochs, got ", until.patience);
  require(std::isfinite(until.seconds) && until.seconds >= 0, "seconds: expected at least 0, got ",
          until.seconds);
  const auto begin = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  bool stopped = false, late = false;
  Hooks own = hooks;
  BestNet result;
  own.on_progress = [&](const Progress& progress) {
    ++result.steps;
    if (hooks.on_progress) hooks.on_progress(progress);
  };
  own.stop = [&] {
    stopped = stopped || (hooks.stop && hooks.stop());
    late = late || (until.seconds > 0 && elapsed() >= until.seconds);
    return stopped || late;
  };
  BestSoFar best;
  while (!trainer.finished()) {
    if (!trainer.run_epoch(own)) {
      if (stopped || !late) return std::nullopt;
      result.ending = Ending::time;
      break;
    }
    best.judge(trainer, result);
    if (until.patience > 0 && result.epochs - result.best_epoch >= until.patience) {
      result.ending = Ending::patience;
      break;
    }
  }
  best.restore(trainer);
  result.seconds = elapsed();
  return result;
}

}  // namespace joule::training

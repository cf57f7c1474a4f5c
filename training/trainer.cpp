// SPDX-License-Identifier: MIT
#include "joule/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/data/device_batches.h"
#include "joule/energy/models/cost_model.h"
#include "joule/training/components.h"
#include "joule/training/energy/run_energy.h"
#include "joule/training/parallel/over_ranks.h"
#include "joule/training/run/history.h"
#include "joule/training/run/model_file.h"
#include "joule/training/run/reference.h"
#include "joule/training/run/summary.h"

namespace joule::training {
namespace {

Dataset limited(const Dataset& dataset, std::int64_t limit) {
  return limit > 0 ? dataset.take(limit) : dataset;
}

/// Of the trained weights that the configuration names, or fresh ones.
Model seeded_model(const Config& config, const Dataset& dataset) {
  manual_seed(config.seed);
  Model model = make_model_for(config.model, config.data, dataset, config.net);
  if (config.weights.empty()) return model;
  try {
    model.net.load_state(load_model(config.weights).net.state());
  } catch (const ArgumentError& error) {
    throw ArgumentError(str("weights: those of ", config.weights, " do not fit ", config.model,
                            ": ", error.what()));
  }
  return model;
}

/// What the configuration names.
Trainee named_trainee(const Config& config, const Dataset& dataset) {
  Trainee trainee{.model = seeded_model(config, dataset)};
  trainee.optimizer = [&config](std::vector<NamedTensor> parameters) {
    return make_optimizer(config, std::move(parameters));
  };
  return trainee;
}

/// The net is on the device before the optimiser is made of its parameters.
Model placed(Model model, const Config& config, const Dataset& dataset) {
  model.prepare(dataset);  // which says what does not fit
  model.net.to(device(config));
  return model;
}

/// The sign of a NaN means nothing.
std::string number(double value) { return std::isnan(value) ? "nan" : str(value); }

}  // namespace

Trainer::Trainer(const CheckedConfig& config, const DataSplit& data, Accounting accounting,
                 std::shared_ptr<parallel::Communicator> ranks)
    : Trainer(config, data, named_trainee(*config, data.train), std::move(accounting),
              std::move(ranks)) {}

Trainer::Trainer(const CheckedConfig& config, const DataSplit& data, Trainee trainee,
                 Accounting accounting, std::shared_ptr<parallel::Communicator> ranks)
    : config_(*config),
      ranks_(std::move(ranks)),
      learning_(hold_back(limited(data.train, config_.limit), config_.validation, config_.seed)),
      test_(limited(data.test, config_.limit)),
      loader_(learning_.train, {.batch = config_.batch,
                                .shuffle = config_.shuffle == "on",
                                .seed = config_.seed,
                                .transforms = make_transforms(config_),
                                .shard = {.index = ranks_->rank(), .of = ranks_->size()}}),
      model_(placed(std::move(trainee.model), config_, data.train)),
      optimizer_(trainee.optimizer(model_.net.parameters())),
      schedule_(trainee.schedule ? std::move(trainee.schedule)
                                 : make_schedule(config_, loader_.batches())),
      training_step_(config_, model_.net, learning_.train.image_shape(), *ranks_),
      graph_(model_.net.outputs() == 1 ? graph_json(model_) : config_.net),
      energy_(of_all(std::move(accounting), *ranks_)),
      target_(control_target(config_)) {
  training_step_.require_images(loader_.images_in(loader_.batches() - 1));
  if (!config_.reference.empty()) reference_ = reference_accuracies(config_.reference, config_);
}

double Trainer::lambda() const {
  if (target_) return control_.lambda();
  const double ramp = config_.l0_warmup * static_cast<double>(loader_.batches());
  const auto done = static_cast<double>(step());
  return done < ramp ? config_.l0_lambda * done / ramp : config_.l0_lambda;
}

void Trainer::fail(const std::string& what) const {
  const std::int64_t batches = loader_.batches();
  throw TrainingError(str("training stopped at epoch ", epoch_ + 1, ", step ",
                          std::min(batch_ + 1, batches), " of ", batches, ": ", what));
}

void Trainer::check_alive(std::string_view layer, std::int64_t nonzeros) {
  int& silent = silent_[std::string(layer)];
  silent = nonzeros == 0 ? silent + 1 : 0;
  if (silent < kSilentSteps) return;
  fail(str("layer ", layer, " has been silent for ", silent,
           " steps, every unit of it, and no gradient comes through it any more; ",
           target_                 ? "try a target that asks for fewer zeros"
           : is_penalised(config_) ? "try a longer --l0-warmup or a smaller --l0-lambda"
                                   : "try a smaller --lr"));
}

void Trainer::check_loss(double value) const {
  if (std::isfinite(value)) return;
  fail(str("the loss is ", number(value), "; try a smaller --lr",
           config_.l0_lambda > 0 ? " or --l0-lambda" : "", " or --clip-norm 1"));
}

void Trainer::clip_gradients(const Tensor& cross_entropy) const {
  if (config_.clip_norm == 0) return;
  try {
    clip_grad_norm(model_.net.parameters(), config_.clip_norm);
  } catch (const ArgumentError& error) {
    check_loss(cross_entropy.item());  // says more, if that is where it comes from
    fail(str(error.what(), "; try a smaller --lr"));
  }
}

void Trainer::train_step(const Batch& batch) {
  const auto outputs = training_step_.run(batch, loader_.images_in(batch_), lambda());
  clip_gradients(outputs.back().cross_entropy);
  optimizer_->set_learning_rate(schedule_->learning_rate(step()));
  if (const auto momentum = schedule_->momentum(step())) optimizer_->set_momentum(*momentum);
  optimizer_->step();
  optimizer_->zero_grad();
  const StepSums done = training_step_.read(outputs, batch.labels);
  const auto images = static_cast<double>(done.images);
  check_loss(done.loss / images);
  if (!std::isfinite(done.penalty)) {
    fail(str("the L0 penalty is ", number(done.penalty / images),
             "; try a smaller --lr or --l0-lambda, or a larger --l0-sigma"));
  }
  std::int64_t nonzeros = 0;
  for (const auto& [layer, count] : done.nonzeros) {
    check_alive(layer, count);
    nonzeros += count;
  }
  if (target_ && target_->what == Target::density) {
    const double density = static_cast<double>(nonzeros) / static_cast<double>(done.relu_outputs);
    steer(std::log(density / target_->value), 1);
  }
  sums_ += done;
}

Progress Trainer::progress() {
  Progress p{.epoch = epoch_ + 1, .batch = batch_, .batches = loader_.batches()};
  if (sums_.images == 0) return p;
  const auto images = static_cast<double>(sums_.images);
  p.loss = sums_.loss / images;
  p.accuracy = static_cast<double>(sums_.correct) / images;
  p.images_per_second = images / sums_.seconds;
  const std::int64_t left = (config_.epochs - epoch_) * p.batches - batch_;
  p.seconds_left = sums_.seconds / static_cast<double>(batch_) * static_cast<double>(left);
  p.joules_per_image = energy_.per_image(sums_.images);
  return p;
}

bool Trainer::stopped(const Hooks& hooks) const {
  return (hooks.stop && hooks.stop()) || over_budget(hooks);
}

bool Trainer::over_budget(const Hooks& hooks) const {
  const std::string why = energy_.over_budget();
  if (!why.empty() && hooks.on_budget) hooks.on_budget(why);
  return !why.empty();
}

/// What was recorded, by all ranks, is sums from now on.
void Trainer::close_ledger() {
  std::map<Phase, energy::Totals> recorded;
  for (const energy::Ledger::Line& line : ledger_.lines()) {
    recorded[line.run.scope.phase] += line;
  }
  for (const auto& [phase, totals] : sum_over(*ranks_, recorded)) earlier_work_[phase] += totals;
  ledger_.reset();
}

bool Trainer::train_steps(const Hooks& hooks) {
  using Clock = std::chrono::steady_clock;
  const energy::Recording recording(ledger_);
  auto start = Clock::now();
  for (const Batch& batch : DeviceBatches(loader_, device(config_))) {
    train_step(batch);
    ++batch_;
    steer_within_epoch();
    const auto now = Clock::now();
    sums_.seconds += std::chrono::duration<double>(now - start).count();
    start = now;
    if (hooks.on_progress) hooks.on_progress(progress());
    if (ranks_->any(stopped(hooks))) return false;
  }
  return true;
}

std::optional<Evaluation> Trainer::judge(const char* which, const Dataset& images,
                                         std::function<bool()> stop) {
  try {
    return evaluate(model_.net, images, {.stop = std::move(stop)}, *ranks_);
  } catch (const NotFiniteError& error) {
    fail(str("on the ", which, " images: ", error.what(), "; try a smaller --lr"));
  }
}

bool Trainer::run_epoch(const Hooks& hooks) {
  require(!finished(), "training: all ", config_.epochs, " epochs are done");
  const ContextGuard guard;
  set_execution(config_);
  evaluation_.reset();
  energy_.begin(total_energy(metrics_));
  if (ranks_->any(over_budget(hooks))) return false;
  loader_.set_epoch(epoch_, batch_);
  const parallel::Traffic before = ranks_->traffic();
  const bool trained = train_steps(hooks);
  communication_ = communication(*ranks_, ranks_->traffic() - before);
  energy_.end_training(epoch_ + 1, ledger_.total());
  close_ledger();
  if (!trained) return false;
  const auto stop = [&] { return stopped(hooks); };
  std::optional<Evaluation> validation;
  if (learning_.validation.size() > 0) {
    validation = judge("validation", learning_.validation, stop);
    energy_.end_validation(epoch_ + 1);
    if (!validation) return false;
  }
  auto evaluation = judge("test", test_, stop);
  // An evaluation that was stopped has cost something, too, but its work will be done again.
  energy_.end_evaluation(epoch_ + 1, evaluation ? total_work(*evaluation) : energy::Totals{});
  if (!evaluation) return false;
  evaluation_ = std::move(evaluation);
  if (validation) {
    energy_.count_validation(total_work(*validation));
    schedule_->observe(validation->loss);
  }
  finish_epoch(validation);
  if (hooks.on_epoch) hooks.on_epoch(metrics_.back());
  show(hooks);
  predict(hooks);
  return true;
}

void Trainer::show(const Hooks& hooks) {
  if (!hooks.on_evaluated) return;
  hooks.on_evaluated({.metrics = metrics_.back(),
                      .evaluation = *evaluation_,
                      .net = model_.net,
                      .judged = learning_.validation.size() > 0 ? learning_.validation : test_,
                      .learning_rate = optimizer_->learning_rate()});
}

void Trainer::finish_epoch(const std::optional<Evaluation>& validation) {
  const auto images = static_cast<double>(sums_.images);
  const LayerDensity relus = all_relus(*evaluation_);
  metrics_.push_back({.epoch = epoch_ + 1,
                      .train_loss = sums_.loss / images,
                      .l0_penalty = sums_.penalty / images,
                      .train_accuracy = static_cast<double>(sums_.correct) / images,
                      .test_accuracy = evaluation_->accuracy(),
                      .test_loss = evaluation_->loss,
                      .seconds = sums_.seconds,
                      .images_per_second = images / sums_.seconds,
                      .relu_outputs = relus.values,
                      .relu_outputs_nonzero = relus.nonzeros,
                      .ranks = communication_,
                      .energy = energy_.take()});
  if (validation) {
    metrics_.back().validation_accuracy = validation->accuracy();
    metrics_.back().validation_loss = validation->loss;
  }
  if (target_) metrics_.back().control = steer_after_epoch(validation ? *validation : *evaluation_);
  thin_out(metrics_);
  ++epoch_;
  batch_ = 0;
  sums_ = {};
}

void Trainer::predict(const Hooks& hooks) const {
  if (!hooks.on_prediction) return;
  const auto told = [&](const EpochFigures& spent, const std::string& source) {
    const auto prediction = predict_total(spread_of(metrics_, spent, source), config_.epochs);
    if (prediction) hooks.on_prediction(*prediction);
    return prediction.has_value();
  };
  if (told(measured_energies(metrics_), kMeasured)) return;
  const energy::CostModel& model = energy::horowitz45();
  told(modelled_energies(metrics_, model), model.name);
}

const Evaluation& Trainer::evaluate_now() {
  const ContextGuard guard;
  set_execution(config_);
  if (!evaluation_) evaluation_ = evaluate(model_.net, test_, {}, *ranks_);
  return *evaluation_;
}

std::map<Phase, energy::Totals> Trainer::work() const {
  std::map<Phase, energy::Totals> sums = earlier_work_;
  for (const energy::Ledger::Line& line : ledger_.lines()) sums[line.run.scope.phase] += line;
  return sums;
}

}  // namespace joule::training

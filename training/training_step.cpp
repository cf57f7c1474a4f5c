// SPDX-License-Identifier: MIT
#include "joule/training/training_step.h"

#include <utility>

#include "joule/core/error.h"
#include "joule/layers/functions.h"
#include "joule/layers/taps.h"
#include "joule/training/macs_saved.h"

namespace joule::training {

TrainingStep::TrainingStep(const Config& config, nn::Net& net, const Shape& image)
    : config_(config), net_(net) {
  if (is_penalised(config) && config.l0_weights == "macs") saved_ = macs_saved(net, image);
  const Device where = device(config);
  if (where == Device::cpu) return;
  lambda_now_ = Tensor::zeros(Shape{}, DType::f32, where);
  if (config.graph != "off") captured_.emplace(where, net.parameters());
}

std::vector<double> TrainingStep::savings_of(const std::vector<Tap>& taps) const {
  std::vector<double> savings;
  if (saved_.empty()) return savings;
  for (const Tap& tap : taps) {
    const auto saved = saved_.find(tap.layer);
    require(saved != saved_.end(), "l0_weights: layer ", tap.layer,
            " is inside of another: what its zeros save is unknown");
    savings.push_back(saved->second);
  }
  return savings;
}

Tensor TrainingStep::penalty_of(const std::vector<Tap>& taps, double lambda) const {
  L0Options options{.lambda = static_cast<float>(lambda),
                    .sigma = static_cast<float>(config_.l0_sigma),
                    .cutoff = static_cast<float>(config_.l0_cutoff),
                    .normalization = l0_normalization(config_),
                    .parameters = net_.parameter_count(),
                    .savings = savings_of(taps)};
  if (!lambda_now_) return l0_penalty(taps, options);
  options.lambda = 1;  // as part of a captured step it would stay what it was
  return scale(l0_penalty(taps, options), lambda_now_);
}

TrainingStep::Output TrainingStep::forward(const Batch& batch, double lambda) const {
  const bool penalised = lambda > 0;
  Output out;
  TapCollector collector({.layers = tap_layers(config_),
                          .sigma = penalised ? static_cast<float>(config_.l0_sigma) : 0.0f,
                          .cutoff = static_cast<float>(config_.l0_cutoff)});
  std::vector<Tensor> outputs = net_.run(batch.images);
  const std::vector<Tap> taps = collector.take();
  out.logits = outputs[0].detach();
  for (Tensor& logits : outputs) {
    Tensor loss = cross_entropy(std::move(logits), batch.labels);
    out.cross_entropy = out.cross_entropy ? add(out.cross_entropy, loss) : std::move(loss);
  }
  out.loss = out.cross_entropy;
  if (penalised) {
    out.penalty = penalty_of(taps, lambda);
    out.loss = add(out.cross_entropy, out.penalty);
  }
  for (const Tap& tap : taps) {
    // What no ReLU made is not silenced by one.
    if (auto mask = tap.value.zero_mask()) out.masks.push_back({tap.layer, std::move(mask)});
  }
  return out;  // the taps are not needed any more: backward() frees what they hold as it goes
}

TrainingStep::Output TrainingStep::forward_and_backward(const Batch& batch, double lambda,
                                                        float weight) const {
  Output out = forward(batch, lambda);
  std::exchange(out.loss, {}).backward(weight == 1 ? Tensor() : Tensor::full(Shape{}, weight));
  return out;
}

TrainingStep::Output TrainingStep::run(const Batch& batch, double lambda, float weight) {
  require(weight == 1 || net_.device() == Device::cpu, "training step: on ", net_.device(),
          " a loss has the weight 1, got ", weight);
  ++steps_;
  if (lambda_now_) lambda_now_.fill(lambda);
  // The last batch of an epoch may have fewer images.
  if (!captured_ || batch.images.dim(0) != config_.batch) {
    return forward_and_backward(batch, lambda, weight);
  }
  auto& [step, fixed, penalised] = *captured_;
  if (!fixed.images) fixed = {.images = batch.images.clone(), .labels = batch.labels.clone()};
  fixed.images.copy_from(batch.images);
  fixed.labels.copy_from(batch.labels);
  if (penalised != (lambda > 0)) step.reset();
  penalised = lambda > 0;
  Output out = step.run([&] { return forward_and_backward(captured_->batch, lambda, 1); });
  require(config_.graph != "on" || step.why_not().empty(), "graph: there can be none, as ",
          step.why_not());
  return out;
}

std::string TrainingStep::launches() const {
  if (!lambda_now_) return {};
  if (!captured_) return "no CUDA graph: it was not to be used";
  if (const std::string& why = captured_->step.why_not(); !why.empty()) {
    return str("no CUDA graph: ", why);
  }
  return str(captured_->step.replays(), " of ", steps_, " steps were replays of a CUDA graph");
}

void TrainingStep::start_anew() {
  if (captured_) captured_->step.reset();
}

}  // namespace joule::training

// SPDX-License-Identifier: MIT
#include "training/evaluate.h"

#include <algorithm>

#include "core/error.h"
#include "data/loader.h"
#include "layers/functions.h"
#include "training/inference.h"

namespace joule::training {
namespace {

/// Calls run(images of one slice, on the net's device) -> logits, and puts the logits together.
template <class Run>
Tensor in_slices(const nn::Module& net, const Tensor& images, std::int64_t slice, Run&& run) {
  require(slice >= 0, "predict: slice must not be negative, got ", slice);
  require(images.defined() && images.shape().rank() >= 1 && images.dim(0) >= 1,
          "predict: there are no images");
  const std::int64_t n = images.dim(0);
  const Device device = net.device();
  if (slice == kSliceThatSuits) slice = slice_for(device, n);
  Tensor logits;
  for (std::int64_t first = 0; first < n; first += slice) {
    const std::int64_t count = std::min(slice, n - first);
    const Tensor part = run(images.slice(first, count).to(device));
    if (!logits) logits = Tensor({n, part.dim(1)}, part.dtype());
    logits.slice(first, count).copy_from(part);
  }
  return logits;
}

void add(std::vector<LayerDensity>& relus, const std::vector<Tap>& taps) {
  if (relus.empty()) {
    for (const Tap& tap : taps) relus.push_back({.layer = std::string(tap.layer)});
  }
  for (std::size_t i = 0; i < taps.size(); ++i) {
    relus[i].values += taps[i].value.numel();
    relus[i].nonzeros += taps[i].value.nonzeros();
  }
}

}  // namespace

std::int64_t slice_for(Device device, std::int64_t images) {
  return device == Device::cpu ? std::min<std::int64_t>(images, 16) : images;
}

Tensor predict(nn::Module& net, const Tensor& images, std::int64_t slice) {
  const Inference inference(net);
  return in_slices(net, images, slice, [&](Tensor part) { return net(std::move(part)); });
}

std::optional<Evaluation> evaluate(nn::Module& net, const Dataset& dataset,
                                   const EvaluateOptions& options) {
  const Inference inference(net);
  const DataLoader loader(dataset, {.batch = options.batch, .shuffle = false});
  energy::Ledger ledger;
  Evaluation result{.classes = dataset.classes()};
  const std::int64_t k = result.classes;
  result.confusion.resize(static_cast<std::size_t>(k * k));
  for (const Batch& batch : loader) {
    if (options.stop && options.stop()) return std::nullopt;
    const Tensor logits = in_slices(net, batch.images, options.slice, [&](Tensor part) {
      const energy::Recording recording(ledger);
      auto [y, taps] = net.forward_with_taps(std::move(part));
      add(result.relus, taps);
      return y;
    });
    require(logits.dim(1) == k, "evaluate: the net gives ", logits.dim(1), " logits, ",
            dataset.name, " has ", k, " classes");
    const auto labels = batch.labels.values<std::int32_t>();
    const std::vector<std::int32_t> predicted = argmax(logits);
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      ++result.confusion[static_cast<std::size_t>(labels[i] * k + predicted[i])];
      result.correct += labels[i] == predicted[i];
    }
    const std::int64_t n = logits.dim(0);
    if (options.on_logits) options.on_logits(batch.labels, logits);
    result.loss += cross_entropy(logits, batch.labels).item() * static_cast<double>(n);
    result.images += n;
  }
  result.loss /= static_cast<double>(result.images);
  result.work = ledger.lines();
  return result;
}

}  // namespace joule::training

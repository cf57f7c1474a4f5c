// SPDX-License-Identifier: MIT
#include "joule/training/evaluate.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "joule/core/error.h"
#include "joule/data/loader.h"
#include "joule/layers/functions.h"
#include "joule/layers/taps.h"
#include "joule/training/inference.h"
#include "joule/training/sliced_net.h"

namespace joule::training {
namespace {

/// The logits of the images, on the CPU.
Tensor logits_of(const SlicedNet& net, const Tensor& images, std::int64_t slice, Device device,
                 const SlicedNet::Around& around) {
  require(slice >= 0, "predict: slice must not be negative, got ", slice);
  require(images.defined() && images.shape().rank() >= 1 && images.dim(0) >= 1,
          "predict: there are no images");
  if (slice == kSliceThatSuits) slice = slice_for(device, images.dim(0));
  return net.run(images, slice, around).to(Device::cpu);
}

void add(std::vector<LayerDensity>& relus, const std::vector<Tap>& taps) {
  for (const Tap& tap : taps) {
    auto relu = std::ranges::find(relus, tap.layer, &LayerDensity::layer);
    if (relu == relus.end()) relu = relus.insert(relus.end(), {.layer = std::string(tap.layer)});
    relu->values += tap.value.numel();
    relu->nonzeros += tap.value.nonzeros();
  }
}

bool finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

bool finite(const Tensor& tensor) {
  return tensor.dtype() != DType::f32 || finite(tensor.to(Device::cpu).values<float>());
}

/// Where what is not finite comes from, if this image's logits are not.
std::string origin(nn::Module& net, const Tensor& image) {
  for (const auto& named : {net.parameters(), net.buffers()}) {
    for (const auto& [name, tensor] : named) {
      if (!finite(tensor)) return str("; the net's ", name, " holds such values");
    }
  }
  for (const Tap& tap : net.forward_with_taps(image, {.layers = TapLayers::all}).second) {
    if (!finite(tap.value)) return str("; layer ", tap.layer, " is the first to put such out");
  }
  return "";
}

/// The images of a data set whose logits are not finite.
class NotFinite {
 public:
  void add(nn::Module& net, const Batch& batch, const Tensor& logits) {
    for (std::int64_t i = 0; i < logits.dim(0); ++i) {
      if (finite(logits.slice(i, 1).values<float>())) continue;
      if (images_++ == 0) origin_ = origin(net, batch.images.slice(i, 1).to(net.device()));
    }
  }

  void require_none(const Evaluation& result, const std::string& dataset) const {
    if (images_ > 0) {
      throw NotFiniteError(str("evaluate: ", images_, " of ", result.images, " images of ", dataset,
                               " have logits that are not finite", origin_));
    }
    if (!std::isfinite(result.loss)) {
      throw NotFiniteError(str("evaluate: the loss on ", dataset, " is not finite"));
    }
  }

 private:
  std::int64_t images_ = 0;
  std::string origin_;
};

}  // namespace

std::int64_t slice_for(Device device, std::int64_t images) {
  return device == Device::cpu ? std::min<std::int64_t>(images, 16) : images;
}

Tensor predict(nn::Module& net, const Tensor& images, std::int64_t slice) {
  const Inference inference(net);
  return logits_of(SlicedNet(net), images, slice, net.device(),
                   [](const auto& work) { return work(); });
}

std::optional<Evaluation> evaluate(nn::Module& net, const Dataset& dataset,
                                   const EvaluateOptions& options) {
  const Inference inference(net);
  const DataLoader loader(dataset, {.batch = options.batch, .shuffle = false});
  energy::Ledger ledger;
  Evaluation result{.classes = dataset.classes()};
  NotFinite not_finite;
  const SlicedNet sliced(net);
  const auto counted = [&](const std::function<Tensor()>& work) {
    const energy::Recording recording(ledger);
    TapCollector collector({});
    Tensor y = work();
    add(result.relus, collector.take());
    return y;
  };
  const std::int64_t k = result.classes;
  result.confusion.resize(static_cast<std::size_t>(k * k));
  for (const Batch& batch : loader) {
    if (options.stop && options.stop()) return std::nullopt;
    const Tensor logits = logits_of(sliced, batch.images, options.slice, net.device(), counted);
    require(logits.dim(1) == k, "evaluate: the net gives ", logits.dim(1), " logits, ",
            dataset.name, " has ", k, " classes");
    const auto labels = batch.labels.values<std::int32_t>();
    const std::vector<std::int32_t> predicted = argmax(logits);
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      ++result.confusion[static_cast<std::size_t>(labels[i] * k + predicted[i])];
      result.correct += labels[i] == predicted[i];
    }
    const std::int64_t n = logits.dim(0);
    not_finite.add(net, batch, logits);
    if (options.on_logits) options.on_logits(batch.labels, logits);
    result.loss += cross_entropy(logits, batch.labels).item() * static_cast<double>(n);
    result.images += n;
  }
  result.loss /= static_cast<double>(result.images);
  not_finite.require_none(result, dataset.name);
  result.work = ledger.lines();
  return result;
}

}  // namespace joule::training

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

/// What a net makes of images.
using Forward = std::function<std::vector<Tensor>(const Tensor& images)>;

/// Where what is not finite comes from, if this image's logits are not.
std::string origin(const nn::Module& net, const Forward& whole, const Tensor& image) {
  for (const auto& named : {net.parameters(), net.buffers()}) {
    for (const auto& [name, tensor] : named) {
      if (!finite(tensor)) return str("; the net's ", name, " holds such values");
    }
  }
  TapCollector collector({.layers = TapLayers::all});
  whole(image);
  for (const Tap& tap : collector.take()) {
    if (!finite(tap.value)) return str("; layer ", tap.layer, " is the first to put such out");
  }
  return "";
}

/// The images of a data set whose logits are not finite.
class NotFinite {
 public:
  void add(const nn::Module& net, const Forward& whole, const Batch& batch,
           const std::vector<Tensor>& outputs) {
    const auto good = [&](std::int64_t i) {
      return std::ranges::all_of(outputs, [i](const Tensor& logits) {
        return finite(logits.slice(i, 1).values<float>());
      });
    };
    for (std::int64_t i = 0; i < outputs[0].dim(0); ++i) {
      if (good(i)) continue;
      if (images_++ == 0) origin_ = origin(net, whole, batch.images.slice(i, 1).to(net.device()));
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

/// How a net is run: as it is, and so that it is quick.  Both on the net's device; `around` as
/// SlicedNet's.
struct Ways {
  Forward whole;
  std::function<std::vector<Tensor>(const Tensor& images, const SlicedNet::Around& around)> quick;
};

/// evaluate(), whatever the number of outputs.
std::optional<Evaluation> judged(nn::Module& net, const Ways& ways, const Dataset& dataset,
                                 const EvaluateOptions& options) {
  const Inference inference(net);
  const DataLoader loader(dataset, {.batch = options.batch, .shuffle = false});
  energy::Ledger ledger;
  Evaluation result{.classes = dataset.classes()};
  NotFinite not_finite;
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
    const std::vector<Tensor> outputs = ways.quick(batch.images, counted);
    const Tensor& logits = outputs[0];
    const auto n = static_cast<double>(logits.dim(0));
    for (const Tensor& output : outputs) {
      require(output.dim(1) == k, "evaluate: the net gives ", output.dim(1), " logits, ",
              dataset.name, " has ", k, " classes");
      const double loss = cross_entropy(output, batch.labels).item() * n;
      result.loss += loss;
      if (options.on_loss) options.on_loss(loss);
    }
    const auto labels = batch.labels.values<std::int32_t>();
    const std::vector<std::int32_t> predicted = argmax(logits);
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      ++result.confusion[static_cast<std::size_t>(labels[i] * k + predicted[i])];
      result.correct += labels[i] == predicted[i];
    }
    not_finite.add(net, ways.whole, batch, outputs);
    if (options.on_logits) options.on_logits(batch.labels, logits);
    result.images += logits.dim(0);
  }
  result.loss /= static_cast<double>(result.images);
  not_finite.require_none(result, dataset.name);
  result.work = ledger.lines();
  return result;
}

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
  const SlicedNet sliced(net);
  const Ways ways{
      .whole = [&](const Tensor& images) { return std::vector{net(images)}; },
      .quick =
          [&](const Tensor& images, const SlicedNet::Around& around) {
            return std::vector{logits_of(sliced, images, options.slice, net.device(), around)};
          }};
  return judged(net, ways, dataset, options);
}

std::optional<Evaluation> evaluate(nn::Net& net, const Dataset& dataset,
                                   const EvaluateOptions& options) {
  if (net.outputs() == 1) return evaluate(static_cast<nn::Module&>(net), dataset, options);
  const Ways ways{.whole = [&](const Tensor& images) { return net.run(images); },
                  .quick =
                      [&](const Tensor& images, const SlicedNet::Around& around) {
                        std::vector<Tensor> outputs;
                        around([&] {
                          outputs = net.run(images.to(net.device()));
                          return outputs[0];
                        });
                        for (Tensor& output : outputs) output = output.to(Device::cpu);
                        return outputs;
                      }};
  return judged(net, ways, dataset, options);
}

}  // namespace joule::training

// SPDX-License-Identifier: MIT
#include "joule/training/energy/published_net.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/core/threads.h"
#include "joule/layers/graph/builder.h"

namespace joule::training {
namespace {

using energy::AsicCounts;

/// Hands on what it reads.
AsicCounts handing_on(std::int64_t values, std::int64_t nonzeros) {
  return {
      .inputs = values, .inputs_nonzero = nonzeros, .outputs = values, .outputs_nonzero = nonzeros};
}

std::int64_t count_above(float threshold, const std::vector<float>& values) {
  return std::ranges::count_if(values, [&](float v) { return std::abs(v) > threshold; });
}

/// Of `images`, which were normalised: the pixels that were not zero before.
std::int64_t count_pixels(const Tensor& images, const PublishedNet& net) {
  const Tensor on_host = images.to(Device::cpu);
  const auto x = on_host.values<float>();
  const std::size_t channels = net.mean.size();
  std::vector<float> black;  // by the same operations as normalize() of data/transform.h
  for (std::size_t c = 0; c < channels; ++c) {
    black.push_back((0.0f - net.mean[c]) * (1.0f / net.deviation[c]));
  }
  std::int64_t count = 0;
  for (std::size_t i = 0; i < x.size(); ++i) count += x[i] != black[i % channels];
  return count;
}

bool is_flatten(const nn::LayerSpec& spec) { return !spec.own && spec.kind == "Flatten"; }

}  // namespace

std::int64_t count_above(float threshold, const Tensor& values) {
  const Tensor on_host = values.to(Device::cpu);
  return visit_float(values.dtype(), [&]<class T>(T) {
    const T* const x = on_host.data<T>();
    return parallel_sum<std::int64_t>(values.numel(), [&](std::int64_t begin, std::int64_t end) {
      std::int64_t count = 0;
      for (std::int64_t i = begin; i < end; ++i) count += std::abs(x[i]) > T(threshold);
      return count;
    });
  });
}

PublishedLayers::PublishedLayers(nn::Module& net, PublishedNet published, float threshold)
    : published_(std::move(published)), threshold_(threshold) {
  using nn::GraphBuilder;
  const auto graph = GraphBuilder::build(net, GraphBuilder::Depth::all, net.name());
  require(graph.inputs == 1 && graph.outputs.size() == 1 && !graph.nodes.empty() &&
              graph.outputs[0] >= graph.inputs,
          "energy: expected a net of one input and one output");
  const auto& last = graph.nodes[graph.outputs[0] - graph.inputs];
  last_ = last.name;
  const auto* before = last.inputs.size() == 1 && last.inputs[0] >= graph.inputs
                           ? &graph.nodes[last.inputs[0] - graph.inputs]
                           : nullptr;
  flattens_ = before && is_flatten(before->spec);
  if (published_.name == "vgg16") pooled_ = flattens_ ? before->name : last.name;
}

LayerCounts PublishedLayers::normaliser(const Tensor& images) const {
  const std::int64_t nonzeros = count_above(threshold_, images);
  AsicCounts counts = handing_on(images.numel(), nonzeros);
  const std::int64_t channels = images.dim(-1);
  counts.parameters = counts.parameters_nonzero = 2 * channels;
  if (!published_.mean.empty()) {
    require(std::ssize(published_.mean) == channels && std::ssize(published_.deviation) == channels,
            "energy: expected a mean and a deviation for each of ", channels, " channels, got ",
            published_.mean.size(), " and ", published_.deviation.size());
    counts.inputs_nonzero = count_pixels(images, published_);
    counts.parameters_nonzero =
        count_above(threshold_, published_.mean) + count_above(threshold_, published_.deviation);
  }
  return {.layer = "(normaliser)", .kind = "Normaliser", .counts = counts};
}

std::vector<LayerCounts> PublishedLayers::before(std::string_view layer,
                                                 const AsicCounts& counts) const {
  std::vector<LayerCounts> lines;
  const AsicCounts same = handing_on(counts.inputs, counts.inputs_nonzero);
  if (layer == pooled_) {
    lines.push_back({.layer = "(pool)", .kind = "AvgPool2d", .counts = same});
    lines.back().counts.operations = same.outputs;  // of a window of one
  }
  if (layer == last_ && !flattens_) {
    lines.push_back({.layer = "(flatten)", .kind = "Flatten", .counts = same});
  }
  return lines;
}

std::vector<LayerCounts> PublishedLayers::behind(std::string_view layer,
                                                 const AsicCounts& counts) const {
  if (layer != last_) return {};
  return {{.layer = "(flatten of the logits)",
           .kind = "Flatten",
           .counts = handing_on(counts.outputs, counts.outputs_nonzero)}};
}

}  // namespace joule::training

// SPDX-License-Identifier: MIT
#include "joule/training/energy/asic_counts.h"

#include <algorithm>
#include <span>

#include "joule/core/error.h"
#include "joule/layers/graph/kinds.h"
#include "joule/training/inference.h"

namespace joule::training {
namespace {

using energy::AsicCounts;

/// Where branches meet or begin; no layers in the published codes.
bool is_merge(const nn::LayerSpec& spec) {
  return !spec.own && (spec.kind == "Add" || spec.kind == "Concat" || spec.kind == "Slice");
}

std::int64_t operations(const nn::ForwardEvent& event, const nn::LayerSpec& spec) {
  const nn::Kind* const kind = spec.own ? nullptr : nn::find_kind(spec.kind);
  require(kind && kind->operations, "energy: layer ", event.layer, " is a ", spec.kind,
          ": how many operations the accelerator models count for that is unknown",
          kind ? "" : "; register_kind() can say");
  return kind->operations(spec.attributes, event.input.shape(), event.output.shape());
}

AsicCounts counts_of(const nn::ForwardEvent& event, const nn::LayerSpec& spec, float threshold) {
  const nn::Module& module = event.module;
  AsicCounts c{.inputs = event.input.numel(),
               .outputs = event.output.numel(),
               .outputs_nonzero = count_above(threshold, event.output),
               .operations = operations(event, spec)};
  c.inputs_nonzero = spec.kind == "ReLU" ? c.outputs_nonzero : count_above(threshold, event.input);
  const bool norm = spec.kind == "BatchNorm";
  c.batch_counters = norm;
  for (const auto& [name, tensor] : module.parameters()) {
    c.parameters += tensor.numel();
    c.parameters_nonzero += count_above(threshold, tensor);
  }
  for (const auto& [name, tensor] : module.buffers()) {
    const std::int64_t nonzeros = count_above(threshold, tensor);
    c.parameters += tensor.numel();
    c.parameters_nonzero += nonzeros;
    if (!norm) continue;
    c.statistics += tensor.numel();
    c.statistics_nonzero += nonzeros;
  }
  return c;
}

/// Overwrites what a ReLU has put out.
void fill(const Tensor& output, double density, Generator& generator) {
  std::vector<float> values(static_cast<std::size_t>(output.numel()));
  generator.uniform(values);
  const auto share = static_cast<float>(density);
  for (float& u : values) u = u < share ? 0.5f + u / share : 0.0f;
  output.copy_from(Tensor::from(values, output.shape()));
}

/// All calls of a layer are one line.
void add_lines(std::vector<LayerCounts>& layers, const std::vector<LayerCounts>& lines) {
  for (const LayerCounts& line : lines) {
    const auto found = std::ranges::find(layers, line.layer, &LayerCounts::layer);
    if (found == layers.end()) {
      layers.push_back(line);
    } else {
      found->counts += line.counts;
    }
  }
}

}  // namespace

std::vector<LayerCounts> count_pass(nn::Module& net, const Tensor& images,
                                    const CountOptions& options, energy::Ledger& ledger,
                                    Generator& generator) {
  const float threshold = energy::zero_threshold(options.threshold_bits);
  const std::optional<double> density = options.relu_density;
  require(!density || (*density >= 0 && *density <= 1), "relu-density: must lie in [0, 1], got ",
          density.value_or(0));
  std::optional<PublishedLayers> published;
  if (options.published) published.emplace(net, *options.published, threshold);
  std::vector<LayerCounts> layers;
  if (published) layers.push_back(published->normaliser(images));
  const auto subscription = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
    if (!event.module.children().empty()) return;
    const nn::LayerSpec spec = event.module.spec();
    if (is_merge(spec)) return;
    if (density && !spec.own && spec.kind == "ReLU") fill(event.output, *density, generator);
    const AsicCounts counts = counts_of(event, spec, threshold);
    if (published) add_lines(layers, published->before(event.layer, counts));
    add_lines(layers, {{std::string(event.layer), spec.kind, counts}});
    if (published) add_lines(layers, published->behind(event.layer, counts));
  });
  const Inference inference(net);
  const energy::Recording recording(ledger);
  net(images.to(net.device()));
  return layers;
}

void add(std::vector<LayerCounts>& sum, const std::vector<LayerCounts>& pass) {
  if (sum.empty()) {
    sum = pass;
    return;
  }
  require(std::ranges::equal(sum, pass, {}, &LayerCounts::layer, &LayerCounts::layer),
          "energy: this pass ran other layers than those before it");
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i].counts += pass[i].counts;
}

AsicCounts total(const std::vector<LayerCounts>& layers) {
  AsicCounts sum;
  for (const LayerCounts& layer : layers) sum += layer.counts;
  return sum;
}

}  // namespace joule::training

// SPDX-License-Identifier: MIT
#include "joule/training/energy/asic_counts.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "joule/core/error.h"
#include "joule/core/threads.h"
#include "joule/layers/graph/kinds.h"
#include "joule/training/inference.h"

namespace joule::training {
namespace {

using energy::AsicCounts;

std::int64_t above(float threshold, const Tensor& t) {
  const Tensor on_host = t.to(Device::cpu);
  return visit_float(t.dtype(), [&]<class T>(T) {
    const T* const x = on_host.data<T>();
    return parallel_sum<std::int64_t>(t.numel(), [&](std::int64_t begin, std::int64_t end) {
      std::int64_t count = 0;
      for (std::int64_t i = begin; i < end; ++i) count += std::abs(x[i]) > T(threshold);
      return count;
    });
  });
}

/// Where branches meet; no layers in the published codes.
bool is_merge(const nn::LayerSpec& spec) {
  return !spec.own && (spec.kind == "Add" || spec.kind == "Concat");
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
               .outputs_nonzero = above(threshold, event.output),
               .operations = operations(event, spec)};
  c.inputs_nonzero = spec.kind == "ReLU" ? c.outputs_nonzero : above(threshold, event.input);
  const bool norm = spec.kind == "BatchNorm";
  c.batch_counters = norm;
  for (const auto& [name, tensor] : module.parameters()) {
    c.parameters += tensor.numel();
    c.parameters_nonzero += above(threshold, tensor);
  }
  for (const auto& [name, tensor] : module.buffers()) {
    const std::int64_t nonzeros = above(threshold, tensor);
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

}  // namespace

std::vector<LayerCounts> count_pass(nn::Module& net, const Tensor& images,
                                    const CountOptions& options, energy::Ledger& ledger,
                                    Generator& generator) {
  const float threshold = energy::zero_threshold(options.threshold_bits);
  const std::optional<double> density = options.relu_density;
  require(!density || (*density >= 0 && *density <= 1), "relu-density: must lie in [0, 1], got ",
          density.value_or(0));
  std::vector<LayerCounts> layers;
  const auto subscription = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
    if (!event.module.children().empty()) return;
    const nn::LayerSpec spec = event.module.spec();
    if (is_merge(spec)) return;
    if (density && !spec.own && spec.kind == "ReLU") fill(event.output, *density, generator);
    auto found = std::ranges::find(layers, event.layer, &LayerCounts::layer);
    if (found == layers.end()) {
      layers.push_back({.layer = std::string(event.layer), .kind = spec.kind});
      found = layers.end() - 1;
    }
    found->counts += counts_of(event, spec, threshold);
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

// SPDX-License-Identifier: MIT
#include "joule/training/energy/energy_estimate.h"

#include <algorithm>
#include <numeric>

#include "joule/core/error.h"

namespace joule::training {
namespace {

using energy::Figure;
using energy::Joules;
using energy::Skipping;
using energy::SkippingEnergy;

SkippingEnergy sum_of(const std::vector<LayerEnergy>& layers) {
  SkippingEnergy sum;
  for (const LayerEnergy& layer : layers) sum += layer.energy;
  return sum;
}

/// The lines of `ledger`, a sum for every layer.
struct LayerWork {
  std::string layer, op;
  energy::Totals totals;
};

std::vector<LayerWork> by_layer(const energy::Ledger& ledger) {
  std::vector<LayerWork> layers;
  for (const auto& line : ledger.lines()) {
    const auto& [op, implementation, scope] = line.run;
    if (layers.empty() || layers.back().layer != scope.layer) {
      layers.push_back({.layer = std::string(scope.layer), .op = std::string(op)});
    }
    layers.back().totals += line;
  }
  return layers;
}

}  // namespace

void AsicEstimator::add(const std::vector<LayerCounts>& pass) {
  const energy::AsicCounts net = total(pass);
  std::vector<LayerEnergy> layers;
  layers.reserve(pass.size());
  for (const auto& [layer, kind, counts] : pass) {
    layers.push_back({.layer = layer, .kind = kind, .energy = model_.energy(counts, net)});
  }
  const double ratio = model_.energy(net).ratio();
  if (!layers_.empty()) {
    require(std::ranges::equal(layers_, layers, {}, &LayerEnergy::layer, &LayerEnergy::layer),
            "energy: this pass ran other layers than those before it");
    for (std::size_t i = 0; i < layers.size(); ++i) layers[i].energy += layers_[i].energy;
  }
  layers_ = std::move(layers);
  ratios_.push_back(ratio);
}

EnergyEstimate AsicEstimator::result() const {
  require(!ratios_.empty(), "energy: there were no batches");
  const SkippingEnergy sum = sum_of(layers_);
  return {.profile = model_.name,
          .layers = layers_,
          .total = sum,
          .worst = Figure<Joules>::modelled(sum.worst.total(), {}, model_.name),
          .optimal = Figure<Joules>::modelled(sum.optimal.total(), {}, model_.name),
          .ratio = std::accumulate(ratios_.begin(), ratios_.end(), 0.0) /
                   static_cast<double>(ratios_.size())};
}

EnergyEstimate estimate(const energy::CostModel& model, const energy::Ledger& ledger,
                        const std::vector<LayerCounts>& counts) {
  std::vector<LayerEnergy> layers;
  for (const auto& [layer, op, totals] : by_layer(ledger)) {
    const auto found = std::ranges::find(counts, layer, &LayerCounts::layer);
    const bool leaf = found != counts.end();
    const std::int64_t parameter_bytes = leaf ? 4 * found->counts.parameters : 0;
    layers.push_back(
        {.layer = layer,
         .kind = leaf ? found->kind : op,
         .energy = {.worst = model.parts(totals, Skipping::none, parameter_bytes),
                    .optimal = model.parts(totals, Skipping::ideal, parameter_bytes)}});
  }
  require(!layers.empty(), "energy: no operation was recorded");
  const SkippingEnergy sum = sum_of(layers);
  return {.profile = model.name,
          .layers = layers,
          .total = sum,
          .worst = model.energy(ledger.total(), Skipping::none),
          .optimal = model.energy(ledger.total(), Skipping::ideal),
          .ratio = sum.ratio()};
}

}  // namespace joule::training

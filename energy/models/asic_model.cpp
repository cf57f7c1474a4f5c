// SPDX-License-Identifier: MIT
#include "joule/energy/models/asic_model.h"

#include <array>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

void require_share(const char* what, std::int64_t nonzeros, std::int64_t values) {
  require(0 <= nonzeros && nonzeros <= values, "asic model: of ", values, " ", what, " ", nonzeros,
          " were not zero");
}

void require_consistent(const AsicCounts& c) {
  require_share("inputs", c.inputs_nonzero, c.inputs);
  require_share("outputs", c.outputs_nonzero, c.outputs);
  require_share("parameters", c.parameters_nonzero, c.parameters);
  require_share("statistics", c.statistics_nonzero, c.statistics);
  require(c.statistics <= c.parameters && c.batch_counters >= 0 && c.operations >= 0,
          "asic model: ", c.parameters, " parameters cannot hold ", c.statistics,
          " statistics, nor ", c.batch_counters, " batch counters and ", c.operations,
          " operations be");
}

struct Share {
  std::int64_t values, nonzeros;
  double of_nonzeros() const { return static_cast<double>(nonzeros) / static_cast<double>(values); }
};

Share parameters_of(const AsicCounts& c, std::int64_t recounts) {
  return {c.parameters + c.batch_counters + recounts * c.statistics,
          c.parameters_nonzero + c.batch_counters + recounts * c.statistics_nonzero};
}

/// The share of a net's operations that the model leaves to the machine that skips zeros.
double executed(const std::string& name, const Share& parameters, const AsicCounts& net) {
  if (net.operations == 0) return 1;
  require(parameters.values > 0 && net.inputs > 0, name,
          ": E_opt has no value, a share of non-zeros is 0/0: the pass has ", net.operations,
          " operations, ", parameters.values, " parameters and ", net.inputs, " inputs");
  return parameters.of_nonzeros() * Share{net.inputs, net.inputs_nonzero}.of_nonzeros();
}

}  // namespace

AsicCounts& AsicCounts::operator+=(const AsicCounts& o) {
  inputs += o.inputs;
  inputs_nonzero += o.inputs_nonzero;
  outputs += o.outputs;
  outputs_nonzero += o.outputs_nonzero;
  parameters += o.parameters;
  parameters_nonzero += o.parameters_nonzero;
  statistics += o.statistics;
  statistics_nonzero += o.statistics_nonzero;
  batch_counters += o.batch_counters;
  operations += o.operations;
  return *this;
}

float zero_threshold(int bits) {
  switch (bits) {
    case 32:
      return 0x1p-126f;
    case 16:
      return 0x1p-30f;
    case 8:
      return 0x1p-14f;
    default:
      break;
  }
  throw ArgumentError(str("threshold-bits: expected 32, 16 or 8, got ", bits));
}

SkippingEnergy AsicModel::energy(const AsicCounts& layer, const AsicCounts& net) const {
  require_consistent(layer);
  require_consistent(net);
  const Share own = parameters_of(layer, statistics_recounts);
  const double share = executed(name, parameters_of(net, statistics_recounts), net);
  const auto times = [](Joules cost, std::int64_t count) {
    return cost * static_cast<double>(count);
  };
  const Joules compute = times(per_operation, layer.operations);
  return {.worst = {.activations = times(per_value, layer.inputs + layer.outputs),
                    .parameters = times(per_value, own.values),
                    .compute = compute},
          .optimal = {.activations = times(per_value, layer.inputs_nonzero + layer.outputs_nonzero),
                      .parameters = times(per_value, own.nonzeros),
                      .compute = compute * share}};
}

Figure<Joules> AsicModel::worst(const AsicCounts& net) const {
  return Figure<Joules>::modelled(energy(net).worst.total(), {}, name);
}

Figure<Joules> AsicModel::optimal(const AsicCounts& net) const {
  return Figure<Joules>::modelled(energy(net).optimal.total(), {}, name);
}

std::span<const AsicModel> asic_models() {
  static const std::array kModels = {
      AsicModel{.name = "sponge",
                .source = "Shumailov et al., EuroS&P 2021, as its code counts",
                .statistics_recounts = 1},
      AsicModel{.name = "sponge-poisoning",
                .source = "Cina et al., arXiv:2203.08147, as its code counts",
                .statistics_recounts = 10},
  };
  return kModels;
}

}  // namespace joule::energy

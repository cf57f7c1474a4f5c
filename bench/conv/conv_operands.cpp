// SPDX-License-Identifier: MIT
#include "joule/bench/conv/conv_operands.h"

#include <algorithm>
#include <map>
#include <string>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/relu/relu.h"
#include "joule/layers/functions.h"
#include "joule/layers/graph/kinds.h"

namespace joule::bench {
namespace {

/// Magnitudes uniform in (0, 1]; each value is positive with probability `positive`.
Tensor signed_values(const Shape& shape, double positive, Generator& generator) {
  const Tensor values(shape), signs(shape);
  const auto count = static_cast<std::size_t>(values.numel());
  const std::span<float> v{values.mutable_data<float>(), count};
  const std::span<float> s{signs.mutable_data<float>(), count};
  generator.uniform(v);
  generator.uniform(s);
  for (std::size_t i = 0; i < count; ++i) {
    const float magnitude = 1 - v[i];
    v[i] = s[i] < positive ? magnitude : -magnitude;
  }
  return values;
}

Tensor relu_of(const Tensor& values) {
  const Tensor y(values.shape());
  dispatch(ops::Relu{.x = values, .y = y});
  return y;
}

ConvOperands with_outputs(const ConvProblem& problem, const Tensor& x, const Tensor& weight,
                          const Tensor& grad_y) {
  return {.problem = problem,
          .x = x,
          .weight = weight,
          .grad_y = grad_y,
          .y = Tensor(grad_y.shape()),
          .grad_weight = Tensor(weight.shape()),
          .grad_x = Tensor(x.shape())};
}

}  // namespace

ConvOperands random_operands(const ConvProblem& problem, const ConvDensities& densities,
                             Generator& generator) {
  const Size2 out = conv_output_size({problem.x[1], problem.x[2]},
                                     {problem.weight[1], problem.weight[2]}, problem.params);
  const Shape output{problem.x[0], out.h, out.w, problem.weight[0]};
  const Tensor weight(problem.weight);
  generator.uniform({weight.mutable_data<float>(), static_cast<std::size_t>(weight.numel())}, -1,
                    1);
  const Tensor grad_y(output);
  dispatch(ops::ReluGrad{.y = relu_of(signed_values(output, densities.grad_y, generator)),
                         .grad_y = signed_values(output, 0.5, generator),
                         .grad_x = grad_y});
  ConvOperands operands = with_outputs(
      problem, relu_of(signed_values(problem.x, densities.x, generator)), weight, grad_y);
  operands.wanted = operands.x;
  return operands;
}

std::vector<ConvOperands> real_operands(training::Model& model, const Batch& batch) {
  struct Convolution {
    std::string layer;
    Tensor x, weight;
    ConvParams params;
    bool only_nonzeros_wanted;
  };
  std::vector<Convolution> convolutions;
  std::map<std::string, Tensor> grads;  // of the outputs, by layer
  const auto forward = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
    const nn::LayerSpec spec = event.module.spec();
    if (spec.own || spec.kind != "Conv2d") return;
    const auto parameters = event.module.parameters();
    const auto weight = std::ranges::find(parameters, "weight", &NamedTensor::name);
    convolutions.push_back({std::string(event.layer), event.input.detach(), weight->tensor.detach(),
                            nn::conv_params(spec.attributes),
                            grad_unused_at_zeros(event.input) && event.input.zero_mask()});
  });
  const auto backward = backward_observers().add([&](const BackwardEvent& event) {
    if (event.op == ops::Conv2d::kName) grads[std::string(event.layer)] = event.grad_outputs[0];
  });
  model.net.train();
  cross_entropy(model.net(batch.images), batch.labels).backward();
  model.net.zero_grad();
  require(!convolutions.empty(), "--real: ", model.spec.name, " has no convolutions");

  std::vector<ConvOperands> operands;
  for (const Convolution& c : convolutions) {
    const ConvProblem problem{c.layer, c.x.shape(), c.weight.shape(), c.params};
    operands.push_back(with_outputs(problem, c.x, c.weight, grads.at(c.layer)));
    if (c.x.same_storage(batch.images)) operands.back().grad_x = {};
    if (c.only_nonzeros_wanted) operands.back().wanted = c.x;
  }
  return operands;
}

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#include "joule/layers/modules.h"
#include "joule/models/linear_stack.h"
#include "joule/models/models.h"

namespace joule {
namespace {

std::int64_t values_of(const ModelSpec& spec) {
  return spec.channels * spec.image.h * spec.image.w;
}

void check_layers(const ModelSpec& spec, std::int64_t layers) {
  require(layers >= 1 && layers <= kMostLinearLayers, spec.name, ": expected from 1 to ",
          kMostLinearLayers, " linear layers, got ", layers);
}

void check_widths(const ModelSpec& spec, const std::vector<std::int64_t>& widths) {
  for (const std::int64_t width : widths) {
    require(width >= 1, spec.name, ": images of ", values_of(spec), " values are too small for ",
            widths.size(), " linear layers");
  }
}

nn::Sequential dense(const ModelSpec& spec, const std::vector<std::int64_t>& widths) {
  nn::Sequential net;
  net.add("flatten", nn::Flatten());
  add_linear_layers(net, values_of(spec), widths, Init::xavier_uniform);
  return net;
}

}  // namespace

std::vector<std::int64_t> halving_widths(const ModelSpec& spec, std::int64_t layers) {
  check_layers(spec, layers);
  std::vector<std::int64_t> widths;
  for (std::int64_t i = 1; i < layers; ++i) widths.push_back(values_of(spec) >> i);
  widths.push_back(spec.classes);
  check_widths(spec, widths);
  return widths;
}

std::vector<std::int64_t> falling_widths(const ModelSpec& spec, std::int64_t layers) {
  check_layers(spec, layers);
  std::vector<std::int64_t> widths;
  for (std::int64_t i = 1; i < layers; ++i) {
    widths.push_back(values_of(spec) * (layers - i) / layers);
  }
  widths.push_back(spec.classes);
  check_widths(spec, widths);
  return widths;
}

void add_linear_layers(nn::Sequential& net, std::int64_t inputs,
                       const std::vector<std::int64_t>& widths, Init init) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    net.add(str("linear", i + 1), nn::Linear(inputs, widths[i], {.init = init}));
    inputs = widths[i];
  }
}

nn::Sequential dense_poly(const ModelSpec& spec, std::int64_t linear_layers) {
  return dense(spec, halving_widths(spec, linear_layers));
}

nn::Sequential dense_linear(const ModelSpec& spec, std::int64_t linear_layers) {
  return dense(spec, falling_widths(spec, linear_layers));
}

}  // namespace joule

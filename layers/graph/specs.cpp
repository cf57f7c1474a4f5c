// SPDX-License-Identifier: MIT
//
// What each layer of the built-in kinds says of itself.
#include "joule/layers/activations.h"
#include "joule/layers/conv_transpose2d.h"
#include "joule/layers/graph/attributes.h"
#include "joule/layers/graph/init_names.h"
#include "joule/layers/modules.h"
#include "joule/layers/norms.h"

namespace joule::nn {
namespace {

/// Of a Conv2d or a ConvTranspose2d.
template <class Options>
Attributes attributes_of_conv(const Options& o) {
  return {{"in", o.in},
          {"out", o.out},
          {"kernel", list(o.kernel)},
          {"stride", list(o.stride)},
          {"padding", list(o.padding)},
          {"dilation", list(o.dilation)},
          {"groups", o.groups},
          {"bias", o.bias},
          {"init", init_name(o.init)}};
}

}  // namespace

LayerSpec Conv2d::spec() const { return {"Conv2d", attributes_of_conv(options_)}; }

LayerSpec ConvTranspose2d::spec() const {
  Attributes attributes = attributes_of_conv(options_);
  attributes.set("output_padding", list(options_.output_padding));
  return {"ConvTranspose2d", std::move(attributes)};
}

LayerSpec Linear::spec() const {
  return {
      "Linear",
      {{"in", in_}, {"out", out_}, {"bias", options_.bias}, {"init", init_name(options_.init)}}};
}

LayerSpec ReLU::spec() const { return {"ReLU", {{"threshold", decimal(threshold_)}}}; }

LayerSpec MaxPool2d::spec() const {
  return {"MaxPool2d",
          {{"kernel", list(kernel_)},
           {"stride", list(stride_)},
           {"padding", list(padding_)},
           {"ceil_mode", options_.ceil_mode}}};
}

LayerSpec AvgPool2d::spec() const {
  return {"AvgPool2d",
          {{"kernel", list(kernel_)},
           {"stride", list(stride_)},
           {"padding", list(padding_)},
           {"ceil_mode", options_.ceil_mode},
           {"count_include_pad", options_.count_include_pad}}};
}

LayerSpec GlobalAvgPool::spec() const { return {"GlobalAvgPool"}; }

LayerSpec BatchNorm::spec() const {
  return {"BatchNorm",
          {{"channels", channels_},
           {"epsilon", decimal(options_.epsilon)},
           {"momentum", decimal(options_.momentum)}}};
}

LayerSpec Dropout::spec() const { return {"Dropout", {{"probability", decimal(probability_)}}}; }

LayerSpec Flatten::spec() const { return {"Flatten"}; }

}  // namespace joule::nn

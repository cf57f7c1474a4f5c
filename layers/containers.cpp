// SPDX-License-Identifier: MIT
#include "joule/layers/containers.h"

#include "joule/core/error.h"

namespace joule::nn {

Tensor Sequential::conv_then_relu(const Conv2d& conv, const ReLU& relu, Tensor x) {
  ReluOutput output;
  {
    const Entered entered(conv);
    output =
        conv2d_relu(std::move(x), conv.weight_, conv.bias_, conv.params_, ReLU::wanted_sigma());
  }
  const Entered entered(relu);
  ReLU::tap(output);
  return std::move(output.y);
}

Tensor Sequential::run(std::size_t first, std::size_t last, Tensor x) {
  require(first <= last && last <= children().size(), "run: there are no children ", first, " to ",
          last, " of ", children().size());
  const Entered entered(*this);
  return run_children(first, last, std::move(x));
}

Tensor Sequential::run_children(std::size_t first, std::size_t last, Tensor x) {
  const TapCollector* const taps = TapCollector::current();
  const bool fuse =
      forward_observers().empty() && !(taps && taps->options().layers == TapLayers::all);
  const auto& layers = children();
  for (std::size_t i = first; i < last; ++i) {
    if (fuse && i + 1 < last) {
      const auto* const conv = dynamic_cast<const Conv2d*>(layers[i].get());
      const auto* const relu = dynamic_cast<const ReLU*>(layers[i + 1].get());
      if (conv && relu) {
        x = conv_then_relu(*conv, *relu, std::move(x));
        ++i;
        continue;
      }
    }
    x = (*layers[i])(std::move(x));
  }
  return x;
}

Tensor Residual::forward(Tensor x) {
  Tensor shortcut = shortcut_ ? (*shortcut_)(x) : x;
  return add((*main_)(std::move(x)), shortcut);
}

}  // namespace joule::nn

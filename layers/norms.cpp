// SPDX-License-Identifier: MIT
#include "joule/layers/norms.h"

#include "joule/kernels/group_norm/group_norm.h"
#include "joule/layers/graph/attributes.h"

namespace joule::nn {

LayerNorm::LayerNorm(std::int64_t channels, float epsilon)
    : channels_(channels), epsilon_(epsilon) {
  require(channels > 0, "LayerNorm: channels must be positive, got ", channels);
  gamma_ = add_parameter("weight", Tensor::full({channels}, 1.0f));
  beta_ = add_parameter("bias", Tensor::zeros({channels}));
}
std::string LayerNorm::describe() const { return str("LayerNorm(", channels_, ")"); }
LayerSpec LayerNorm::spec() const {
  return {"LayerNorm", {{"channels", channels_}, {"epsilon", decimal(epsilon_)}}};
}
Tensor LayerNorm::forward(Tensor x) { return layer_norm(x, gamma_, beta_, epsilon_); }

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, float epsilon)
    : groups_(groups), channels_(channels), epsilon_(epsilon) {
  require(groups > 0 && channels > 0 && channels % groups == 0, "GroupNorm: groups=", groups,
          " must divide channels=", channels);
  gamma_ = add_parameter("weight", Tensor::full({channels}, 1.0f));
  beta_ = add_parameter("bias", Tensor::zeros({channels}));
}
std::string GroupNorm::describe() const { return str("GroupNorm(", groups_, ", ", channels_, ")"); }
LayerSpec GroupNorm::spec() const {
  return {"GroupNorm",
          {{"groups", groups_}, {"channels", channels_}, {"epsilon", decimal(epsilon_)}}};
}
Tensor GroupNorm::forward(Tensor x) { return group_norm(x, gamma_, beta_, groups_, epsilon_); }

}  // namespace joule::nn

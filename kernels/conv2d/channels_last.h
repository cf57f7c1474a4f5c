// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/same.h"

namespace joule {

/// Errors    ArgumentError if x has four dimensions, and the channels that the weight needs are its
///           second dimension, not its last.
inline void require_channels_last(std::string_view op, const Named& x, const Named& weight,
                                  const ConvParams& params) {
  const Shape& shape = x.tensor.shape();
  const std::int64_t channels = weight.tensor.dim(3) * params.groups;
  require(shape[3] == channels || shape[1] != channels, op, ": ", weight.name, " expects ",
          channels, " input channels, ", x.name, " is ", shape,
          "; images are [N,H,W,C] here: did you pass NCHW?");
}

}  // namespace joule

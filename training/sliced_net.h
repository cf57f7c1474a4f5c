// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "joule/layers/graph/executor.h"

namespace joule::training {

/// Runs many images through a net in slices: so few images at once that a layer's outputs are still
/// in the cache when the next layer reads them.  Linear layers read more weights than images, so
/// from the first linear layer on through which everything must pass, the rest of the net runs on
/// all images at once, with the zero masks of the slices.
class SlicedNet {
 public:
  /// The net must outlive this object, and run without gradients.
  explicit SlicedNet(nn::Module& net) : net_(net) {}

  /// The net's output [N, K] for the images [N, ...], on the net's device, to which they are
  /// copied.  Each part of the work is one call of `around`, which must return the result of its
  /// argument.
  using Around = std::function<Tensor(const std::function<Tensor()>&)>;
  Tensor run(const Tensor& images, std::int64_t slice, const Around& around) const;

 private:
  /// The net in parts; made only when there is more than one slice, since making it takes longer
  /// than the inference of an image.
  struct Parts {
    explicit Parts(nn::Module& net);
    nn::GraphExecutor layers;
    std::size_t linear = 0;  // the node; 0: none, or it cannot be separated
  };
  const Parts& parts() const;

  nn::Module& net_;
  mutable std::once_flag once_;
  mutable std::optional<Parts> parts_;
};

}  // namespace joule::training

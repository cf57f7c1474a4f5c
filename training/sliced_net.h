// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "joule/layers/graph/executor.h"

namespace joule::training {

/// Runs many images through a net, slice by slice: so few at once that what one layer writes is
/// still in the cache when the next one reads it.  Linear layers read more weights than images:
/// from the first one on through which everything has to go, the rest of the net runs on all images
/// at once, with the zero masks of the slices.
class SlicedNet {
 public:
  /// The net must outlive this, and compute without gradients.
  explicit SlicedNet(nn::Module& net) : net_(net) {}

  /// What the net makes of the images [N, ...], which are brought to its device: [N, K] there.
  /// Every part of the work is one call of `around`, which returns what it is given to run.
  using Around = std::function<Tensor(const std::function<Tensor()>&)>;
  Tensor run(const Tensor& images, std::int64_t slice, const Around& around) const;

 private:
  /// What runs in parts: made when there is more than one slice, as it takes longer than to infer
  /// an image.
  struct Parts {
    explicit Parts(nn::Module& net);
    nn::GraphExecutor layers;
    std::size_t linear = 0;  // the node; 0: there is none, or it is not to be separated
  };
  const Parts& parts() const;

  nn::Module& net_;
  mutable std::once_flag once_;
  mutable std::optional<Parts> parts_;
};

}  // namespace joule::training

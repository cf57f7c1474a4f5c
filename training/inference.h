// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/context.h"
#include "joule/layers/module.h"

namespace joule::training {

/// Evaluation mode without gradients, until the end of the block.
class Inference {
 public:
  explicit Inference(nn::Module& net) : net_(net), training_(net.training()) { net.eval(); }
  ~Inference() { net_.train(training_); }
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;

 private:
  nn::Module& net_;
  bool training_;
  NoGrad no_grad_;
};

}  // namespace joule::training

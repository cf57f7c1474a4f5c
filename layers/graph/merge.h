// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/layers/module.h"

// The layers in which branches of a net meet.
namespace joule::nn {

/// The sum of its inputs, of one shape; two or more.
class Add final : public Module {
 public:
  std::string describe() const override { return "Add()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  Tensor forward_all(std::vector<Tensor> xs) override;
  bool tapped_by_all() const override { return false; }
};

/// Its inputs one after the other along the channels; one or more.
class Concat final : public Module {
 public:
  std::string describe() const override { return "Concat()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return x; }
  Tensor forward_all(std::vector<Tensor> xs) override;
  bool tapped_by_all() const override { return false; }
};

}  // namespace joule::nn

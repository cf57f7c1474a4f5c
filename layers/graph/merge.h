// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/kernels/binary/binary.h"
#include "joule/kernels/slice/slice.h"
#include "joule/layers/graph/attributes.h"
#include "joule/layers/module.h"

// The layers where branches of a net join or start.
namespace joule::nn {

/// The sum of two or more inputs of the same shape.
class Add final : public Module {
 public:
  std::string describe() const override { return "Add()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override;
  Tensor forward_all(std::vector<Tensor> xs) override;
  bool tapped_by_all() const override { return false; }
};

/// a - b, a * b or a / b of two inputs of the same shape; b may also be [C] for images [H,W,C]: one
/// number per channel of an image, as in squeeze-and-excitation.
template <BinaryFunction kFunction>
class Arithmetic final : public Module {
 public:
  static constexpr const char* kKind = kFunction == BinaryFunction::sub   ? "Sub"
                                       : kFunction == BinaryFunction::mul ? "Mul"
                                                                          : "Div";
  std::string describe() const override { return std::string(kKind) + "()"; }
  LayerSpec spec() const override { return {kKind}; }

 private:
  Tensor forward(Tensor x) override;
  Tensor forward_all(std::vector<Tensor> xs) override;
  bool tapped_by_all() const override { return false; }
};
using Sub = Arithmetic<BinaryFunction::sub>;
using Mul = Arithmetic<BinaryFunction::mul>;
using Div = Arithmetic<BinaryFunction::div>;

/// Concatenates one or more inputs along the channels.
class Concat final : public Module {
 public:
  std::string describe() const override { return "Concat()"; }
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return x; }
  Tensor forward_all(std::vector<Tensor> xs) override;
  bool tapped_by_all() const override { return false; }
};

/// `count` channels of its input, starting at channel `first`.
class Slice final : public Module {
 public:
  Slice(std::int64_t first, std::int64_t count) : first_(first), count_(count) {}
  std::string describe() const override;
  LayerSpec spec() const override;

 private:
  Tensor forward(Tensor x) override { return slice_channels(x, first_, count_); }
  bool tapped_by_all() const override { return false; }
  std::int64_t first_, count_;
};

}  // namespace joule::nn

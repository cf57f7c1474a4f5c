// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/kernels/binary/binary.h"
#include "joule/kernels/slice/slice.h"
#include "joule/layers/graph/attributes.h"
#include "joule/layers/module.h"

// The layers in which branches of a net meet, or begin.
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

/// a - b, a * b or a / b of two inputs of one shape; b may also be [C] of images [H,W,C]: one
/// number for each channel of an image, as squeeze-and-excitation has it.
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

/// `count` channels of its input from the channel `first` on.
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

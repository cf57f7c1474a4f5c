// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/cpu/nonzero_lists.h"
#include "joule/kernels/conv2d/cpu/skip_zero_plan.h"

// What nonzero_lists.cpp passes to the code that is compiled per instruction set.
namespace joule::cpu {

/// The lists of one band.
struct ListsFill {
  struct Pixel {
    std::int64_t pixel;  // in the tensor
    std::uint32_t at;    // in the tile of the other operand
  };
  std::span<const Pixel> pixels;
  const float* values;
  const ZeroMask* mask;
  bool by_channel;  // needs consecutive pixels
  NonzeroLists::End* ends;
  NonzeroList::Entry* to;
};

}  // namespace joule::cpu

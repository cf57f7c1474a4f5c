// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/kernels/conv2d/conv2d.h"

namespace joule::bench {

/// The passes of a convolution that are measured.
enum class Pass {
  forward,
  grad_weight,
  grad_input,
  grad_input_masked,  // only where x, the output of a ReLU, is not 0
  step,               // the first three, one after the other
};

inline constexpr std::array kPasses = {Pass::forward, Pass::grad_weight, Pass::grad_input,
                                       Pass::grad_input_masked, Pass::step};

/// "forward", "grad-weight", "grad-input", "grad-input-masked", "step".
std::string_view name(Pass pass);

/// A list of names such as "forward,step".
///
/// Errors    ArgumentError for a name that is none of the above, or that is given twice.
std::vector<Pass> parse_passes(std::string_view list);

/// A convolution, without its values.
struct ConvProblem {
  std::string name;  // as requested, or the layer's
  Shape x;           // [N, H, W, C]
  Shape weight;      // [O, kh, kw, C/groups]
  ConvParams params;
};

/// One convolution of square images per entry of a list such as
/// "64x128x56,64x128x56:1x1,3x64x224:7x7/2":
///
///   IN x OUT x SIZE [: KERNEL x KERNEL [/ STRIDE]]
///
/// channels, filters, pixels along a side; the kernel is 3x3 and the stride 1 unless given.  The
/// padding is half the kernel, rounded down, so that with stride 1 and an odd kernel the output has
/// the input's size.
///
/// Errors    ArgumentError that names the entry and the form above; an output that would be empty;
///           batch < 1.
std::vector<ConvProblem> parse_conv_problems(std::string_view list, std::int64_t batch);

/// A list of shares of non-zeros such as "1,.5,.05".
///
/// Errors    ArgumentError for something that is not a number in (0, 1], or that is given twice.
std::vector<double> parse_densities(std::string_view list);

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/layers/init.h"
#include "joule/models/models.h"

// What the nets of arXiv:2303.13972 share: linear layers without activations between them.
namespace joule {

/// The outputs of each linear layer: floor(n / 2^i) for i = 1, 2, ..., then the classes, where n is
/// the number of values of an image.
///
/// Errors    ArgumentError if layers < 1, or so large that a layer would have no output.
std::vector<std::int64_t> halving_widths(const ModelSpec& spec, std::int64_t layers);

/// The same with equal steps: floor(n - i n / layers), i = 1, 2, ..., then the classes.
std::vector<std::int64_t> falling_widths(const ModelSpec& spec, std::int64_t layers);

/// Adds linear1, linear2, ... for `inputs` values.
void add_linear_layers(nn::Sequential& net, std::int64_t inputs,
                       const std::vector<std::int64_t>& widths, Init init);

}  // namespace joule

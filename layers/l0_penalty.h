// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "joule/core/tensor.h"
#include "joule/layers/taps.h"

namespace joule {

enum class L0Normalization {
  per_layer_mean,  // lambda / K * sum_k (mean over tap k's elements): in [0, lambda]
  per_parameter,   // lambda / m * sum_k (mean over the batch of tap k's sum), m parameters
};
struct L0Options {
  float lambda = 1.0f;
  float sigma = 1e-4f;
  float cutoff = 0;  // of the derivative: see SmoothL0; 0: none
  L0Normalization normalization = L0Normalization::per_layer_mean;
  std::int64_t parameters = 0;  // m; per_parameter needs it
  /// What each tap would save if all its values were 0, in any unit: see macs_saved() of
  /// training/macs_saved.h.  Empty: all taps count equally.
  std::vector<double> savings{};
};
/// The penalty of energy-aware training on the outputs of layers:
///   sum_k weight_k * sum_j v_kj^2 / (v_kj^2 + sigma), v_k the value of tap k.
///
/// For K taps with n_k values per image in a batch of B, and savings M_k:
///
///                    weight_k                   with savings
///   per_layer_mean   lambda / (K B n_k)         lambda M_k / (sum_i M_i B n_k)
///   per_parameter    lambda / (m B)             lambda M_k sum_i n_i / (sum_i M_i n_k m B)
///
/// So savings are normalised: if no value is zero, the penalty is the same with and without them.
///
/// Cost      nothing per element if the taps were taken with the same sigma and cutoff (ReLU summed
///           in its own pass, and adds the derivative in its own backward); otherwise one pass per
///           tap.
/// Errors    ArgumentError if there are no taps, lambda < 0, m is missing, or there are savings,
///           but not one per tap, or they are negative or all 0; and as require_sigma() and
///           require_cutoff().
/// Source    Lazzaro et al. 2023, arXiv:2307.00368, Eq. 3 (with the plus sign of the text).
Tensor l0_penalty(std::span<const Tap> taps, const L0Options& options = {});

}  // namespace joule

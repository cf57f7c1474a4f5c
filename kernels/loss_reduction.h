// SPDX-License-Identifier: MIT
#pragma once

namespace joule {

/// How the losses of the rows or elements are combined.
enum class LossReduction {
  mean,  // sum / number; of rows with weights: / the sum of those that count
  sum,
};

}  // namespace joule

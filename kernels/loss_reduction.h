// SPDX-License-Identifier: MIT
#pragma once

namespace joule {

/// What becomes of the losses of the rows, or of the elements.
enum class LossReduction {
  mean,  // their sum / their number; of rows with weights: / the sum of those that count
  sum,
};

}  // namespace joule

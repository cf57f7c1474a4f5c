// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "joule/core/state.h"
#include "joule/layers/containers.h"
#include "joule/nas/surrogate/measured_cells.h"

namespace joule::nas {

struct PaperNetOptions {
  /// 4 as in the paper: 36 -> 128 -> 64 -> 32 -> 1; 5 as in the authors' code, with another 32 ->
  /// 32 before the last.
  int layers = 4;
  int epochs = 200;
  std::int64_t batch = 32;
  double rate = 5e-3;
  std::uint64_t seed = 1;  // of the first weights and the order of the cells
};

/// The authors' surrogate: linear layers with GELU between them on paper_inputs(), trained by Adam
/// on the mean absolute error of the energy in Wh.  Uses the weights of the epoch with the smallest
/// error on the validation cells; the authors' code uses the last epoch's.
///
/// Source    Bakhtiarifard, Igel and Selvan 2024, arXiv:2210.06015, appendix C.
class PaperNet {
 public:
  /// Trains it.  Uses Joule's default generator, and restores its state.
  ///
  /// Cost      95 steps an epoch of 3020 cells.
  /// Errors    ArgumentError: layers other than 4 or 5, nothing to train on or to validate with,
  ///           epochs or batch below 1.
  PaperNet(std::span<const MeasuredCell> train, std::span<const MeasuredCell> validate,
           const PaperNetOptions& options);

  /// Predicted joules of each cell.
  std::vector<double> predict(std::span<const MeasuredCell> cells);
  /// The same with the weights of the last epoch.
  std::vector<double> predict_last(std::span<const MeasuredCell> cells);

 private:
  void keep_if_best(std::span<const MeasuredCell> validate);

  nn::Sequential net_;
  State best_, last_;
  double least_error_ = 0;
};

}  // namespace joule::nas

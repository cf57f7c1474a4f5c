// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/energy/ledger.h"
#include "joule/energy/models/asic_model.h"
#include "joule/energy/models/cost_model.h"
#include "joule/training/energy/asic_counts.h"

namespace joule::training {

struct LayerEnergy {
  std::string layer, kind;
  energy::SkippingEnergy energy;
};

/// The modelled energy of the forward passes of some batches: E_worst if nothing is skipped, E_opt
/// if every zero is.
struct EnergyEstimate {
  std::string profile;
  std::vector<LayerEnergy> layers;  // sums over the batches; they add up to the total
  energy::SkippingEnergy total;
  energy::Figure<energy::Joules> worst, optimal;  // of the total, of quality modelled
  double ratio = 0;  // of a data set, as the profile defines it: see the estimators
};

/// Estimates by an accelerator model, batch by batch.  E_opt depends on the shares of non-zeros of
/// its batch, so it is taken of each; the ratio of the data set is the unweighted mean of the
/// batches' ratios, as published, also if the last batch is smaller.
class AsicEstimator {
 public:
  explicit AsicEstimator(energy::AsicModel model) : model_(std::move(model)) {}

  /// One batch.
  ///
  /// Errors    ArgumentError as AsicModel::energy(), or if the layers are not those of the batches
  ///           before.
  void add(const std::vector<LayerCounts>& pass);
  /// Of the batches so far.  Errors: ArgumentError if there was none.
  EnergyEstimate result() const;
  /// Of each batch.
  const std::vector<double>& ratios() const { return ratios_; }

 private:
  energy::AsicModel model_;
  std::vector<LayerEnergy> layers_;
  std::vector<double> ratios_;
};

/// Estimates by a linear profile from what `ledger` recorded in the passes whose counts add up to
/// `counts`: E_worst is Skipping::none, E_opt is Skipping::ideal.  The ratio is that of the sums. A
/// layer's parameters and buffers are taken to have moved once per call.
///
/// Errors    ArgumentError as CostModel::parts(), or if nothing was recorded.
EnergyEstimate estimate(const energy::CostModel& model, const energy::Ledger& ledger,
                        const std::vector<LayerCounts>& counts);

}  // namespace joule::training

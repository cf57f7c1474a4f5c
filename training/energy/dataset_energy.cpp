// SPDX-License-Identifier: MIT
#include "joule/training/energy/dataset_energy.h"

#include "joule/data/loader.h"

namespace joule::training {

std::vector<EnergyEstimate> dataset_energies(Model& model, const Dataset& images,
                                             std::int64_t batch) {
  const DataLoader loader(model.prepare(images), {.batch = batch, .shuffle = false});
  const CountOptions options{.published =
                                 PublishedNet{model.spec.name, model.mean, model.deviation}};
  std::vector<AsicEstimator> estimators;
  for (const energy::AsicModel& asic : energy::asic_models()) estimators.emplace_back(asic);
  energy::Ledger ledger;
  std::vector<LayerCounts> counts;
  for (const Batch& part : loader) {
    const auto pass = count_pass(model.net, part.images, options, ledger);
    for (AsicEstimator& estimator : estimators) estimator.add(pass);
    add(counts, pass);
  }
  std::vector<EnergyEstimate> estimates;
  for (const AsicEstimator& estimator : estimators) estimates.push_back(estimator.result());
  estimates.push_back(estimate(energy::zero_skip(), ledger, counts));
  return estimates;
}

}  // namespace joule::training

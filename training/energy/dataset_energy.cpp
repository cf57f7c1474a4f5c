// SPDX-License-Identifier: MIT
#include "joule/training/energy/dataset_energy.h"

#include "joule/data/loader.h"

namespace joule::training {

std::optional<DatasetEnergies> dataset_energies(Model& model, const Dataset& images,
                                                std::int64_t batch,
                                                const std::function<bool()>& stop) {
  const DataLoader loader(model.prepare(images), {.batch = batch, .shuffle = false});
  const CountOptions options{.published =
                                 PublishedNet{model.spec.name, model.mean, model.deviation}};
  std::vector<AsicEstimator> estimators;
  for (const energy::AsicModel& asic : energy::asic_models()) estimators.emplace_back(asic);
  energy::Ledger ledger;
  DatasetEnergies energies;
  for (const Batch& part : loader) {
    if (stop && stop()) return std::nullopt;
    const auto pass = count_pass(model.net, part.images, options, ledger);
    for (AsicEstimator& estimator : estimators) estimator.add(pass);
    add(energies.layers, pass);
  }
  for (const AsicEstimator& estimator : estimators) {
    energies.estimates.push_back(estimator.result());
  }
  energies.estimates.push_back(estimate(energy::zero_skip(), ledger, energies.layers));
  return energies;
}

}  // namespace joule::training

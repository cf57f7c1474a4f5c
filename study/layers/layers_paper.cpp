// SPDX-License-Identifier: MIT
#include "joule/study/layers/layers_paper.h"

#include <algorithm>

namespace joule::study {
namespace {

constexpr std::string_view kLayersFm = "fashion-mnist", kLayersCifar = "cifar-10";

constexpr std::array kPaperCells{LayersPaperCell{kLayersFm, 3, 1, false, 834.9, 86.60, 87.89},
                                 LayersPaperCell{kLayersFm, 3, 1, true, 854.9, 86.81, 88.71},
                                 LayersPaperCell{kLayersFm, 3, 4, false, 1600.7, 87.64, 88.80},
                                 LayersPaperCell{kLayersFm, 3, 4, true, 1650.0, 87.10, 88.85},
                                 LayersPaperCell{kLayersFm, 7, 1, false, 858.0, 86.05, 87.83},
                                 LayersPaperCell{kLayersFm, 7, 1, true, 881.1, 86.27, 88.20},
                                 LayersPaperCell{kLayersFm, 7, 4, false, 1700.7, 87.27, 88.73},
                                 LayersPaperCell{kLayersFm, 7, 4, true, 1745.0, 86.69, 88.89},
                                 LayersPaperCell{kLayersCifar, 3, 1, false, 2641.8, 55.89, 59.59},
                                 LayersPaperCell{kLayersCifar, 3, 1, true, 2644.2, 58.12, 60.83},
                                 LayersPaperCell{kLayersCifar, 3, 4, false, 4354.2, 65.20, 70.94},
                                 LayersPaperCell{kLayersCifar, 3, 4, true, 4585.4, 65.43, 72.45},
                                 LayersPaperCell{kLayersCifar, 7, 1, false, 2817.9, 56.84, 59.74},
                                 LayersPaperCell{kLayersCifar, 7, 1, true, 2929.9, 57.94, 60.85},
                                 LayersPaperCell{kLayersCifar, 7, 4, false, 4670.5, 62.27, 69.92},
                                 LayersPaperCell{kLayersCifar, 7, 4, true, 4751.5, 62.58, 70.10}};

constexpr std::array kPaperEffects{
    LayersPaperEffects{kLayersFm, {4.9, .155}, {95.3, .749}, {2.7, .055}, 15.3, 272, -48.8, -0.8},
    LayersPaperEffects{
        kLayersCifar, {6.6, .160}, {66.4, .749}, {2.9, .033}, 59.0, 611, -39.9, -6.7}};

}  // namespace

const LayersPaperCell* layers_paper_cell(std::string_view data, const LayersNet& net) {
  if (!net.in_factorial()) return nullptr;
  const auto* const found = std::ranges::find_if(kPaperCells, [&](const LayersPaperCell& cell) {
    return cell.data == data && cell.linear == net.linear && cell.conv == net.conv &&
           cell.relu == net.relu;
  });
  return found == kPaperCells.end() ? nullptr : found;
}

const LayersPaperEffects* layers_paper_effects(std::string_view data) {
  const auto* const found = std::ranges::find(kPaperEffects, data, &LayersPaperEffects::data);
  return found == kPaperEffects.end() ? nullptr : found;
}

}  // namespace joule::study

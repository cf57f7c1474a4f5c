// SPDX-License-Identifier: MIT
#include "joule/study/hpo/hpo_paper.h"

namespace joule::study {
namespace {

constexpr std::string_view kGp = "gp-pi-paper", kCifar = "cifar-10", kFashion = "fashion-mnist";

// Accuracies to the digits that the paper gives.
constexpr HpoPaperCell kHpoCells[] = {{kCifar, "dense-poly", "random", 5, .33, 56},
                                      {kCifar, "dense-poly", "random", 3, .32, 27},
                                      {kCifar, "dense-poly", "grid", 5, .37, 42},
                                      {kCifar, "dense-poly", "grid", 3, .40, 55},
                                      {kCifar, "dense-poly", kGp, 5, .40, 27},
                                      {kCifar, "dense-poly", kGp, 3, .41, 11},
                                      {kCifar, "dense-linear", "random", 5, .35, 50},
                                      {kCifar, "dense-linear", "random", 3, .38, 63},
                                      {kCifar, "dense-linear", "grid", 5, .40, 53},
                                      {kCifar, "dense-linear", "grid", 3, .40, 35},
                                      {kCifar, "dense-linear", kGp, 5, .37, 4},
                                      {kCifar, "dense-linear", kGp, 3, .39, 38},
                                      {kCifar, "simple-cnn", "random", 5, .60, 40, 921e3},
                                      {kCifar, "simple-cnn", "random", 3, .62, 4},
                                      {kCifar, "simple-cnn", "grid", 5, .58, 17, 401e3},
                                      {kCifar, "simple-cnn", "grid", 3, .59, 55},
                                      {kCifar, "simple-cnn", kGp, 5, .68, 16, 327e3},
                                      {kCifar, "simple-cnn", kGp, 3, .66, 26},
                                      {kFashion, "dense-poly", "random", 5, .826, 56, 94e3},
                                      {kFashion, "dense-poly", "random", 3, .83, 27},
                                      {kFashion, "dense-poly", "grid", 5, .81, 40, 67e3},
                                      {kFashion, "dense-poly", "grid", 3, .81, 19},
                                      {kFashion, "dense-poly", kGp, 5, .833, 29, 32e3},
                                      {kFashion, "dense-poly", kGp, 3, .85, 46},
                                      {kFashion, "dense-linear", "random", 5, .81, 52},
                                      {kFashion, "dense-linear", "random", 3, .84, 23},
                                      {kFashion, "dense-linear", "grid", 5, .81, 30},
                                      {kFashion, "dense-linear", "grid", 3, .81, 54},
                                      {kFashion, "dense-linear", kGp, 5, .84, 18},
                                      {kFashion, "dense-linear", kGp, 3, .85, 47},
                                      {kFashion, "simple-cnn", "random", 5, .8879, 29, 271e3},
                                      {kFashion, "simple-cnn", "random", 3, .879, 39},
                                      {kFashion, "simple-cnn", "grid", 5, .86, 14, 134e3},
                                      {kFashion, "simple-cnn", "grid", 3, .875, 20},
                                      {kFashion, "simple-cnn", kGp, 5, .8876, 20, 133e3},
                                      {kFashion, "simple-cnn", kGp, 3, .884, 36}};

}  // namespace

const HpoPaperCell* hpo_paper_cell(std::string_view data, std::string_view model,
                                   std::string_view strategy, std::size_t dimensions) {
  if (strategy.starts_with("gp")) strategy = kGp;
  for (const HpoPaperCell& cell : kHpoCells) {
    if (cell.data == data && cell.model == model && cell.strategy == strategy &&
        cell.dimensions == dimensions) {
      return &cell;
    }
  }
  return nullptr;
}

}  // namespace joule::study

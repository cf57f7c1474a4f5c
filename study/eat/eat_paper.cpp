// SPDX-License-Identifier: MIT
#include "joule/study/eat/eat_paper.h"

#include <algorithm>
#include <array>

namespace joule::study {
namespace {

constexpr std::array kTable{EatPaperCell{"gtsrb", "resnet18", .91, .93, .76, .55, 27.63},
                            EatPaperCell{"gtsrb", "vgg16", .90, .89, .69, .63, 8.69},
                            EatPaperCell{"cifar-10", "resnet18", .92, .90, .73, .61, 16.43},
                            EatPaperCell{"cifar-10", "vgg16", .91, .88, .67, .53, 20.89},
                            EatPaperCell{"celeba", "resnet18", .76, .78, .68, .63, 7.35},
                            EatPaperCell{"celeba", "vgg16", .77, .78, .63, .54, 14.28}};

}  // namespace

const EatPaperCell* eat_paper_cell(std::string_view data, std::string_view model) {
  const auto* const found = std::ranges::find_if(
      kTable, [&](const EatPaperCell& cell) { return cell.data == data && cell.model == model; });
  return found == kTable.end() ? nullptr : found;
}

}  // namespace joule::study

// SPDX-License-Identifier: MIT
#include "joule/data/validation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/data/transform.h"

namespace joule {
namespace {

/// How many images each class gives up, by the method of the largest remainder.
std::vector<std::int64_t> quotas(const std::vector<std::vector<std::int64_t>>& classes,
                                 double share, std::int64_t images) {
  std::vector<std::int64_t> quota;
  std::vector<double> fraction;
  for (const auto& members : classes) {
    const double exact = share * static_cast<double>(members.size());
    quota.push_back(static_cast<std::int64_t>(exact));
    fraction.push_back(exact - std::floor(exact));
  }
  std::vector<std::size_t> order(classes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t label) { return fraction[label]; });
  std::int64_t left = std::llround(share * static_cast<double>(images)) -
                      std::accumulate(quota.begin(), quota.end(), std::int64_t{0});
  for (const std::size_t label : order) {
    const std::int64_t most = std::max<std::int64_t>(0, std::ssize(classes[label]) - 1);
    const std::int64_t more = left > 0 && fraction[label] > 0 && quota[label] < most ? 1 : 0;
    quota[label] = std::min(quota[label] + more, most);
    left -= more;
  }
  return quota;
}

Dataset part_of(const Dataset& images, const std::vector<bool>& held_back, bool wanted) {
  Dataset part = images;
  part.labels.clear();
  part.indices.clear();
  for (std::size_t i = 0; i < held_back.size(); ++i) {
    if (held_back[i] != wanted) continue;
    part.labels.push_back(images.labels[i]);
    part.indices.push_back(images.indices.empty() ? static_cast<std::int64_t>(i)
                                                  : images.indices[i]);
  }
  part.shape = {std::ssize(part.labels), images.shape[1], images.shape[2], images.shape[3]};
  return part;
}

}  // namespace

ValidationSplit hold_back(const Dataset& images, double share, std::uint64_t seed) {
  images.check();
  require(share >= 0 && share < 1, "validation: expected a share from 0 to below 1, got ", share);
  if (share == 0) return {.train = images, .validation = {}};
  std::vector<std::vector<std::int64_t>> classes(static_cast<std::size_t>(images.classes()));
  for (std::int64_t i = 0; i < images.size(); ++i) {
    classes[static_cast<std::size_t>(images.labels[static_cast<std::size_t>(i)])].push_back(i);
  }
  const std::vector<std::int64_t> quota = quotas(classes, share, images.size());
  require(
      std::ranges::any_of(quota, [](std::int64_t count) { return count > 0; }),
      "validation: ", share, " of the ", images.size(), " images of ", images.name,
      " is none, as every class keeps one; expected a larger share, more images, or 0 (nothing ",
      "is chosen then)");
  std::vector<bool> held_back(images.labels.size());
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const auto order =
        held_back_order(seed, static_cast<std::int64_t>(label), std::ssize(classes[label]));
    for (std::int64_t k = 0; k < quota[label]; ++k) {
      held_back[static_cast<std::size_t>(
          classes[label][static_cast<std::size_t>(order[static_cast<std::size_t>(k)])])] = true;
    }
  }
  return {.train = part_of(images, held_back, false),
          .validation = part_of(images, held_back, true)};
}

}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/training/sliced_net.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace joule::training {
namespace {

/// The mask of tensors that lie one after the other, or null if one of them has none.
std::shared_ptr<ZeroMask> joined(const std::vector<std::shared_ptr<const ZeroMask>>& masks) {
  std::int64_t rows = 0, nonzeros = 0;
  for (const auto& mask : masks) {
    if (!mask || mask->device() != Device::cpu || mask->channels() != masks[0]->channels()) {
      return nullptr;
    }
    rows += mask->rows();
    nonzeros += mask->nonzeros();
  }
  auto all = std::make_shared<ZeroMask>(rows, masks[0]->channels(), Device::cpu);
  std::uint64_t* to = all->words();
  for (const auto& mask : masks) {
    to = std::copy_n(mask->words(), mask->rows() * mask->words_per_row(), to);
  }
  all->set_nonzeros(nonzeros);
  return all;
}

}  // namespace

SlicedNet::Parts::Parts(nn::Module& net)
    : layers(nn::GraphBuilder::build(net, nn::GraphBuilder::Depth::all, net.name())) {
  if (!nn::forward_observers().empty()) return;
  for (std::size_t i = 1; i < layers.nodes() && linear == 0; ++i) {
    if (layers.kind(i) == "Linear" && layers.is_cut(i)) linear = i;
  }
}

const SlicedNet::Parts& SlicedNet::parts() const {
  std::call_once(once_, [this] { parts_.emplace(net_); });
  return *parts_;
}

Tensor SlicedNet::run(const Tensor& images, std::int64_t slice, const Around& around) const {
  const std::int64_t n = images.dim(0);
  const Device device = net_.device();
  if (slice >= n) return around([&] { return net_(images.to(device)); });
  const auto& [layers, linear] = parts();
  const auto features = [&, &layers = layers, linear = linear](Tensor some) {
    return linear > 0 ? layers.run(0, linear, std::move(some)) : net_(std::move(some));
  };
  Tensor all;
  std::vector<std::shared_ptr<const ZeroMask>> masks;
  for (std::int64_t first = 0; first < n; first += slice) {
    const std::int64_t count = std::min(slice, n - first);
    const Tensor part = around([&] { return features(images.slice(first, count).to(device)); });
    if (!all) all = Tensor({n, part.dim(1)}, part.dtype(), device);
    all.slice(first, count).copy_from(part);
    masks.push_back(part.zero_mask());
  }
  if (linear == 0) return all;
  if (const auto mask = joined(masks)) all.attach(mask);
  return around(
      [&, &layers = layers, linear = linear] { return layers.run(linear, layers.nodes(), all); });
}

}  // namespace joule::training

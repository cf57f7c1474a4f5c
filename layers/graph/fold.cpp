// SPDX-License-Identifier: MIT
#include "joule/layers/graph/fold.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <optional>

namespace joule::nn {
namespace {

/// The values that a tensor had.
class Contents {
 public:
  explicit Contents(const Tensor& tensor)
      : tensor_(tensor ? tensor.detach() : tensor), version_(tensor ? tensor.version() : 0) {}
  bool are_those_of(const Tensor& tensor) const {
    if (!tensor || !tensor_) return tensor.defined() == tensor_.defined();
    return tensor_.same_storage(tensor) && tensor.version() == version_;
  }

 private:
  Tensor tensor_;  // held, so that its storage is nobody else's
  std::uint64_t version_;
};

FoldedConv fold(const NormedConv& conv) {
  const auto host = [](const Tensor& tensor) { return tensor.to(Device::cpu); };
  const Tensor weight = host(conv.weight), gamma = host(conv.gamma), beta = host(conv.beta);
  const Tensor mean = host(conv.mean), var = host(conv.var);
  const Tensor bias = conv.bias ? host(conv.bias) : Tensor();
  const FoldedConv made{Tensor(weight.shape(), weight.dtype()),
                        Tensor(gamma.shape(), weight.dtype())};
  visit_float(weight.dtype(), [&]<class T>(T) {
    const std::int64_t outputs = weight.dim(0), taps = weight.numel() / outputs;
    const T* const w = weight.data<T>();
    T* const folded_w = made.weight.mutable_data<T>();
    T* const folded_b = made.bias.mutable_data<T>();
    for (std::int64_t o = 0; o < outputs; ++o) {
      const double g = gamma.data<T>()[o] / std::sqrt(var.data<T>()[o] + conv.epsilon);
      const double b = bias ? bias.data<T>()[o] : 0.0;
      folded_b[o] = static_cast<T>((b - mean.data<T>()[o]) * g + beta.data<T>()[o]);
      std::transform(w + o * taps, w + (o + 1) * taps, folded_w + o * taps,
                     [g](T value) { return static_cast<T>(value * g); });
    }
  });
  const Device device = conv.weight.device();
  return {made.weight.to(device), made.bias.to(device)};
}

/// Kept with the weight of a convolution for as long as that is not written.
class Kept {
 public:
  FoldedConv get(const NormedConv& conv) const {
    const std::array<const Tensor*, 5> others{&conv.bias, &conv.gamma, &conv.beta, &conv.mean,
                                              &conv.var};
    const std::lock_guard lock(mutex_);
    const bool current =
        epsilon_ == conv.epsilon && std::ranges::equal(contents_, others, [](auto& had, auto* now) {
          return had.are_those_of(*now);
        });
    if (!current) {
      folded_ = fold(conv);
      epsilon_ = conv.epsilon;
      contents_.clear();
      for (const Tensor* const tensor : others) contents_.emplace_back(*tensor);
    }
    return folded_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::vector<Contents> contents_;
  mutable std::optional<double> epsilon_;
  mutable FoldedConv folded_;
};

}  // namespace

FoldedConv folded(const NormedConv& conv) {
  return conv.weight
      .derived<Kept>("folded batch norm", [] { return std::make_shared<const Kept>(); })
      ->get(conv);
}

}  // namespace joule::nn

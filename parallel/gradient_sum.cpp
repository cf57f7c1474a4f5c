// SPDX-License-Identifier: MIT
#include "joule/parallel/gradient_sum.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "joule/core/error.h"

namespace joule::parallel {
namespace {

constexpr std::size_t kAligned = 16;  // floats: a tensor of its own would begin so

std::size_t room_of(const Tensor& tensor) {
  return (static_cast<std::size_t>(tensor.numel()) + kAligned - 1) / kAligned * kAligned;
}

void add(std::span<const float> first, std::span<float> to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = first[i] + to[i];
}

}  // namespace

GradientSum::GradientSum(Communicator& ranks, std::vector<NamedTensor> parameters,
                         std::vector<NamedTensor> averaged, Order order, std::int64_t bucket_bytes)
    : ranks_(ranks), order_(order) {
  std::size_t end = 0;
  const auto place = [&](std::vector<Place>& places, const NamedTensor& named) {
    require(named.tensor.dtype() == DType::f32 && named.tensor.device() == Device::cpu,
            "sum of gradients: ", named.name, " is ", named.tensor.dtype(), " on ",
            named.tensor.device(), ": expected f32 on the CPU");
    places.push_back({.tensor = named.tensor, .begin = end, .bucket = buckets_.size() - 1});
    end += room_of(named.tensor);
    buckets_.back().end = end;
    ++buckets_.back().places;
  };
  // Backward reaches the last layers first.
  std::ranges::reverse(parameters);
  for (const NamedTensor& parameter : parameters) {
    const auto filled = [&] {
      return (buckets_.back().end - buckets_.back().begin) * sizeof(float);
    };
    if (buckets_.empty() || filled() >= static_cast<std::size_t>(bucket_bytes)) {
      buckets_.push_back({.begin = end, .end = end});
    }
    place(gradients_, parameter);
  }
  if (averaged.empty()) return;
  buckets_.push_back({.begin = end, .end = end});
  for (const NamedTensor& tensor : averaged) place(averaged_, tensor);
}

void GradientSum::put(Place& place, const Tensor& values, float weight) {
  const auto from = values.values<float>();
  float* const to = sum_.mutable_data<float>() + place.begin;
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = weight * from[i];
}

void GradientSum::take_slice(float weight) {
  for (Place& place : gradients_) {
    if (const Tensor grad = place.tensor.grad()) {
      put(place, grad, 1);
      place.any = true;
    }
    place.tensor.zero_grad();
  }
  for (Place& place : averaged_) put(place, place.tensor, weight);
}

/// The sum of this slice and of all before it that have no other neighbour left.
void GradientSum::carry(std::size_t slice) {
  const auto values = sum_.values<float>();
  Values sum(values.begin(), values.end());
  for (std::size_t pairs = slice; pairs % 2 == 1; pairs /= 2) {
    add(carried_.back(), sum);
    carried_.pop_back();
  }
  carried_.push_back(std::move(sum));
}

void GradientSum::start(const Bucket& bucket) {
  const std::span<float> values(sum_.mutable_data<float>() + bucket.begin,
                                bucket.end - bucket.begin);
  for (auto sum = carried_.rbegin(); sum != carried_.rend(); ++sum) {
    add(std::span(*sum).subspan(bucket.begin, values.size()), values);
  }
  ranks_.start_sum(values, order_);
}

/// In their order, which all ranks must have in common.
void GradientSum::start_full_buckets() {
  while (started_ < buckets_.size() && buckets_[started_].missing == 0) {
    start(buckets_[started_++]);
  }
}

void GradientSum::run_last(std::size_t slice, float weight,
                           const std::function<void(std::size_t)>& run) {
  std::unordered_map<const autograd::Meta*, Place*> places;
  for (Bucket& bucket : buckets_) bucket.missing = bucket.places;
  for (Place& place : gradients_) {
    places.emplace(place.tensor.meta().get(), &place);
    place.arrived = false;
  }
  started_ = 0;
  {
    const auto told = leaf_gradient_observers().add([&](const LeafGradientEvent& event) {
      const auto found = places.find(event.leaf);
      if (found == places.end()) return;
      Place& place = *found->second;
      put(place, event.grad, 1);
      place.arrived = place.any = true;
      --buckets_[place.bucket].missing;
      start_full_buckets();
      ranks_.progress();
    });
    run(slice);
  }
  for (Place& place : averaged_) put(place, place.tensor, weight);
  for (Bucket& bucket : buckets_) bucket.missing = 0;  // what has not come is zero
  start_full_buckets();
  ranks_.wait();
}

void GradientSum::sum(std::span<const float> weights, const std::function<void(std::size_t)>& run) {
  require(!weights.empty() && (order_ == Order::any || std::has_single_bit(weights.size())),
          "sum of gradients: expected a power of two of slices, got ", weights.size());
  carried_.clear();
  std::vector<Tensor> before;  // what each slice begins with
  for (Place& place : gradients_) place.any = false;
  for (const Place& place : averaged_) before.push_back(place.tensor.clone());
  const std::int64_t values = buckets_.empty() ? 0 : static_cast<std::int64_t>(buckets_.back().end);
  for (std::size_t slice = 0; slice < weights.size(); ++slice) {
    for (std::size_t i = 0; i < before.size() && slice > 0; ++i) {
      averaged_[i].tensor.copy_from(before[i]);
    }
    sum_ = Tensor::zeros({values});
    if (slice + 1 == weights.size()) {
      run_last(slice, weights[slice], run);
    } else {
      run(slice);
      take_slice(weights[slice]);
      carry(slice);
    }
  }
  const auto part = [&](const Place& place) {
    return sum_.slice(static_cast<std::int64_t>(place.begin), place.tensor.numel())
        .reshape(place.tensor.shape());
  };
  for (const Place& place : gradients_) place.tensor.set_grad(place.any ? part(place) : Tensor());
  for (const Place& place : averaged_) place.tensor.copy_from(part(place));
}

}  // namespace joule::parallel

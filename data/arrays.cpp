// SPDX-License-Identifier: MIT
#include "joule/data/arrays.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "joule/core/error.h"

namespace joule {
namespace {

Shape nhwc(const std::string& name, const Shape& shape) {
  require(shape.rank() == 4 || shape.rank() == 2, "dataset ", name,
          ": expected images of shape [N,H,W,C], or rows [N,F], got ", shape);
  return shape.rank() == 4 ? shape : Shape{shape[0], 1, 1, shape[1]};
}

std::vector<std::string> numbered(const std::string& name,
                                  const std::vector<std::int32_t>& labels) {
  const std::int32_t largest = labels.empty() ? 0 : std::ranges::max(labels);
  // So that a number which is no label costs an error, and not the memory for so many names.
  constexpr std::int32_t kMostClasses = 1 << 20;
  require(largest < kMostClasses, "dataset ", name, ": label ", largest, ", expected less than ",
          kMostClasses);
  std::vector<std::string> names;
  for (std::int32_t i = 0; i <= largest; ++i) names.push_back(std::to_string(i));
  return names;
}

/// Names, normalises and checks a set that has all else.
Dataset finished(Dataset set, ArrayOptions options) {
  set.name = std::move(options.name);
  if (const Dataset* const like = options.like) {
    require(options.class_names.empty(), "dataset ", set.name, ": its class names are those of ",
            like->name, ", expected no others");
    require(set.shape.rank() == 4 && set.image_shape() == like->image_shape(), "dataset ", set.name,
            ": expected images of shape ", like->image_shape(), " like ", like->name, ", got ",
            set.image_shape());
    require((set.values != nullptr) == (like->values != nullptr), "dataset ", set.name, ": got ",
            set.values ? "floats" : "bytes", " to be normalised like ", like->name, ", which has ",
            like->values ? "floats" : "bytes");
    set.class_names = like->class_names;
    set.mean = like->mean;
    set.deviation = like->deviation;
  } else {
    set.class_names = options.class_names.empty() ? numbered(set.name, set.labels)
                                                  : std::move(options.class_names);
    const auto channels = static_cast<std::size_t>(set.shape[3]);
    set.mean.assign(channels, 0);
    set.deviation.assign(channels, 1);
    set.check();  // before anything is read
    DataSplit alone{.train = std::move(set), .test = {}};
    measure_normalization(alone);
    set = std::move(alone.train);
  }
  set.check();
  return set;
}

}  // namespace

Dataset dataset_of(const Tensor& images, const Tensor& labels, ArrayOptions options) {
  const std::string& name = options.name;
  require(images.defined() && images.dtype() == DType::f32, "dataset ", name,
          ": expected images of f32, got ", images.defined() ? str(images.dtype()) : "no tensor");
  require(labels.defined() && labels.dtype() == DType::i32 && labels.shape().rank() == 1,
          "dataset ", name, ": expected labels i32 [N], got ",
          labels.defined() ? str(labels.dtype(), " ", labels.shape()) : "no tensor");
  const Tensor here = images.to(Device::cpu), labels_here = labels.to(Device::cpu);
  const auto values = here.values<float>();
  const auto classes = labels_here.values<std::int32_t>();
  Dataset set;
  set.shape = nhwc(name, images.shape());
  set.labels.assign(classes.begin(), classes.end());
  set.values = std::make_shared<const std::vector<float>>(values.begin(), values.end());
  const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
  require(bad == values.end(), "dataset ", name, ": image ",
          bad == values.end() ? 0 : (bad - values.begin()) / set.image_shape().numel(), " has ",
          bad == values.end() ? 0 : *bad, ", expected finite values");
  return finished(std::move(set), std::move(options));
}

Dataset dataset_of(const Shape& shape, std::vector<std::uint8_t> images,
                   std::vector<std::int32_t> labels, ArrayOptions options) {
  Dataset set;
  set.shape = nhwc(options.name, shape);
  set.pixels = std::make_shared<const std::vector<std::uint8_t>>(std::move(images));
  set.labels = std::move(labels);
  return finished(std::move(set), std::move(options));
}

}  // namespace joule

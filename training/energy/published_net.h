// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/core/tensor.h"
#include "joule/energy/models/asic_model.h"
#include "joule/layers/module.h"

namespace joule::training {

/// What a leaf layer (one without children) counts in one pass: all its calls together.
struct LayerCounts {
  std::string layer;  // full name
  std::string kind;   // "Conv2d"
  energy::AsicCounts counts;
};

/// The number of values whose magnitude is above the threshold; a NaN's is not.
std::int64_t count_above(float threshold, const Tensor& values);

/// Of a net by this name, what the code of sponge poisoning puts around it.
struct PublishedNet {
  std::string name;                    // "vgg16"
  std::vector<float> mean, deviation;  // what its images were normalised with; empty: unknown
};

/// The layers that the code of sponge poisoning runs and Joule does not, as they do no work:
///
///   (normaliser)   in front: (pixel - mean) / deviation, with both as buffers, 2 values per
///                  channel.  Its input are the pixels as they were: a black one is zero there.
///   (pool)         of vgg16 alone: an average pool of 1x1 behind the last maximum pool
///   (flatten)      before the last layer, unless there is a Flatten already
///   (flatten of the logits)   behind it
///
/// All hand on as many values as they read.
class PublishedLayers {
 public:
  /// Errors    ArgumentError if the net is not one input and one output, or mean and deviation are
  ///           not one per channel.
  PublishedLayers(nn::Module& net, PublishedNet published, float threshold);

  /// The line of the normaliser that puts out `images` [N,H,W,C], as the net reads them.  If mean
  /// and deviation are unknown, as many of its inputs as of its outputs are not zero, and none of
  /// its buffers is.
  LayerCounts normaliser(const Tensor& images) const;
  /// The lines of the layers directly before a leaf layer that counts `counts`, and behind it.
  std::vector<LayerCounts> before(std::string_view layer, const energy::AsicCounts& counts) const;
  std::vector<LayerCounts> behind(std::string_view layer, const energy::AsicCounts& counts) const;

 private:
  PublishedNet published_;
  float threshold_;
  std::string last_;       // puts out the logits
  bool flattens_ = false;  // the layer before it is a Flatten
  std::string pooled_;     // reads what the average pool of 1x1 puts out; empty: there is none
};

}  // namespace joule::training

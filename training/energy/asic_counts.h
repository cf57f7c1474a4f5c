// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/core/random.h"
#include "joule/energy/ledger.h"
#include "joule/energy/models/asic_model.h"
#include "joule/layers/module.h"
#include "joule/training/energy/published_net.h"

namespace joule::training {

struct CountOptions {
  int threshold_bits = 32;  // see energy::zero_threshold()
  /// Instead of what they compute, all ReLUs put out values of which this share is not zero: each
  /// independently of all others, uniform in [.5, 1.5) if it is not.  Everything else is computed
  /// from them.
  std::optional<double> relu_density{};
  /// Counts also what the code of sponge poisoning runs around the net: see PublishedLayers.
  std::optional<PublishedNet> published{};
};

/// Runs one batch through the net, in evaluation mode and without gradients, as one forward pass;
/// the net is in its old mode afterwards.  Counts for the accelerator models of
/// energy/models/asic_model.h:
///
///   layer              operations (y the output, x the input)
///   Conv2d             numel(y) kernel_h kernel_w channels(x): groups ignored, padding counted
///   Linear             numel(weight) numel(x) / features(x)
///   BatchNorm          4 numel(x)
///   MaxPool2d, AvgPool2d   numel(y) kernel_h kernel_w
///   GlobalAvgPool      numel(x)
///   ReLU, Dropout, Flatten   0
///   Add, Concat        no line: where branches meet, the published codes count nothing
///   a kind of a user's      what its Kind::operations says
///
/// The published nets rectify in place, so that the input of a ReLU is counted after the ReLU has
/// overwritten it: its non-zeros are those of the output.  So it is here, whatever the ReLU does.
///
/// The operations are recorded in `ledger`, each layer's as its own: nothing is fused meanwhile.
/// Synthetic ReLU outputs are drawn from `generator`.
///
/// Returns   a line per leaf layer, in the order of their first calls; those of PublishedLayers
/// where
///           they would run.
/// Cost      a forward pass, and one pass over every input and output to count its non-zeros.
/// Numerics  a NaN is not above the threshold: it counts as zero, as in the published code.
/// Errors    ArgumentError for another width, a density outside [0, 1], or a leaf layer of a kind
///           of which it is not known what is to be counted (layer, kind).
std::vector<LayerCounts> count_pass(nn::Module& net, const Tensor& images,
                                    const CountOptions& options, energy::Ledger& ledger,
                                    Generator& generator = default_generator());

/// Adds another pass of the same net, layer by layer.  An empty sum takes over the pass.
///
/// Errors    ArgumentError if the layers differ.
void add(std::vector<LayerCounts>& sum, const std::vector<LayerCounts>& pass);

/// The sum over the layers.
energy::AsicCounts total(const std::vector<LayerCounts>& layers);

}  // namespace joule::training

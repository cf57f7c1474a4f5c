// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/layers/graph/net.h"
#include "joule/models/models.h"

namespace joule::training {

/// A net with everything needed to use it on new images.
struct Model {
  ModelSpec spec;
  nn::Net net;
  std::string data;  // the data set that it was trained on, as a name for load_dataset()
  // The normalisation of its images, per channel: (pixel / 255 - mean) / deviation.
  std::vector<float> mean, deviation;
  // The net after `epoch` epochs of a run of `epochs`; 0 if unknown.
  std::int64_t epoch = 0, epochs = 0;
  std::vector<std::string> class_names{};  // empty: the file does not say
  std::optional<Fit> fit{};                // how image files were resized for it, if they were

  /// `dataset`, to be normalised as for this net's training.
  /// Errors    ArgumentError if its images have another shape, or it has another number of classes.
  Dataset prepare(Dataset dataset) const;
  /// The halves of a data set, by its name for load_dataset() (empty: `data`).  Image files get the
  /// size that the net takes; normalised as for its training.  Errors: as load_dataset() and
  /// prepare().
  DataSplit load_data(const std::string& name_or_path = "") const;
  /// Image files as the net takes them: f32 [N,H,W,C], resized and normalised as for its training
  /// (cropped if those images had one size; the region of interest is the whole image), grey or in
  /// colour as in training.  Errors: DataError as read_image().
  Tensor read_images(std::span<const std::string> paths) const;
};

/// A new net for the images of `dataset`, which is known as `data`: the net `name` or, if `net` is
/// not empty, that of this graph (as parse_graph() reads it), which must have that name.
///
/// Errors    as make_model(); ArgumentError if the graph has another name, is invalid (file_net()),
///           or its images or classes differ from those of the data set.
Model make_model_for(const std::string& name, const std::string& data, const Dataset& dataset,
                     const std::string& net = {});

/// The graph of a net from a file that can be trained: its input is an image, its output classes.
///
/// Errors    ArgumentError if it is not a graph (see parse_graph()); does not have one input
///           [H,W,C] and one output [K]; or has the name of one of Joule's nets, but differs from
///           it.
nn::Graph file_net(const std::string& json);

/// What such a net is made for.
///
/// Errors    ArgumentError as file_net().
ModelSpec spec_of(const nn::Graph& graph);

/// The graph of the model's net as JSON, named as the model; empty if a layer is of a kind of its
/// own, which no file can represent.
///
/// Errors    as graph_of().
std::string graph_json(Model& model);

/// Writes a safetensors file that PyTorch can read: convolution weights as [out, in, kh, kw], those
/// of a linear layer behind a Flatten with columns in the order channel, row, column.  The
/// metadata: format "pt"; joule (the version); joule.layout and joule.flattened (see
/// io/safetensors.h); model, image (HxW), channels, classes; net (its graph as JSON, unless layers
/// are of kinds of their own); data; mean and deviation (JSON arrays); and if known, class_names
/// (also an array), fit, epoch and epochs.
///
/// Errors    as save_safetensors().
void save_model(const std::string& path, Model& model);

/// Reads what save_model() wrote, ready for inference (evaluation mode), in the layout that the
/// file states; if it states none, in that of save_model().  For a folder, reads the
/// model.safetensors in it.
///
/// Cost      one forward pass of one image, which shows where the net flattens.
/// Errors    DataError if there is no such file, the metadata are bad, the net does not fit the
///           tensors, flattens elsewhere than the file says, or differs from its graph.
Model load_model(const std::string& path_or_folder);

}  // namespace joule::training

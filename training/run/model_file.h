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

/// A net with all that is needed to use it on new images.
struct Model {
  ModelSpec spec;
  nn::Net net;
  std::string data;  // the data set that it was trained on, as load_dataset() takes it
  // What its images were normalised with, per channel: (pixel / 255 - mean) / deviation.
  std::vector<float> mean, deviation;
  // Of a run of `epochs` epochs the net after so many; 0 if that is not known.
  std::int64_t epoch = 0, epochs = 0;
  std::vector<std::string> class_names{};  // empty: of a file that does not say
  std::optional<Fit> fit{};  // how its images were made of files of any size, if they were

  /// `dataset`, to be normalised as this net was trained.
  /// Errors    ArgumentError if its images have another shape, or its classes another number.
  Dataset prepare(Dataset dataset) const;
  /// The halves of a data set, as load_dataset() takes it (empty: of `data`): image files in the
  /// size that the net takes, and normalised as it was trained. Errors    as load_dataset() and
  /// prepare().
  DataSplit load_data(const std::string& name_or_path = "") const;
  /// Image files as the net takes them: f32 [N,H,W,C], cut and normalised as its images were
  /// (cropped where those were of one size; a region of interest is the whole image), grey or in
  /// colours as it was trained. Errors    DataError as read_image().
  Tensor read_images(std::span<const std::string> paths) const;
};

/// A fresh net for the images of `dataset`, which is known as `data`: that of the name, or, if
/// `net` is not empty, that of this graph (as parse_graph() takes it), whose name it then is.
///
/// Errors    as make_model(); ArgumentError if the graph has another name, is not one (file_net()),
///           or takes other images or knows other classes than the data set has.
Model make_model_for(const std::string& name, const std::string& data, const Dataset& dataset,
                     const std::string& net = {});

/// A net from a file that can be trained: it takes images and has classes.
///
/// Errors    ArgumentError: not a graph (see parse_graph()); not one input of [H,W,C] and one
///           output of [K]; or it has the name of one of Joule's nets, but is another one.
nn::Graph file_net(const std::string& json);

/// What such a net is made for.
///
/// Errors    ArgumentError as file_net().
ModelSpec spec_of(const nn::Graph& graph);

/// The graph of the model's net as JSON, named as the model; empty if a layer is of a kind of its
/// own, which no file can hold.
///
/// Errors    as graph_of().
std::string graph_json(Model& model);

/// Writes a safetensors file that PyTorch reads: convolutions' weights as [out, in, kh, kw], those
/// of a linear layer behind a Flatten with their columns in the order channel, row, column.  The
/// metadata: format "pt"; joule (the version); joule.layout and joule.flattened (see
/// io/safetensors.h); model, image (HxW), channels, classes; net (its graph, as JSON, unless it
/// has layers of kinds of their own); data; mean and deviation (JSON arrays); class_names (the
/// same) and fit, epoch and epochs, if they are known.
///
/// Errors    as save_safetensors.
void save_model(const std::string& path, Model& model);

/// Reads what save_model() wrote, ready for inference (evaluation mode), in whichever layout it
/// says that it is; unless it says, as save_model() writes.  A folder stands for the
/// model.safetensors in it.
///
/// Cost      one forward pass of one image, which shows where the net flattens.
/// Errors    DataError: no such file, bad metadata, a net that does not fit to the tensors, that
///           flattens elsewhere than the file says, or is another one than its graph says.
Model load_model(const std::string& path_or_folder);

}  // namespace joule::training

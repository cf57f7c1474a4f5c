// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/layers/containers.h"
#include "joule/models/models.h"

namespace joule::training {

/// A net with all that is needed to use it on new images.
struct Model {
  ModelSpec spec;
  nn::Sequential net;
  std::string data;  // the data set that it was trained on, as load_dataset() takes it
  // What its images were normalised with, per channel: (pixel / 255 - mean) / deviation.
  std::vector<float> mean, deviation;
  // Of a run of `epochs` epochs the net after so many; 0 if that is not known.
  std::int64_t epoch = 0, epochs = 0;

  /// `dataset`, to be normalised as this net was trained.
  /// Errors    ArgumentError if its images have another shape, or its classes another number.
  Dataset prepare(Dataset dataset) const;
};

/// A fresh net for the images of `dataset`, which is known as `data`.
Model make_model_for(const std::string& name, const std::string& data, const Dataset& dataset);

/// Writes a safetensors file that PyTorch reads: convolutions' weights as [out, in, kh, kw], those
/// of a linear layer behind a Flatten with their columns in the order channel, row, column.  The
/// metadata: format "pt"; joule (the version); joule.layout and joule.flattened (see
/// io/safetensors.h); model, image (HxW), channels, classes; data; mean and deviation (JSON
/// arrays); epoch and epochs, if they are known.
///
/// Errors    as save_safetensors.
void save_model(const std::string& path, Model& model);

/// Reads what save_model() wrote, ready for inference (evaluation mode), in whichever layout it
/// says that it is; unless it says, as save_model() writes.  A folder stands for the
/// model.safetensors in it.
///
/// Cost      one forward pass of one image, which shows where the net flattens.
/// Errors    DataError: no such file, bad metadata, a net that does not fit to the tensors, or that
///           flattens elsewhere than the file says.
Model load_model(const std::string& path_or_folder);

}  // namespace joule::training

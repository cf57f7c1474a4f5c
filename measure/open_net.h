// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/layers/graph/graph.h"
#include "joule/layers/graph/net.h"
#include "joule/training/run/model_file.h"

namespace joule::measure {

/// What images are normalised with, per channel, for a file that does not say: (pixel / 255 - mean)
/// / deviation.
struct Normalization {
  std::vector<double> mean{}, deviation{};
};

/// Gives a model that normalisation.
///
/// Errors    ArgumentError unless there are as many finite means and deviations above 0 as
/// channels.
void set_normalization(training::Model& model, const Normalization& given);

/// The model of a run's folder, of a model.safetensors, or of an ONNX file (NAME.onnx).  An ONNX
/// file that Joule wrote says of itself what a model file says; of another one data is empty, and
/// mean and deviation are those given here, or empty.  Features [N,F] are read as images 1xFx1.
///
/// Errors    as load_model() and exchange::import_onnx(); DataError for an ONNX file without one
///           input, one output of classes, or whose classes come in another order (a flattened
///           image); ArgumentError for a normalisation that does not fit to the channels, or of a
///           file that says its own.
training::Model open_model(const std::string& path, const Normalization& given = {});

/// Whether it names a net as data, without weights: NAME.json (docs/nets.md).
bool is_net_path(const std::string& path);
/// That net with weights drawn from default_generator(); data, mean and deviation are empty.
///
/// Errors    DataError if there is no such file, or as training::file_net().
training::Model fresh_model(const std::string& path);

/// Before images of a data set or a file are read.
/// Errors    ArgumentError if it is not known what they are normalised with.
void require_normalization(const training::Model& model);

/// What a file has as a net, whatever it reads and puts out: one of joule summary (docs/nets.md),
/// without weights, or an ONNX file.
struct OpenedNet {
  nn::Graph graph;
  nn::Net net;
};
/// Errors    as parse_graph() and exchange::import_onnx().
OpenedNet open_net(const std::string& path);

}  // namespace joule::measure

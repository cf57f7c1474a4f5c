// SPDX-License-Identifier: MIT
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/data/dataset.h"
#include "joule/layers/graph/graph.h"
#include "joule/measure/open_net.h"
#include "joule/models/models.h"
#include "joule/python/src/bindings.h"
#include "joule/training/evaluate.h"
#include "joule/training/run/model_file.h"

namespace joule::python {
namespace {

using training::Model;

constexpr std::int64_t kAtOnce = 256;  // images between two looks at Ctrl-C

/// The built-in net as it is usually used, but for what is said.
Model built_in(const std::string& name, const Dataset* dataset,
               std::optional<std::pair<std::int64_t, std::int64_t>> image,
               std::optional<std::int64_t> channels, std::optional<std::int64_t> classes,
               std::optional<std::uint64_t> seed) {
  if (seed) manual_seed(*seed);
  if (dataset) {
    require(!image && !channels && !classes,
            "model: image, channels and classes are those of the data set ", dataset->name);
    return training::make_model_for(name, dataset->name, *dataset);
  }
  ModelSpec spec = usual_spec(name);
  if (image) spec.image = {image->first, image->second};
  if (channels) spec.channels = *channels;
  if (classes) spec.classes = *classes;
  return {.spec = spec, .net = make_model(spec)};
}

Model load(const std::string& path, const std::vector<double>& mean,
           const std::vector<double>& deviation) {
  const nb::gil_scoped_release unlocked;
  const measure::Normalization given{mean, deviation};
  if (!measure::is_net_path(path)) return measure::open_model(path, given);
  require(mean.empty() && deviation.empty(), "load: ", path,
          " is a net without weights; mean and deviation are of no use to it");
  return measure::fresh_model(path);
}

Tensor forward(Model& model, nb::handle images) {
  Tensor x = images_for(model, images);
  const nb::gil_scoped_release unlocked;
  return model.net(std::move(x));
}

std::pair<Tensor, std::vector<Tap>> forward_with_taps(Model& model, nb::handle images, float sigma,
                                                      float cutoff, const std::string& layers) {
  Tensor x = images_for(model, images);
  const TapOptions options{
      .layers = choice("layers", layers, {"relu", "all"}) == 0 ? TapLayers::relu : TapLayers::all,
      .sigma = sigma,
      .cutoff = cutoff};
  const nb::gil_scoped_release unlocked;
  return model.net.forward_with_taps(std::move(x), options);
}

/// In pieces, between which Ctrl-C is looked for.
Tensor predict(Model& model, nb::handle images) {
  const Tensor x = images_for(model, images);
  return interruptible([&](const auto& stop) {
    const std::int64_t count = x.dim(0);
    if (count <= kAtOnce) return training::predict(model.net, x);
    Tensor logits;
    for (std::int64_t first = 0; first < count && !stop(); first += kAtOnce) {
      const std::int64_t some = std::min(kAtOnce, count - first);
      const Tensor part = training::predict(model.net, x.slice(first, some));
      if (!logits) logits = Tensor(Shape{count, part.dim(1)});
      logits.slice(first, some).copy_from(part);
    }
    return logits;
  });
}

std::map<std::string, Tensor> parameters(const Model& model) {
  std::map<std::string, Tensor> named;
  for (const NamedTensor& p : model.net.parameters()) named.emplace(p.name, p.tensor);
  return named;
}

void load_state(Model& model, const nb::dict& state) {
  State given;
  for (const auto& [key, value] : state) {
    const std::string name = nb::cast<std::string>(key);
    given.tensors.emplace(name, as_tensor(value, name));
  }
  model.net.load_state(given);
}

void require_per_channel(const Model& model, std::string_view what,
                         const std::vector<float>& numbers) {
  const bool finite = std::ranges::all_of(numbers, [](float n) { return std::isfinite(n); });
  require(std::ssize(numbers) == model.spec.channels && finite, what, ": expected ",
          model.spec.channels, " finite numbers, one per channel");
}

void save(Model& model, const std::string& path) {
  require(
      !model.mean.empty() && !model.deviation.empty(), "save: ", model.spec.name,
      " does not say how its images are normalised: set net.mean and net.deviation, numbers per "
      "channel (0 and 1: pixels from 0 to 1 as they are)");
  const nb::gil_scoped_release unlocked;
  training::save_model(path, model);
}

std::string repr(const Model& model) {
  return str("joule.Net(", model.spec.name, ": ", model.spec.image, "x", model.spec.channels,
             " -> ", model.spec.classes, ", ", model.net.parameter_count(), " parameters)");
}

void bind_net_class(nb::module_& m) {
  nb::class_<Model>(m, "Net", "A net with everything needed to use it on new images.")
      .def_prop_ro("name", [](const Model& net) { return net.spec.name; })
      .def_prop_ro(
          "image_shape",
          [](const Model& net) {
            return nb::make_tuple(net.spec.image.h, net.spec.image.w, net.spec.channels);
          },
          "(height, width, channels) of the images that it takes.")
      .def_prop_ro("classes", [](const Model& net) { return net.spec.classes; })
      .def_prop_ro("class_names", [](const Model& net) { return net.class_names; })
      .def_prop_ro(
          "data", [](const Model& net) { return net.data; },
          "The data set that it was trained on; empty if the file does not say.")
      .def_prop_rw(
          "mean", [](const Model& net) { return net.mean; },
          [](Model& net, const std::vector<float>& mean) {
            require_per_channel(net, "mean", mean);
            net.mean = mean;
          },
          "Per channel; a pixel goes in as (value / 255 - mean) / deviation.")
      .def_prop_rw(
          "deviation", [](const Model& net) { return net.deviation; },
          [](Model& net, const std::vector<float>& deviation) {
            require_per_channel(net, "deviation", deviation);
            require(std::ranges::all_of(deviation, [](float d) { return d > 0; }),
                    "deviation: expected numbers above 0");
            net.deviation = deviation;
          })
      .def_prop_ro("parameter_count", [](const Model& net) { return net.net.parameter_count(); })
      .def_prop_ro("training", [](const Model& net) { return net.net.training(); })
      .def("__repr__", &repr)
      .def("__call__", &forward, nb::arg("images"),
           "The logits [N,classes] of images f32 [N,H,W,C], on the tape unless inside no_grad().")
      .def(
          "forward_with_taps", &forward_with_taps, nb::arg("images"), nb::arg("sigma") = 0.0f,
          nb::arg("cutoff") = 0.0f, nb::arg("layers") = "relu",
          "The logits, and the outputs of the ReLUs (or of all layers) for l0_penalty().  With its "
          "sigma and cutoff, each ReLU sums the penalty in its own pass.")
      .def("predict", &predict, nb::arg("images"),
           "The logits in evaluation mode, off the tape.  Errors: KeyboardInterrupt on Ctrl-C.")
      .def(
          "read_images",
          [](const Model& net, const std::vector<std::string>& paths) {
            measure::require_normalization(net);
            const nb::gil_scoped_release unlocked;
            return net.read_images(paths);
          },
          nb::arg("paths"),
          "Image files as the net takes them: resized and normalised as for its training.")
      .def("parameters", &parameters, "The weights by name; shared, not copied.")
      .def(
          "state", [](const Model& net) { return net.net.state().tensors; },
          "Parameters and running statistics by name; shared, not copied.")
      .def(
          "load_state", &load_state, nb::arg("state"),
          "Copies values in, from tensors or arrays.  Errors: ArgumentError that lists missing and "
          "unexpected names and wrong shapes; then nothing has changed.")
      .def("zero_grad", [](Model& net) { net.net.zero_grad(); })
      .def(
          "train", [](Model& net, bool on) { net.net.train(on); }, nb::arg("on") = true,
          "Training mode: batch statistics, dropout.")
      .def(
          "eval", [](Model& net) { net.net.eval(); }, "Evaluation mode.")
      .def("save", &save, nb::arg("path"),
           "Writes a model.safetensors, which PyTorch reads, too.  Errors: ArgumentError if mean "
           "and "
           "deviation are not known, without which nobody could use it.")
      .def("to_json", &training::graph_json, "The net as data (docs/nets.md), without weights.")
      .def("copy", &copy_of, "The same net with weights of its own.");
}

}  // namespace

Model copy_of(Model& model) {
  const nn::Graph graph = nn::parse_graph(training::graph_json(model), model.spec.name);
  Model copy{.spec = model.spec,
             .net = nn::Net(graph),
             .data = model.data,
             .mean = model.mean,
             .deviation = model.deviation,
             .epoch = model.epoch,
             .epochs = model.epochs,
             .class_names = model.class_names,
             .fit = model.fit};
  copy.net.load_state(model.net.state());
  copy.net.train(model.net.training());
  return copy;
}

Tensor images_for(const Model& model, nb::handle value) {
  const Tensor x = as_tensor(value, "images");
  const ModelSpec& spec = model.spec;
  const Shape& got = x.shape();
  const std::int64_t features = spec.image.w;
  if (spec.image.h == 1 && spec.channels == 1 && got.rank() == 2 && got[1] == features) {
    return x.reshape({got[0], 1, features, 1});
  }
  const bool fits = got.rank() == 4 && got[1] == spec.image.h && got[2] == spec.image.w &&
                    got[3] == spec.channels;
  const bool channels_first = got.rank() == 4 && got[1] == spec.channels &&
                              got[2] == spec.image.h && got[3] == spec.image.w;
  require(fits, "images: ", spec.name, " takes [N,", spec.image.h, ",", spec.image.w, ",",
          spec.channels, "], batch, height, width, channels; got ", got,
          channels_first ? ": channels come last, numpy.ascontiguousarray(images.transpose(0, 2, "
                           "3, 1))"
                         : "");
  require(x.dtype() == DType::f32, "images: expected float32, got ", x.dtype());
  require(got[0] > 0, "images: expected at least one, got ", got);
  return x;
}

void bind_nets(nb::module_& m) {
  bind_net_class(m);
  m.def("model_names", &model_names, "The built-in nets.");
  m.def(
      "model", &built_in, nb::arg("name"), nb::kw_only(), nb::arg("dataset") = nb::none(),
      nb::arg("image") = nb::none(), nb::arg("channels") = nb::none(),
      nb::arg("classes") = nb::none(), nb::arg("seed") = nb::none(),
      "A built-in net with fresh weights: for a data set, whose normalisation it keeps; or for "
      "images (height, width) with `channels`, as it is usually used but for what is said.  `seed` "
      "restarts the generator.\n\n"
      "Errors: ArgumentError that lists the names, or for images that are too small.");
  m.def("load_net", &load, nb::arg("path"), nb::kw_only(), nb::arg("mean") = std::vector<double>(),
        nb::arg("deviation") = std::vector<double>());
}

}  // namespace joule::python

// SPDX-License-Identifier: MIT
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "joule/core/error.h"
#include "joule/data/arrays.h"
#include "joule/data/dataset.h"
#include "joule/data/loader.h"
#include "joule/energy/json/values_json.h"
#include "joule/io/json_dump.h"
#include "joule/python/src/bindings.h"
#include "joule/training/components.h"
#include "joule/training/config.h"
#include "joule/training/evaluate.h"

namespace joule::python {
namespace {

/// One pass over a loader of its own: another epoch that is set meanwhile does not disturb it.
class Pass {
 public:
  explicit Pass(const DataLoader& loader)
      : loader_(std::make_unique<DataLoader>(loader)), at_(loader_->begin()) {}

  std::pair<Tensor, Tensor> next() {
    std::optional<Batch> batch;
    {
      const nb::gil_scoped_release unlocked;
      if (begun_) ++at_;
      begun_ = true;
      if (!(at_ == loader_->end())) batch = *at_;
    }
    if (!batch) throw nb::stop_iteration();
    return {batch->images, batch->labels};
  }

 private:
  std::unique_ptr<DataLoader> loader_;
  DataLoader::Iterator at_;
  bool begun_ = false;
};

std::pair<Dataset, Dataset> load(const std::string& name, std::int64_t image_size,
                                 const std::string& root) {
  const nb::gil_scoped_release unlocked;
  DatasetOptions options{.root = root};
  if (image_size != 0) options.size = Size2(image_size);
  DataSplit split = load_dataset(name, options);
  return {std::move(split.train), std::move(split.test)};
}

/// Of bytes or of float32; both are copied.
Dataset of_arrays(nb::handle images, nb::handle labels, const std::string& name,
                  std::vector<std::string> class_names, const Dataset* like) {
  using Bytes = nb::ndarray<const std::uint8_t, nb::c_contig, nb::device::cpu>;
  ArrayOptions options{.name = name, .class_names = std::move(class_names), .like = like};
  const Tensor classes = as_tensor(labels, "labels");
  Bytes bytes;
  if (!nb::ndarray_check(images) || !nb::try_cast(images, bytes, false)) {
    const Tensor values = as_tensor(images, "images");
    const nb::gil_scoped_release unlocked;
    return dataset_of(values, classes, std::move(options));
  }
  std::vector<std::int64_t> extents;
  for (std::size_t i = 0; i < bytes.ndim(); ++i) {
    extents.push_back(static_cast<std::int64_t>(bytes.shape(i)));
  }
  require(extents.size() == 2 || extents.size() == 4, "dataset ", name,
          ": expected images of shape [N,H,W,C], or rows [N,F], got ", extents.size(),
          " dimensions");
  require(classes.dtype() == DType::i32, "dataset ", name, ": expected labels i32 [N], got ",
          classes.dtype());
  const auto numbers = classes.values<std::int32_t>();
  std::vector<std::uint8_t> pixels(bytes.data(), bytes.data() + bytes.size());
  const nb::gil_scoped_release unlocked;
  return dataset_of(Shape(std::span<const std::int64_t>(extents)), std::move(pixels),
                    {numbers.begin(), numbers.end()}, std::move(options));
}

/// What joule eval --json says of them, as JSON.
std::string evaluate(training::Model& model, const Dataset& images, std::int64_t batch) {
  const auto result = interruptible([&](const auto& stop) {
    return training::evaluate(model.net, images, {.batch = batch, .stop = stop});
  });
  nlohmann::ordered_json densities = nlohmann::ordered_json::object();
  for (const training::LayerDensity& relu : result->relus) densities[relu.layer] = relu.density();
  return dumped({{"images", result->images},
                 {"accuracy", result->accuracy()},
                 {"loss", result->loss},
                 {"relu_density", densities},
                 {"lines", energy::json_of(result->work)}});
}

}  // namespace

void bind_data(nb::module_& m) {
  nb::class_<Dataset>(m, "Dataset", "Labelled images.")
      .def(
          "__init__",
          [](Dataset* self, nb::handle images, nb::handle labels, const std::string& name,
             const std::optional<std::vector<std::string>>& class_names, const Dataset* like) {
            new (self) Dataset(of_arrays(images, labels, name,
                                         class_names.value_or(std::vector<std::string>()), like));
          },
          nb::arg("images"), nb::arg("labels"), nb::kw_only(), nb::arg("name") = "arrays",
          nb::arg("class_names") = nb::none(), nb::arg("like").none() = nb::none(),
          "A copy of your own arrays: images [N,H,W,C] or rows [N,F], float32, or uint8, which a "
          "loader divides by 255; labels int32 [N].  Mean and deviation per channel are measured, "
          "or with the class names those of the training images: like=train.\n\n"
          "Errors: ArgumentError that names the data set: another shape or type, a value that is "
          "not finite, a label out of range.")
      .def_ro("name", &Dataset::name)
      .def("__len__", &Dataset::size)
      .def_prop_ro("image_shape",
                   [](const Dataset& set) {
                     const Shape shape = set.image_shape();
                     return nb::make_tuple(shape[0], shape[1], shape[2]);
                   })
      .def_ro("class_names", &Dataset::class_names)
      .def_ro("labels", &Dataset::labels)
      .def_ro("mean", &Dataset::mean)
      .def_ro("deviation", &Dataset::deviation)
      .def("take", &Dataset::take, nb::arg("count"), "The first images.");
  m.def(
      "load_data", &load, nb::arg("name"), nb::kw_only(), nb::arg("image_size") = 0,
      nb::arg("root") = "",
      "The training and the test images of a data set, by name (\"synthetic\", \"fashion-mnist\", "
      "...) or folder; docs/data.md.  Errors: DataError that says where it was looked for.");
  nb::class_<Pass>(m, "Pass", "The batches of one epoch.")
      .def("__iter__", [](nb::handle self) { return self; })
      .def("__next__", &Pass::next);
  nb::class_<DataLoader>(m, "DataLoader",
                         "for images, labels in loader: the batches of one epoch, normalised; "
                         "threads prepare them ahead.")
      .def(
          "__init__",
          [](DataLoader* self, const Dataset& dataset, std::int64_t batch, bool shuffle,
             std::uint64_t seed, bool drop_last, const std::string& augment) {
            training::Config config;
            config.augment = augment;
            training::check(config);
            new (self) DataLoader(dataset, {.batch = batch,
                                            .shuffle = shuffle,
                                            .seed = seed,
                                            .drop_last = drop_last,
                                            .transforms = training::make_transforms(config)});
          },
          nb::arg("dataset"), nb::kw_only(), nb::arg("batch") = 128, nb::arg("shuffle") = true,
          nb::arg("seed") = 1, nb::arg("drop_last") = false, nb::arg("augment") = "none",
          "augment: none, flip, crop or crop-flip.")
      .def("__len__", &DataLoader::batches)
      .def("__iter__", [](const DataLoader& loader) { return std::make_unique<Pass>(loader); })
      .def(
          "set_epoch", [](DataLoader& loader, std::int64_t epoch) { loader.set_epoch(epoch); },
          nb::arg("epoch"), "Each epoch has an order of its own; without this it is that of 0.");
  m.def("evaluate_json", &evaluate, nb::arg("net"), nb::arg("dataset"), nb::arg("batch"));
}

}  // namespace joule::python

// SPDX-License-Identifier: MIT
#include "joule/layers/functions.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <vector>

#include "joule/core/context.h"
#include "joule/layers/l0_penalty.h"
#include "joule/layers/taps.h"
#include "joule/python/src/bindings.h"

namespace joule::python {
namespace {

LossReduction reduction_of(const std::string& name) {
  return choice("reduction", name, {"mean", "sum"}) == 0 ? LossReduction::mean : LossReduction::sum;
}

Tensor labelled_loss(const Tensor& logits, nb::handle labels, float smoothing, nb::handle weights,
                     std::optional<std::int32_t> ignored, const std::string& reduction) {
  const Tensor expected = as_tensor(labels, "labels");
  CrossEntropyOptions options{
      .label_smoothing = smoothing, .ignore_index = ignored, .reduction = reduction_of(reduction)};
  if (!weights.is_none()) options.weights = as_tensor(weights, "weights");
  const nb::gil_scoped_release unlocked;
  return cross_entropy(logits, expected, options);
}

using Loss = Tensor (*)(const Tensor&, const Tensor&, LossReduction);

void bind_loss(nb::module_& m, const char* name, Loss loss, const char* formula) {
  m.def(
      name,
      [loss](const Tensor& x, nb::handle target, const std::string& reduction) {
        const Tensor expected = as_tensor(target, "target");
        const LossReduction how = reduction_of(reduction);
        const nb::gil_scoped_release unlocked;
        return loss(x, expected, how);
      },
      nb::arg("x"), nb::arg("target"), nb::arg("reduction") = "mean", formula);
}

Tensor penalty(const std::vector<Tap>& taps, float lambda, float sigma, float cutoff) {
  const nb::gil_scoped_release unlocked;
  return l0_penalty(taps, {.lambda = lambda, .sigma = sigma, .cutoff = cutoff});
}

}  // namespace

void bind_functions(nb::module_& m) {
  m.def("cross_entropy", &labelled_loss, nb::arg("logits"), nb::arg("labels"),
        nb::arg("label_smoothing") = 0.0f, nb::arg("weights") = nb::none(),
        nb::arg("ignore_index") = nb::none(), nb::arg("reduction") = "mean",
        "Mean (or sum) over the batch of -weights[label] log softmax(logits)[label]; logits [N,K], "
        "labels int32 [N].");
  bind_loss(m, "mse_loss", &mse_loss, "Mean (or sum) of (x - target)^2.");
  bind_loss(m, "l1_loss", &l1_loss, "Mean (or sum) of |x - target|.");
  bind_loss(m, "binary_cross_entropy_with_logits", &binary_cross_entropy_with_logits,
            "Mean (or sum) of max(x, 0) - x target + log(1 + exp(-|x|)).");
  m.def(
      "argmax",
      [](const Tensor& logits) {
        const auto found = argmax(logits);
        return Tensor::from(std::span<const std::int32_t>(found),
                            {static_cast<std::int64_t>(found.size())});
      },
      nb::arg("logits"), "The class with the largest logit of each row, int32 [N].");

  nb::class_<Tap>(m, "Tap", "The output of one layer in a forward pass.")
      .def_prop_ro("layer", [](const Tap& tap) { return std::string(tap.layer); })
      .def_prop_ro("value", [](const Tap& tap) { return tap.value; })
      .def(
          "density", [](const Tap& tap) { return tap.value.density(); },
          "The share of its values that are not zero.");
  m.def("l0_penalty", &penalty, nb::arg("taps"), nb::arg("lam") = 1.0f, nb::arg("sigma") = 1e-4f,
        nb::arg("cutoff") = 0.0f,
        "lam / K times the sum over the K taps of the mean of v^2 / (v^2 + sigma) "
        "(arXiv:2307.00368, Eq. 3).  It costs nothing per element if the taps were taken with the "
        "same sigma and cutoff.");
}

}  // namespace joule::python

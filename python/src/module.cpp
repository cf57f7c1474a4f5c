// SPDX-License-Identifier: MIT
#include <nanobind/stl/string.h>

#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/core/threads.h"
#include "joule/core/version.h"
#include "joule/python/src/bindings.h"
#include "joule/training/evaluate.h"
#include "joule/training/trainer.h"

namespace joule::python {
namespace {

/// Changes this thread's context from enter() to exit().
class Switch {
 public:
  explicit Switch(void (*change)(Context&)) : change_(change) {}
  void enter() {
    saved_ = context();
    change_(context());
  }
  void exit() {
    // Only what it changed: a measurement may have begun or ended inside.
    context().grad_enabled = saved_.grad_enabled;
    context().skip_zeros = saved_.skip_zeros;
  }

 private:
  void (*change_)(Context&);
  Context saved_;
};

void bind_errors(nb::module_& m) {
  nb::exception<ArgumentError>(m, "ArgumentError", PyExc_ValueError).attr("__doc__") =
      "What was passed cannot be accepted: a shape, a type, a range, a name.";
  nb::exception<DataError>(m, "DataError", PyExc_OSError).attr("__doc__") =
      "A file is missing, damaged, or cannot be written; the message begins with its path.";
  nb::exception<DeviceError>(m, "DeviceError", PyExc_RuntimeError).attr("__doc__") =
      "A driver or a library failed, or memory ran out; the message names the call.";
  nb::exception<training::TrainingError>(m, "TrainingError", PyExc_ArithmeticError)
      .attr("__doc__") =
      "A run cannot go on: its loss is no number, or a layer is silent; the message says what to "
      "try.";
  nb::exception<training::NotFiniteError>(m, "NotFiniteError", PyExc_ArithmeticError)
      .attr("__doc__") = "Logits or a loss are no numbers.";
}

void bind_context(nb::module_& m) {
  nb::class_<Switch>(m, "Switch", "What no_grad() and dense() return, for `with`.")
      .def("__enter__", &Switch::enter)
      .def("__exit__", [](Switch& block, nb::args) { block.exit(); });
  m.def(
      "no_grad", [] { return Switch([](Context& c) { c.grad_enabled = false; }); },
      "Inside of the block, operations are not recorded for backward().");
  m.def(
      "dense", [] { return Switch([](Context& c) { c.skip_zeros = false; }); },
      "Inside of the block, implementations that skip zeros are passed over.");
  m.def("manual_seed", &manual_seed, nb::arg("seed"),
        "Restarts the generator of weights and dropout.");
  m.def("num_threads", &num_threads, "How many threads an operation gets.");
  m.def("set_num_threads", &set_num_threads, nb::arg("n"),
        "Sets it, for the whole process.  Errors: ArgumentError for n < 1 or n > 1024.");
}

}  // namespace

int choice(std::string_view what, std::string_view value,
           std::initializer_list<std::string_view> names) {
  int at = 0;
  std::string listed;
  for (const std::string_view name : names) {
    if (name == value) return at;
    listed += (at++ ? ", " : "") + std::string(name);
  }
  throw ArgumentError(str(what, ": expected one of ", listed, ", got '", value, "'"));
}

NB_MODULE(_core, m) {
  m.doc() = "Joule's tensors, nets, training and energy; see docs/python.md.";
  m.attr("__version__") = std::string(version());
  bind_errors(m);
  bind_context(m);
  bind_tensor(m);
  bind_functions(m);
  bind_nets(m);
  bind_training(m);
  bind_data(m);
  bind_energy(m);
  bind_profile(m);
  bind_runs(m);
}

}  // namespace joule::python

// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>
#include <string_view>

#include "joule/core/tensor.h"
#include "joule/training/run/model_file.h"

// The parts of the module joule._core; docs/python.md is the manual of the package on top of it.
namespace joule::python {

namespace nb = nanobind;

/// A Tensor itself, or the values of an array (NumPy, or anything with DLPack or a buffer), which
/// are shared, not copied.  `what` is for the messages.
///
/// Errors    ArgumentError that says what to call, for an array that could only be copied: not
///           float32 or int32, not C-contiguous, not on the CPU, more than four dimensions.
///           TypeError if it is neither.
Tensor as_tensor(nb::handle value, std::string_view what);

/// The same for the images of a net, f32 [N,H,W,C]; of a net for features also [N,F].
///
/// Errors    as as_tensor(); ArgumentError if they are no images of this net's shape.
Tensor images_for(const training::Model& model, nb::handle value);

/// One of the texts of `names`, as its position.
///
/// Errors    ArgumentError that lists them.
int choice(std::string_view what, std::string_view value,
           std::initializer_list<std::string_view> names);

/// The same net with weights of its own.
training::Model copy_of(training::Model& model);

/// Ctrl-C during a call that runs without the interpreter's lock.
class Interrupt {
 public:
  /// Whether it was pressed.  May be called by any thread; only Python's main thread sees signals.
  bool requested() {
    const nb::gil_scoped_acquire lock;
    if (!error_ && PyErr_CheckSignals() != 0) error_.emplace();
    return error_.has_value();
  }
  /// Throws KeyboardInterrupt, or what the handler of the signal raised, if it was.
  void raise() {
    if (error_) throw nb::python_error(*error_);
  }

 private:
  std::optional<nb::python_error> error_;
};

/// Runs call(stop) without the lock; then raises if stop() has said so.
template <class Call>
auto interruptible(Call&& call) {
  Interrupt interrupt;
  auto result = [&] {
    const nb::gil_scoped_release unlocked;
    return call([&interrupt] { return interrupt.requested(); });
  }();
  interrupt.raise();
  return result;
}

void bind_tensor(nb::module_& m);
void bind_functions(nb::module_& m);
void bind_nets(nb::module_& m);
void bind_training(nb::module_& m);
void bind_data(nb::module_& m);
void bind_energy(nb::module_& m);
void bind_profile(nb::module_& m);
void bind_runs(nb::module_& m);

}  // namespace joule::python

// SPDX-License-Identifier: MIT
#include "joule/core/tensor.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <utility>
#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/core/error.h"
#include "joule/layers/functions.h"
#include "joule/python/src/bindings.h"

namespace joule::python {
namespace {

using Array = nb::ndarray<nb::ro>;

std::string text_of(nb::dlpack::dtype type) {
  using Code = nb::dlpack::dtype_code;
  const auto code = static_cast<Code>(type.code);
  const char* const kind = code == Code::Float    ? "float"
                           : code == Code::Int    ? "int"
                           : code == Code::UInt   ? "uint"
                           : code == Code::Bfloat ? "bfloat"
                           : code == Code::Bool   ? "bool"
                                                  : "a type of ";
  return code == Code::Bool ? "bool" : str(kind, static_cast<int>(type.bits));
}

/// "(2, 28, 28, 1)".
std::string text_of(const std::int64_t* numbers, std::size_t count) {
  std::string text = "(";
  for (std::size_t i = 0; i < count; ++i) text += (i ? ", " : "") + std::to_string(numbers[i]);
  return text + (count == 1 ? ",)" : ")");
}

DType dtype_of(const Array& array, std::string_view what) {
  if (array.dtype() == nb::dtype<float>()) return DType::f32;
  if (array.dtype() == nb::dtype<std::int32_t>()) return DType::i32;
  throw ArgumentError(str(what, ": expected float32 (labels: int32), got ", text_of(array.dtype()),
                          "; that needs a copy: array.astype('float32')"));
}

void require_c_order(const Array& array, std::string_view what) {
  std::int64_t expected = 1;
  bool contiguous = array.size() <= 1;
  if (!contiguous) {
    contiguous = true;
    for (std::size_t i = array.ndim(); i-- > 0;) {
      if (array.shape(i) == 1) continue;
      contiguous = contiguous && array.stride(i) == expected;
      expected *= static_cast<std::int64_t>(array.shape(i));
    }
  }
  require(contiguous, what, ": expected a C-contiguous array, got one of shape ",
          text_of(array.shape_ptr(), array.ndim()), " whose elements lie ",
          text_of(array.stride_ptr(), array.ndim()),
          " apart; that needs a copy: numpy.ascontiguousarray(array)");
}

Tensor shared(Array array, std::string_view what) {
  require(array.device_type() == nb::device::cpu::value, what,
          ": expected an array on the CPU, got one on DLPack's device ", array.device_type(),
          "; copy it to the CPU first");
  require(array.ndim() <= Shape::kMaxRank, what, ": expected at most ", Shape::kMaxRank,
          " dimensions, got ", array.ndim(), ", shape ", text_of(array.shape_ptr(), array.ndim()));
  const DType dtype = dtype_of(array, what);
  require_c_order(array, what);
  const Shape shape(std::span<const std::int64_t>(array.shape_ptr(), array.ndim()));
  const void* const values = array.data();
  if (shape.numel() == 0) return Tensor(shape, dtype);  // may have no memory
  // Dropped by whichever thread lets go of the last tensor.
  const auto owner = std::shared_ptr<Array>(new Array(std::move(array)), [](Array* array) {
    if (!nb::is_alive()) return;
    const nb::gil_scoped_acquire lock;
    delete array;
  });
  return Tensor::over(std::shared_ptr<const void>(owner, values), shape, dtype);
}

/// The values where they lie, read-only: what is written behind Joule's back would not void its
/// masks.  A tensor of its own keeps them, as net.to() or convert() may give this one others.
template <class Framework>
nb::ndarray<Framework, nb::ro> view_of(const Tensor& t) {
  require(t.device() == Device::cpu, "tensor ", t.shape(), ": expected it on the CPU, it is on ",
          t.device());
  std::array<std::size_t, Shape::kMaxRank> shape{};
  std::copy(t.shape().begin(), t.shape().end(), shape.begin());
  const nb::dlpack::dtype type = t.dtype() == DType::f32   ? nb::dtype<float>()
                                 : t.dtype() == DType::i32 ? nb::dtype<std::int32_t>()
                                                           : nb::dtype<double>();
  auto* const kept = new Tensor(t.detach());
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<Tensor*>(p); });
  return nb::ndarray<Framework, nb::ro>(kept->raw(), static_cast<std::size_t>(t.shape().rank()),
                                        shape.data(), owner, nullptr, type, nb::device::cpu::value,
                                        0, 'C');
}

nb::tuple shape_of(const Tensor& t) {
  nb::list extents;
  for (const std::int64_t extent : t.shape()) extents.append(extent);
  return nb::tuple(extents);
}

std::string repr(const Tensor& t) {
  return t.defined() ? str("joule.Tensor(", t.dtype(), " ", t.shape(),
                           needs_grad(t) ? ", on the tape)" : ")")
                     : "joule.Tensor(undefined)";
}

/// DLPack before 1.0 cannot say that memory is only to be read.
nb::object dlpack(const Tensor& t, nb::kwargs options) {
  const nb::object version = options.contains("max_version") ? options["max_version"] : nb::none();
  if (version.is_none() || nb::cast<long>(version[0]) < 1) {
    throw nb::buffer_error(
        "joule.Tensor: its memory is only to be read, which DLPack before 1.0 cannot say; take "
        "tensor.numpy(), or a copy: tensor.numpy().copy()");
  }
  return nb::cast(view_of<nb::array_api>(t)).attr("__dlpack__")(**options);
}

Tensor product(const Tensor& a, double factor) {
  return mul(a, Tensor::full(Shape{}, static_cast<float>(factor)));
}

}  // namespace

Tensor as_tensor(nb::handle value, std::string_view what) {
  if (nb::isinstance<Tensor>(value)) return nb::cast<Tensor>(value);
  Array array;
  if (!nb::ndarray_check(value) || !nb::try_cast(value, array, false)) {
    const std::string type = nb::cast<std::string>(nb::str(value.type().attr("__name__")));
    throw nb::type_error(
        str(what, ": expected a joule.Tensor or an array (NumPy, or with DLPack), got ", type)
            .c_str());
  }
  return shared(std::move(array), what);
}

void bind_tensor(nb::module_& m) {
  nb::class_<Tensor>(m, "Tensor",
                     "Values with a shape: f32, or i32 for labels; images are [N,H,W,C].")
      .def(
          "__init__",
          [](Tensor* self, nb::handle array) {
            new (self) Tensor(as_tensor(array, "joule.Tensor"));
          },
          nb::arg("array").none(),
          "Shares the memory of a float32 or int32 array in C order; never copies.  Do not write "
          "to the array between a forward pass and its backward().\n\n"
          "Errors: ArgumentError that says which copy to make, if only a copy would do.")
      .def_prop_ro("shape", &shape_of)
      .def_prop_ro("dtype", [](const Tensor& t) { return std::string(name(t.dtype())); })
      .def("__repr__", &repr)
      .def("__len__",
           [](const Tensor& t) {
             require(t.shape().rank() > 0, "tensor []: a scalar has no length");
             return t.dim(0);
           })
      .def(
          "numpy", [](const Tensor& t) { return view_of<nb::numpy>(t); },
          "The values as a read-only NumPy array that shares their memory.")
      .def("__dlpack__", &dlpack)
      .def("__dlpack_device__",
           [](const Tensor&) { return nb::make_tuple(nb::device::cpu::value, 0); })
      .def("item", &Tensor::item, "The value of a tensor of one element.")
      .def("__float__", &Tensor::item)
      .def(
          "reshape",
          [](const Tensor& t, const std::vector<std::int64_t>& shape) {
            return t.reshape(Shape(std::span<const std::int64_t>(shape)));
          },
          nb::arg("shape"), "The same memory under another shape; differentiable.")
      .def("slice", &Tensor::slice, nb::arg("first"), nb::arg("count"),
           "Rows of the first dimension; shares the memory, has no gradient.")
      .def("detach", &Tensor::detach, "The same memory, off the tape.")
      .def("clone", &Tensor::clone, "A copy, off the tape.")
      .def(
          "copy_from",
          [](const Tensor& t, nb::handle source) { t.copy_from(as_tensor(source, "copy_from")); },
          nb::arg("source"),
          "Overwrites the values.  Errors: ArgumentError unless shape and dtype fit.")
      .def("density", &Tensor::density, "The share of elements that are not zero.")
      .def_prop_ro("requires_grad", &Tensor::requires_grad)
      .def(
          "set_requires_grad",
          [](Tensor& t, bool on) -> Tensor& { return t.set_requires_grad(on); },
          nb::arg("on") = true, nb::rv_policy::reference)
      .def_prop_ro(
          "grad",
          [](const Tensor& t) {
            const Tensor grad = t.grad();
            return grad ? std::optional(grad) : std::nullopt;
          },
          "What backward() added up in a leaf, or None.")
      .def("zero_grad", &Tensor::zero_grad)
      .def(
          "backward",
          [](const Tensor& t, const std::optional<Tensor>& grad) {
            t.backward(grad.value_or(Tensor()));
          },
          nb::arg("grad") = nb::none(), nb::call_guard<nb::gil_scoped_release>(),
          "Adds d(this)/d(leaf) to the gradient of every leaf.  A tensor of more than one element "
          "needs `grad`.")
      .def(
          "__add__", [](const Tensor& a, const Tensor& b) { return add(a, b); }, nb::is_operator())
      .def(
          "__sub__", [](const Tensor& a, const Tensor& b) { return sub(a, b); }, nb::is_operator())
      .def(
          "__mul__", [](const Tensor& a, const Tensor& b) { return mul(a, b); }, nb::is_operator())
      .def("__mul__", &product, nb::is_operator())
      .def("__rmul__", &product, nb::is_operator());
}

}  // namespace joule::python

// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/core/op.h"
#include "joule/core/tensor.h"
#include "joule/kernels/parallel_flat.h"
#include "joule/kernels/same.h"

namespace joule {

/// The name of an operation as a template argument.
template <std::size_t kSize>
struct OpName {
  char text[kSize]{};
  consteval OpName(const char (&name)[kSize]) {
    std::ranges::copy(name, text);
  }  // NOLINT: implicit
  consteval std::string_view view() const { return {text, kSize - 1}; }
};

/// A function of one number, float or double.
template <class F>
concept ScalarFunction = requires(const F& f) {
  { f(1.0f) } -> std::convertible_to<float>;
  { f(1.0) } -> std::convertible_to<double>;
};

/// The implementations of an elementwise operation besides those for the CPU: none.
struct CpuOnly {
  template <class Op>
  static constexpr std::array<Implementation<Op>, 0> rows() {
    return {};
  }
};

/// y = f(x), and with kGrad y = grad * f(x), elementwise.  Made by elementwise_op().
///
/// Shapes    x, grad, y: any, equal; f32.  y may be one of them.
/// Cost      no MACs; reads x (and grad), writes y.
/// Errors    ArgumentError if shapes, dtypes or devices differ.
/// Numerics  those of f.
template <OpName kOpName, bool kGrad, class F, class Rows>
struct Elementwise {
  static constexpr bool kOfGradient = kGrad;
  static constexpr OpName kGradName{"_grad"};
  static constexpr auto kFullName = [] {
    std::array<char, kOpName.view().size() + 5> text{};
    std::ranges::copy(kOpName.view(), text.begin());
    std::ranges::copy(kGradName.view(), text.begin() + kOpName.view().size());
    return text;
  }();
  static constexpr std::string_view kName{kFullName.data(),
                                          kOpName.view().size() + (kGrad ? 5 : 0)};

  Tensor x, grad, y;  // grad: only with kGrad
  F f;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {
    require_same(kName, {{"x", x}, {"y", y}});
    if constexpr (kGrad) require_same(kName, {{"x", x}, {"grad_y", grad}});
  }
  Work work() const {
    const auto bytes = static_cast<std::int64_t>(x.bytes());
    return {.bytes_read = kGrad ? 2 * bytes : bytes, .bytes_written = bytes};
  }
  static std::span<const Implementation<Elementwise>> implementations() {
    using Row = Implementation<Elementwise>;
    static constexpr auto kTable = [] {
      constexpr auto kOthers = Rows::template rows<Elementwise>();
      std::array<Row, kOthers.size() + 2> table{};
      std::ranges::copy(kOthers, table.begin());
      table[kOthers.size()] = Row{"cpu.parallel", Device::cpu, runs_all, run_parallel};
      table[kOthers.size() + 1] = Row{kReference, Device::cpu, runs_all, run_reference};
      return table;
    }();
    return kTable;
  }

 private:
  template <class T>
  static void run_part(const Elementwise& op, std::int64_t begin, std::int64_t end) {
    const T* const x = op.x.template data<T>();
    T* const y = op.y.template mutable_data<T>();
    for (std::int64_t i = begin; i < end; ++i) {
      const T value = op.f(x[i]);
      if constexpr (kGrad) {
        y[i] = op.grad.template data<T>()[i] * value;
      } else {
        y[i] = value;
      }
    }
  }
  static void run_reference(const Elementwise& op, Context&, Tally*) {
    visit_float(op.dtype(), [&]<class T>(T) { run_part<T>(op, 0, op.x.numel()); });
  }
  static void run_parallel(const Elementwise& op, Context&, Tally*) {
    parallel_flat(op.x.numel(),
                  [&](std::int64_t begin, std::int64_t end) { run_part<float>(op, begin, end); });
  }
};

/// A differentiable elementwise function; call it with a tensor.
template <OpName kOpName, class F, class Df, class Rows>
struct ElementwiseFunction {
  F f;
  Df df;

  Tensor operator()(const Tensor& x) const {
    require(x.defined(), kOpName.view(), ": x is undefined");
    Tensor y(x.shape(), x.dtype(), x.device());
    dispatch(Elementwise<kOpName, false, F, Rows>{.x = x, .grad = {}, .y = y, .f = f});
    record(kOpName.view(), {x}, {&y}, [x = Saved(x, "x"), df = df](std::span<const Tensor> grads) {
      const Tensor grad_x = reuse_or_allocate(grads[0]);
      dispatch(Elementwise<kOpName, true, Df, Rows>{
          .x = x.get(), .grad = grads[0], .y = grad_x, .f = df});
      return std::vector<Tensor>{grad_x};
    });
    return y;
  }
};

/// Makes a pointwise operation from f and its derivative df, which take float and double:
///   const auto square = elementwise_op<"square">([](auto x) { return x * x; },
///                                                [](auto x) { return 2 * x; });
///   Tensor y = square(x);  // accounted as "square" and, backward, "square_grad"
///
/// For the CPU; elementwise_op_cuda.h has the same for CUDA.  With a tensor on another device:
/// ArgumentError that names the operation.
template <OpName kOpName, ScalarFunction F, ScalarFunction Df>
ElementwiseFunction<kOpName, F, Df, CpuOnly> elementwise_op(F f, Df df) {
  return {std::move(f), std::move(df)};
}

}  // namespace joule

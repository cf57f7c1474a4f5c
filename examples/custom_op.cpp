// SPDX-License-Identifier: MIT
// An operation of one's own, without touching Joule: it is selected, accounted for and
// differentiated like the built-in ones.
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>

#include <joule/joule.h>

using namespace joule;

template <class T>
T value(T x) {
  return std::max(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}

/// y = log(1 + exp(x)), which does not overflow as max(x, 0) + log(1 + exp(-|x|)).
///
/// Shapes    x, y: equal; f32 or f64.
/// Cost      no MACs; reads x, writes y.
/// Errors    ArgumentError if shapes or dtypes differ.
/// Source    Dugas et al. 2000.
struct Softplus {
  static constexpr std::string_view kName = "softplus";

  Tensor x;
  Tensor y;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {
    require(x.shape() == y.shape() && x.dtype() == y.dtype(), "softplus: x is ", x.shape(), " of ",
            x.dtype(), ", y is ", y.shape(), " of ", y.dtype());
  }
  Work work() const {
    const auto bytes = static_cast<std::int64_t>(x.bytes());
    return {.bytes_read = bytes, .bytes_written = bytes};
  }
  static std::span<const Implementation<Softplus>> implementations();
};

/// grad_x = grad_y / (1 + exp(-x)).  Otherwise as Softplus.
struct SoftplusGrad {
  static constexpr std::string_view kName = "softplus_grad";

  Tensor x;
  Tensor grad_y;
  Tensor grad_x;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {
    require(x.shape() == grad_y.shape() && x.shape() == grad_x.shape(), "softplus_grad: x is ",
            x.shape(), ", grad_y is ", grad_y.shape(), ", grad_x is ", grad_x.shape());
  }
  Work work() const {
    const auto bytes = static_cast<std::int64_t>(x.bytes());
    return {.bytes_read = 2 * bytes, .bytes_written = bytes};
  }
  static std::span<const Implementation<SoftplusGrad>> implementations();
};

// The reference defines the operation, and runs f64 for gradcheck.
void run_reference(const Softplus& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.data<T>();
    T* const y = op.y.mutable_data<T>();
    for (std::int64_t i = 0; i < op.x.numel(); ++i) y[i] = value(x[i]);
  });
}

void run_parallel(const Softplus& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  parallel_for(op.x.numel(), 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = value(x[i]);
  });
}

void run_grad_reference(const SoftplusGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.data<T>();
    const T* const grad_y = op.grad_y.data<T>();
    T* const grad_x = op.grad_x.mutable_data<T>();
    for (std::int64_t i = 0; i < op.x.numel(); ++i) {
      grad_x[i] = grad_y[i] / (T(1) + std::exp(-x[i]));
    }
  });
}

std::span<const Implementation<Softplus>> Softplus::implementations() {
  static constexpr std::array kTable = {
      Implementation<Softplus>{"cpu.parallel", Device::cpu, runs_all, run_parallel},
      Implementation<Softplus>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

std::span<const Implementation<SoftplusGrad>> SoftplusGrad::implementations() {
  static constexpr std::array kTable = {
      Implementation<SoftplusGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

/// The differentiable function.
Tensor softplus(const Tensor& x) {
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch(Softplus{.x = x, .y = y});
  // Saved: if somebody writes to x before backward(), that is an error, not a wrong gradient.
  record("softplus", {x}, {&y}, [saved = Saved(x, "x")](std::span<const Tensor> grads) {
    const Tensor& x = saved.get();
    const Tensor grad_x(x.shape(), x.dtype(), x.device());
    dispatch(SoftplusGrad{.x = x, .grad_y = grads[0], .grad_x = grad_x});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

int main() {
  const Tensor x(Shape{64, 1000});
  Generator(1).normal({x.mutable_data<float>(), static_cast<std::size_t>(x.numel())});

  energy::Ledger ledger;
  {
    const energy::Recording recording(ledger);
    softplus(x);
  }
  for (const auto& line : ledger.lines()) {
    std::cout << line.run.op << " by " << line.run.implementation << ": "
              << line.work.bytes_read + line.work.bytes_written << " bytes\n";
  }

  const GradcheckResult result = gradcheck(
      [](std::span<const Tensor> inputs) { return softplus(inputs[0]); }, {x.slice(0, 1)});
  std::cout << "gradient: " << result.compared << " elements compared, worst error "
            << result.worst_error << '\n';
  return result.passed ? 0 : 1;
}

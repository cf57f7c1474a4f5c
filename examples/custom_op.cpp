// SPDX-License-Identifier: MIT
// An operation of one's own, without touching Joule: it is selected, accounted for and
// differentiated like the built-in ones.
#include <array>
#include <cmath>
#include <iostream>

#include <joule/joule.h>

using namespace joule;

template <class T>
T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

/// y = x sigmoid(x).
///
/// Shapes    x, y: equal; f32 or f64.
/// Cost      no MACs; reads x, writes y.
/// Errors    ArgumentError if shapes or dtypes differ.
/// Source    Elfwing et al. 2017, arXiv:1702.03118.
struct Silu {
  static constexpr std::string_view kName = "silu";

  Tensor x;
  Tensor y;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {
    require(x.shape() == y.shape() && x.dtype() == y.dtype(), "silu: x is ", x.shape(), " of ",
            x.dtype(), ", y is ", y.shape(), " of ", y.dtype());
  }
  Work work() const {
    const auto bytes = static_cast<std::int64_t>(x.bytes());
    return {.bytes_read = bytes, .bytes_written = bytes};
  }
  static std::span<const Implementation<Silu>> implementations();
};

/// grad_x = grad_y s (1 + x (1 - s)), s = sigmoid(x).  Otherwise as Silu.
struct SiluGrad {
  static constexpr std::string_view kName = "silu_grad";

  Tensor x;
  Tensor grad_y;
  Tensor grad_x;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {
    require(x.shape() == grad_y.shape() && x.shape() == grad_x.shape(), "silu_grad: x is ",
            x.shape(), ", grad_y is ", grad_y.shape(), ", grad_x is ", grad_x.shape());
  }
  Work work() const {
    const auto bytes = static_cast<std::int64_t>(x.bytes());
    return {.bytes_read = 2 * bytes, .bytes_written = bytes};
  }
  static std::span<const Implementation<SiluGrad>> implementations();
};

// The reference defines the operation, and runs f64 for gradcheck.
void run_reference(const Silu& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.data<T>();
    T* const y = op.y.mutable_data<T>();
    for (std::int64_t i = 0; i < op.x.numel(); ++i) y[i] = x[i] * sigmoid(x[i]);
  });
}

void run_parallel(const Silu& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  parallel_for(op.x.numel(), 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = x[i] * sigmoid(x[i]);
  });
}

void run_grad_reference(const SiluGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.data<T>();
    const T* const grad_y = op.grad_y.data<T>();
    T* const grad_x = op.grad_x.mutable_data<T>();
    for (std::int64_t i = 0; i < op.x.numel(); ++i) {
      const T s = sigmoid(x[i]);
      grad_x[i] = grad_y[i] * s * (T(1) + x[i] * (T(1) - s));
    }
  });
}

std::span<const Implementation<Silu>> Silu::implementations() {
  static constexpr std::array kTable = {
      Implementation<Silu>{"cpu.parallel", Device::cpu, runs_all, run_parallel},
      Implementation<Silu>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

std::span<const Implementation<SiluGrad>> SiluGrad::implementations() {
  static constexpr std::array kTable = {
      Implementation<SiluGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

/// The differentiable function.
Tensor silu(const Tensor& x) {
  Tensor y(x.shape(), x.dtype(), x.device());
  dispatch(Silu{.x = x, .y = y});
  // Saved: if somebody writes to x before backward(), that is an error, not a wrong gradient.
  record("silu", {x}, {&y}, [saved = Saved(x, "x")](std::span<const Tensor> grads) {
    const Tensor& x = saved.get();
    const Tensor grad_x(x.shape(), x.dtype(), x.device());
    dispatch(SiluGrad{.x = x, .grad_y = grads[0], .grad_x = grad_x});
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
    silu(x);
  }
  for (const auto& line : ledger.lines()) {
    std::cout << line.run.op << " by " << line.run.implementation << ": "
              << line.work.bytes_read + line.work.bytes_written << " bytes\n";
  }

  const GradcheckResult result =
      gradcheck([](std::span<const Tensor> inputs) { return silu(inputs[0]); }, {x.slice(0, 1)});
  std::cout << "gradient: " << result.compared << " elements compared, worst error "
            << result.worst_error << '\n';
  return result.passed ? 0 : 1;
}

// SPDX-License-Identifier: MIT
#include "joule/kernels/concat/concat.h"

#include <algorithm>
#include <array>

#include "joule/kernels/concat/concat_impl.h"
#include "joule/kernels/concat/concat_reference.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

void run_reference(const ops::Concat& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    T* y = op.y.mutable_data<T>();
    for (const Tensor& x : op.xs) {
      reference::copy_channels(rows_of(op.y), x.dim(-1), x.data<T>(), x.dim(-1), y, op.y.dim(-1));
      y += x.dim(-1);
    }
  });
}

void run_grad_reference(const ops::ConcatGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* grad_y = op.grad_y.data<T>();
    for (const Tensor& grad_x : op.grad_xs) {
      reference::copy_channels(rows_of(op.grad_y), grad_x.dim(-1), grad_y, op.grad_y.dim(-1),
                               grad_x.mutable_data<T>(), grad_x.dim(-1));
      grad_y += grad_x.dim(-1);
    }
  });
}

/// `parts`, named after `part`, lie one after the other along the last dimension of `whole`.
void check_parts(std::string_view op, const Named& whole, std::string_view part,
                 const std::vector<Tensor>& parts) {
  require_same(op, {whole});
  const Shape& shape = whole.tensor.shape();
  require(shape.rank() >= 1, op, ": ", whole.name, " must have channels, it is a scalar");
  require(!parts.empty(), op, ": expects at least one tensor");
  std::int64_t channels = 0;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    const std::string name = str(part, "[", k, "]");
    require_same(op, {{name, parts[k]}});
    require(parts[k].shape().rank() == shape.rank(), op, ": ", name, " is ", parts[k].shape(), ", ",
            whole.name, " is ", shape);
    std::array<std::int64_t, Shape::kMaxRank> dims{};
    std::copy(shape.begin(), shape.end(), dims.begin());
    dims[shape.rank() - 1] = parts[k].dim(-1);
    require_shape(op, {name, parts[k]}, Shape({dims.data(), std::size_t(shape.rank())}),
                  whole.tensor);
    channels += parts[k].dim(-1);
  }
  require(channels == shape[-1], op, ": ", whole.name, " is ", shape, ", the ", part, "s have ",
          channels, " channels in all");
}

}  // namespace

void ops::Concat::check() const { check_parts(kName, {"y", y}, "x", xs); }

Work ops::Concat::work() const {
  const auto bytes = static_cast<std::int64_t>(y.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes};
}

std::span<const Implementation<ops::Concat>> ops::Concat::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::Concat>{"cuda.copy", Device::cuda, runs_all, cuda::concat},
#endif
    Implementation<ops::Concat>{"cpu.copy", Device::cpu, runs_all, cpu::concat_copy},
    Implementation<ops::Concat>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::ConcatGrad::check() const { check_parts(kName, {"grad_y", grad_y}, "grad_x", grad_xs); }

Work ops::ConcatGrad::work() const {
  const auto bytes = static_cast<std::int64_t>(grad_y.bytes());
  return {.bytes_read = bytes, .bytes_written = bytes};
}

std::span<const Implementation<ops::ConcatGrad>> ops::ConcatGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::ConcatGrad>{"cuda.copy", Device::cuda, runs_all, cuda::concat_grad},
#endif
    Implementation<ops::ConcatGrad>{"cpu.copy", Device::cpu, runs_all, cpu::concat_grad_copy},
    Implementation<ops::ConcatGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule

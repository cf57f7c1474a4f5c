// SPDX-License-Identifier: MIT
#include "joule/kernels/losses/pointwise_loss.h"

#include <array>

#include "joule/core/threads.h"
#include "joule/kernels/losses/pointwise_loss_impl.h"
#include "joule/kernels/losses/pointwise_loss_reference.h"
#include "joule/kernels/parallel_flat.h"
#include "joule/kernels/require_scalar.h"

namespace joule {
namespace {

template <LossFunction kFunction>
void run_reference(const PointwiseLoss<kFunction>& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.template data<T>();
    const T* const target = op.target.template data<T>();
    const auto sum = parallel_sum<double>(op.x.numel(), [&](std::int64_t i, std::int64_t end) {
      double piece = 0;
      for (; i < end; ++i) piece += reference::loss_of<kFunction>(x[i], target[i]);
      return piece;
    });
    *op.loss.template mutable_data<T>() =
        static_cast<T>(sum * factor_of(op.reduction, op.x.numel()));
  });
}

template <LossFunction kFunction>
void run_grad_reference(const PointwiseLossGrad<kFunction>& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const T* const x = op.x.template data<T>();
    const T* const target = op.target.template data<T>();
    T* const grad_x = op.grad_x.template mutable_data<T>();
    const double by = *op.grad_loss.template data<T>() * factor_of(op.reduction, op.x.numel());
    parallel_flat(op.x.numel(), [&](std::int64_t i, std::int64_t end) {
      for (; i < end; ++i) {
        grad_x[i] = static_cast<T>(by * reference::loss_slope<kFunction>(x[i], target[i]));
      }
    });
  });
}

void check_elements(std::string_view op, std::initializer_list<Named> operands,
                    const Named& scalar) {
  require_same(op, operands);
  const Tensor& x = operands.begin()->tensor;
  require(x.numel() > 0, op, ": x must have at least one element, got ", x.shape());
  require_scalar(op, scalar, x.dtype(), x.device());
}

}  // namespace

template <LossFunction kFunction>
void PointwiseLoss<kFunction>::check() const {
  check_elements(kName, {{"x", x}, {"target", target}}, {"loss", loss});
}

template <LossFunction kFunction>
Work PointwiseLoss<kFunction>::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes() + target.bytes()),
          .bytes_written = static_cast<std::int64_t>(loss.bytes())};
}

template <LossFunction kFunction>
std::span<const Implementation<PointwiseLoss<kFunction>>>
PointwiseLoss<kFunction>::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<PointwiseLoss>{"cuda.block_sums", Device::cuda, runs_all,
                                  cuda::pointwise_loss<kFunction>},
#endif
    Implementation<PointwiseLoss>{kReference, Device::cpu, runs_all, run_reference<kFunction>},
  };
  return kTable;
}

template <LossFunction kFunction>
void PointwiseLossGrad<kFunction>::check() const {
  check_elements(kName, {{"x", x}, {"target", target}, {"grad_x", grad_x}},
                 {"grad_loss", grad_loss});
}

template <LossFunction kFunction>
Work PointwiseLossGrad<kFunction>::work() const {
  return {.bytes_read = static_cast<std::int64_t>(x.bytes() + target.bytes() + grad_loss.bytes()),
          .bytes_written = static_cast<std::int64_t>(grad_x.bytes())};
}

template <LossFunction kFunction>
std::span<const Implementation<PointwiseLossGrad<kFunction>>>
PointwiseLossGrad<kFunction>::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<PointwiseLossGrad>{"cuda.elementwise", Device::cuda, runs_all,
                                      cuda::pointwise_loss_grad<kFunction>},
#endif
    Implementation<PointwiseLossGrad>{kReference, Device::cpu, runs_all,
                                      run_grad_reference<kFunction>},
  };
  return kTable;
}

template struct PointwiseLoss<LossFunction::mse>;
template struct PointwiseLoss<LossFunction::l1>;
template struct PointwiseLoss<LossFunction::bce_with_logits>;
template struct PointwiseLossGrad<LossFunction::mse>;
template struct PointwiseLossGrad<LossFunction::l1>;
template struct PointwiseLossGrad<LossFunction::bce_with_logits>;

}  // namespace joule

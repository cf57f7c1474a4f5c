// SPDX-License-Identifier: MIT
#include "kernels/softmax_cross_entropy/softmax_cross_entropy.h"

#include <array>
#include <vector>

#include "core/threads.h"
#include "kernels/require_scalar.h"
#include "kernels/same.h"
#include "kernels/softmax_cross_entropy/softmax_cross_entropy_impl.h"
#include "kernels/softmax_cross_entropy/softmax_cross_entropy_reference.h"

namespace joule {
namespace {

/// What both directions require of their [N,K] operands and the labels.
void check_rows(std::string_view op, const Named& in, const Named& out, const Tensor& labels,
                float smoothing) {
  require_same(op, {in, out});
  const Shape& shape = in.tensor.shape();
  require(shape.rank() == 2 && shape.numel() > 0, op, ": ", in.name,
          " must be [N,K] with N and K at least 1, got ", shape);
  require(labels.defined(), op, ": labels is undefined");
  require(labels.dtype() == DType::i32 && labels.shape() == Shape{shape[0]} &&
              labels.device() == in.tensor.device(),
          op, ": labels must be i32 [", shape[0], "] on ", in.tensor.device(), ", got ",
          labels.dtype(), " ", labels.shape(), " on ", labels.device());
  require(smoothing >= 0 && smoothing <= 1, op, ": label_smoothing must be in [0, 1], got ",
          smoothing);
  if (labels.device() != Device::cpu) return;  // to read them would be to wait for the device
  const std::int32_t* const label = labels.data<std::int32_t>();
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    require(label[n] >= 0 && label[n] < shape[1], op, ": label ", n, " is ", label[n],
            ", expected 0 to ", shape[1] - 1);
  }
}

/// body(n) for each of the rows of [rows, classes], in parallel.
template <class Body>
void for_each_row(const Shape& shape, Body&& body) {
  parallel_for(shape[0], 1 + 2048 / shape[1], [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t n = first; n < last; ++n) body(n);
  });
}

void run_reference(const SoftmaxCrossEntropy& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const Shape& shape = op.logits.shape();
    const T* const logits = op.logits.data<T>();
    const std::int32_t* const labels = op.labels.data<std::int32_t>();
    T* const probabilities = op.probabilities.mutable_data<T>();
    std::vector<double> losses(static_cast<std::size_t>(shape[0]));
    for_each_row(shape, [&](std::int64_t n) {
      losses[static_cast<std::size_t>(n)] =
          reference::softmax_cross_entropy(shape[1], logits + n * shape[1], labels[n],
                                           op.label_smoothing, probabilities + n * shape[1]);
    });
    double sum = 0;
    for (const double loss : losses) sum += loss;
    *op.loss.mutable_data<T>() = static_cast<T>(sum / static_cast<double>(shape[0]));
  });
}

void run_grad_reference(const SoftmaxCrossEntropyGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const Shape& shape = op.probabilities.shape();
    const T* const probabilities = op.probabilities.data<T>();
    const std::int32_t* const labels = op.labels.data<std::int32_t>();
    const double grad_loss = *op.grad_loss.data<T>() / static_cast<double>(shape[0]);
    T* const grad_logits = op.grad_logits.mutable_data<T>();
    for_each_row(shape, [&](std::int64_t n) {
      reference::softmax_cross_entropy_grad(shape[1], probabilities + n * shape[1], labels[n],
                                            op.label_smoothing, grad_loss,
                                            grad_logits + n * shape[1]);
    });
  });
}

}  // namespace

void SoftmaxCrossEntropy::check() const {
  check_rows(kName, {"logits", logits}, {"probabilities", probabilities}, labels, label_smoothing);
  require_scalar(kName, {"loss", loss}, logits.dtype(), logits.device());
}

Work SoftmaxCrossEntropy::work() const {
  return {.bytes_read = static_cast<std::int64_t>(logits.bytes() + labels.bytes()),
          .bytes_written = static_cast<std::int64_t>(probabilities.bytes() + loss.bytes())};
}

std::span<const Implementation<SoftmaxCrossEntropy>> SoftmaxCrossEntropy::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<SoftmaxCrossEntropy>{"cuda.warp_per_row", Device::cuda, runs_all,
                                        cuda::softmax_cross_entropy},
#endif
    Implementation<SoftmaxCrossEntropy>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void SoftmaxCrossEntropyGrad::check() const {
  check_rows(kName, {"probabilities", probabilities}, {"grad_logits", grad_logits}, labels,
             label_smoothing);
  require_scalar(kName, {"grad_loss", grad_loss}, probabilities.dtype(), probabilities.device());
}

Work SoftmaxCrossEntropyGrad::work() const {
  const std::size_t read = probabilities.bytes() + labels.bytes() + grad_loss.bytes();
  return {.bytes_read = static_cast<std::int64_t>(read),
          .bytes_written = static_cast<std::int64_t>(grad_logits.bytes())};
}

std::span<const Implementation<SoftmaxCrossEntropyGrad>>
SoftmaxCrossEntropyGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<SoftmaxCrossEntropyGrad>{"cuda.warp_per_row", Device::cuda, runs_all,
                                            cuda::softmax_cross_entropy_grad},
#endif
    Implementation<SoftmaxCrossEntropyGrad>{kReference, Device::cpu, runs_all, run_grad_reference},
  };
  return kTable;
}

}  // namespace joule

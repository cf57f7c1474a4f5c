// SPDX-License-Identifier: MIT
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/bytes_of.h"
#include "joule/kernels/require_scalar.h"
#include "joule/kernels/same.h"
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy_impl.h"
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy_reference.h"

namespace joule {
namespace {

void check_weights(std::string_view op, const Tensor& weights, const Tensor& logits) {
  require_shape(op, {"weights", weights}, {logits.dim(1)}, logits);
  if (weights.device() != Device::cpu) return;
  visit_float(weights.dtype(), [&]<class T>(T) {
    const T* const weight = weights.data<T>();
    for (std::int64_t k = 0; k < weights.numel(); ++k) {
      require(weight[k] >= 0 && std::isfinite(weight[k]), op, ": weight ", k, " is ", weight[k],
              ", expected finite ones that are not negative");
    }
  });
}

/// What both directions require of their [N,K] operands and what is common to them.
template <class Op>
void check_rows(const Op& loss, const Named& in, const Named& out) {
  const std::string_view op = Op::kName;
  const Tensor& labels = loss.labels;
  const float smoothing = loss.label_smoothing;
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
  if (loss.weights) check_weights(op, loss.weights, in.tensor);
  const bool divided =
      ops::SoftmaxCrossEntropy::divided(loss.weights, loss.ignore_index, loss.reduction);
  require(divided == loss.divisor.defined(), op, ": the divisor is ",
          divided ? "not given" : "given, and not needed");
  if (divided) require_scalar(op, {"divisor", loss.divisor}, DType::f64, in.tensor.device());
  if (labels.device() != Device::cpu) return;  // to read them would be to wait for the device
  const std::int32_t* const label = labels.data<std::int32_t>();
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    require((label[n] >= 0 && label[n] < shape[1]) || label[n] == loss.ignore_index, op, ": label ",
            n, " is ", label[n], ", expected 0 to ", shape[1] - 1);
  }
}

template <class T>
const T* values_or_null(const Tensor& t) {
  return t ? t.data<T>() : nullptr;
}

/// The sum of the weights of the labels that count.
template <class T>
double weight_of_labels(const ops::SoftmaxCrossEntropy& op) {
  const T* const weights = values_or_null<T>(op.weights);
  double sum = 0;
  for (const std::int32_t label : op.labels.values<std::int32_t>()) {
    if (label != op.ignore_index) sum += weights ? double{weights[label]} : 1.0;
  }
  return sum;
}

/// body(n) for each of the rows of [rows, classes], in parallel.
template <class Body>
void for_each_sample(const Shape& shape, Body&& body) {
  parallel_for(shape[0], 1 + 2048 / shape[1], [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t n = first; n < last; ++n) body(n);
  });
}

void run_reference(const ops::SoftmaxCrossEntropy& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const Shape& shape = op.logits.shape();
    const T* const logits = op.logits.data<T>();
    const std::int32_t* const labels = op.labels.data<std::int32_t>();
    const T* const weights = values_or_null<T>(op.weights);
    T* const probabilities = op.probabilities.mutable_data<T>();
    std::vector<double> losses(static_cast<std::size_t>(shape[0]));
    for_each_sample(shape, [&](std::int64_t n) {
      const bool counts = labels[n] != op.ignore_index;
      // The probabilities are those of any label.
      const double loss = reference::softmax_cross_entropy(
          shape[1], logits + n * shape[1], counts ? labels[n] : 0, op.label_smoothing, weights,
          probabilities + n * shape[1]);
      losses[static_cast<std::size_t>(n)] = counts ? loss : 0;
    });
    double sum = 0, divisor = 1;
    for (const double loss : losses) sum += loss;
    if (op.reduction == LossReduction::mean) divisor = static_cast<double>(shape[0]);
    if (op.divisor) divisor = *op.divisor.mutable_data<double>() = weight_of_labels<T>(op);
    *op.loss.mutable_data<T>() = static_cast<T>(sum / divisor);
  });
}

void run_grad_reference(const ops::SoftmaxCrossEntropyGrad& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    const Shape& shape = op.probabilities.shape();
    const T* const probabilities = op.probabilities.data<T>();
    const std::int32_t* const labels = op.labels.data<std::int32_t>();
    const T* const weights = values_or_null<T>(op.weights);
    double divisor = op.reduction == LossReduction::mean ? static_cast<double>(shape[0]) : 1;
    if (op.divisor) divisor = *op.divisor.data<double>();
    const double grad_loss = *op.grad_loss.data<T>() / divisor;
    T* const grad_logits = op.grad_logits.mutable_data<T>();
    for_each_sample(shape, [&](std::int64_t n) {
      T* const to = grad_logits + n * shape[1];
      if (labels[n] == op.ignore_index) {
        std::fill_n(to, shape[1], T(0));
        return;
      }
      reference::softmax_cross_entropy_grad(shape[1], probabilities + n * shape[1], labels[n],
                                            op.label_smoothing, weights, grad_loss, to);
    });
  });
}

}  // namespace

void ops::SoftmaxCrossEntropy::check() const {
  check_rows(*this, {"logits", logits}, {"probabilities", probabilities});
  require_scalar(kName, {"loss", loss}, logits.dtype(), logits.device());
}

Work ops::SoftmaxCrossEntropy::work() const {
  return {.bytes_read = bytes_of(logits) + bytes_of(labels) + bytes_of(weights),
          .bytes_written = bytes_of(probabilities) + bytes_of(loss) + bytes_of(divisor)};
}

std::span<const Implementation<ops::SoftmaxCrossEntropy>>
ops::SoftmaxCrossEntropy::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::SoftmaxCrossEntropy>{"cuda.warp_per_row", Device::cuda, runs_all,
                                             cuda::softmax_cross_entropy},
#endif
    Implementation<ops::SoftmaxCrossEntropy>{kReference, Device::cpu, runs_all, run_reference},
  };
  return kTable;
}

void ops::SoftmaxCrossEntropyGrad::check() const {
  check_rows(*this, {"probabilities", probabilities}, {"grad_logits", grad_logits});
  require_scalar(kName, {"grad_loss", grad_loss}, probabilities.dtype(), probabilities.device());
}

Work ops::SoftmaxCrossEntropyGrad::work() const {
  return {.bytes_read = bytes_of(probabilities) + bytes_of(labels) + bytes_of(grad_loss) +
                        bytes_of(weights) + bytes_of(divisor),
          .bytes_written = bytes_of(grad_logits)};
}

std::span<const Implementation<ops::SoftmaxCrossEntropyGrad>>
ops::SoftmaxCrossEntropyGrad::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::SoftmaxCrossEntropyGrad>{"cuda.warp_per_row", Device::cuda, runs_all,
                                                 cuda::softmax_cross_entropy_grad},
#endif
    Implementation<ops::SoftmaxCrossEntropyGrad>{kReference, Device::cpu, runs_all,
                                                 run_grad_reference},
  };
  return kTable;
}

}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"

namespace joule {
Tensor cross_entropy(Tensor logits, const Tensor& labels, const CrossEntropyOptions& options) {
  require_rank("cross_entropy", "logits", logits, 2);
  require(!options.weights || !needs_grad(options.weights),
          "cross_entropy: weights get no gradient; detach() them");
  Tensor loss = empty_like(logits, {});
  const Tensor probabilities = empty_like(logits);
  const auto [smoothing, weights, ignored, reduction] = options;
  const std::int64_t ignore_index = ignored ? *ignored : kIgnoreNoLabel;
  Tensor divisor;
  if (ops::SoftmaxCrossEntropy::divided(weights, ignore_index, reduction)) {
    divisor = Tensor(Shape{}, DType::f64, logits.device());
  }
  dispatch(ops::SoftmaxCrossEntropy{.logits = logits,
                                    .labels = labels,
                                    .loss = loss,
                                    .probabilities = probabilities,
                                    .label_smoothing = smoothing,
                                    .weights = weights,
                                    .ignore_index = ignore_index,
                                    .reduction = reduction,
                                    .divisor = divisor});
  record("softmax_cross_entropy", {logits}, {&loss},
         [saved = Saved(probabilities, "probabilities"), labels = Saved(labels, "labels"),
          weights = Saved(weights, "weights"), divisor = Saved(divisor, "divisor"),
          smoothing = options.label_smoothing, ignore_index,
          reduction = options.reduction](std::span<const Tensor> grads) {
           const Tensor probabilities = saved.get();
           dispatch(ops::SoftmaxCrossEntropyGrad{.probabilities = probabilities,
                                                 .labels = labels.get(),
                                                 .grad_loss = grads[0],
                                                 .grad_logits = probabilities,
                                                 .label_smoothing = smoothing,
                                                 .weights = weights.get(),
                                                 .ignore_index = ignore_index,
                                                 .reduction = reduction,
                                                 .divisor = divisor.get()});
           return std::vector<Tensor>{probabilities};
         });
  return loss;
}

}  // namespace joule

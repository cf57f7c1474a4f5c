// SPDX-License-Identifier: MIT
#include "joule/layers/functions.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "joule/core/autograd/autograd.h"
#include "joule/core/backend/backend.h"
#include "joule/kernels/add/add.h"
#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/concat/concat.h"
#include "joule/kernels/dropout/dropout.h"
#include "joule/kernels/linear/linear.h"
#include "joule/kernels/pool/avg_pool2d.h"
#include "joule/kernels/pool/global_avg_pool.h"
#include "joule/kernels/pool/max_pool2d.h"
#include "joule/kernels/pool/pool_shape.h"
#include "joule/kernels/relu/relu.h"
#include "joule/kernels/scale/scale.h"
#include "joule/kernels/softmax_cross_entropy/softmax_cross_entropy.h"

namespace joule {
namespace {

/// Uninitialised, of x's dtype and device.
Tensor empty_like(const Tensor& x, const Shape& shape) {
  return Tensor(shape, x.dtype(), x.device());
}
Tensor empty_like(const Tensor& x) { return empty_like(x, x.shape()); }

/// Where an elementwise result of a moved-in operand goes: into it, if nobody else can see it.
Tensor overwrite_or_allocate(const Tensor& x) { return x.unique() ? x.detach() : empty_like(x); }

void require_rank(std::string_view op, std::string_view operand, const Tensor& t, int rank) {
  require(t.defined(), op, ": ", operand, " is undefined");
  require(t.shape().rank() == rank, op, ": ", operand, " must have ", rank, " dimensions, got ",
          t.shape());
}

/// `t` for a backward closure, if its values are needed there.
Saved saved_if(bool needed, const Tensor& t, std::string_view name) {
  return needed ? Saved(t, name) : Saved();
}

/// What a convolution's backward needs of its forward.
struct ConvTape {
  Saved x, weight;
  Shape x_shape, weight_shape;
  ConvParams params;
  bool x_needs, weight_needs, bias_needs;
  bool only_nonzeros_of_x;  // need a gradient

  std::vector<Tensor> operator()(const Tensor& grad_y) const {
    Tensor grad_x, grad_weight, grad_bias;
    if (weight_needs || bias_needs) {
      grad_weight = empty_like(grad_y, weight_shape);
      if (bias_needs) grad_bias = empty_like(grad_y, {grad_y.dim(3)});
      dispatch(Conv2dGradWeight{.x = x.get(),
                                .grad_y = grad_y,
                                .grad_weight = grad_weight,
                                .grad_bias = grad_bias,
                                .params = params});
    }
    if (x_needs) {
      grad_x = empty_like(grad_y, x_shape);
      const Tensor wanted = only_nonzeros_of_x ? x.get() : Tensor();
      dispatch(Conv2dGradInput{.grad_y = grad_y,
                               .weight = weight.get(),
                               .grad_x = grad_x,
                               .wanted = wanted && wanted.zero_mask() ? wanted : Tensor(),
                               .params = params});
    }
    return {grad_x, grad_weight, grad_bias};
  }
};

ConvTape conv_tape(const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const ConvParams& params) {
  const bool of_x = needs_grad(x), of_weight = needs_grad(weight), of_bias = needs_grad(bias);
  const bool by_nonzeros = of_x && grad_unused_at_zeros(x);
  return {.x = saved_if(of_weight || of_bias || by_nonzeros, x, "x"),
          .weight = saved_if(of_x, weight, "weight"),
          .x_shape = x.shape(),
          .weight_shape = weight.shape(),
          .params = params,
          .x_needs = of_x,
          .weight_needs = of_weight,
          .bias_needs = of_bias,
          .only_nonzeros_of_x = by_nonzeros};
}

/// For an operation that takes the gradient of y's zeros, if anywhere, to zeros of x.
void hand_on_unused_zeros(const Tensor& x, const Tensor& y) {
  if (grad_unused_at_zeros(x)) set_grad_unused_at_zeros(y);
}

Tensor conv_output(const Tensor& x, const Tensor& weight, const ConvParams& params) {
  require_rank("conv2d", "x", x, 4);
  require_rank("conv2d", "weight", weight, 4);
  const Size2 out = conv_output_size({x.dim(1), x.dim(2)}, {weight.dim(1), weight.dim(2)}, params);
  return empty_like(x, {x.dim(0), out.h, out.w, weight.dim(0)});
}

}  // namespace

Tensor conv2d(Tensor x, const Tensor& weight, const Tensor& bias, const ConvParams& params) {
  Tensor y = conv_output(x, weight, params);
  dispatch(Conv2d{.x = x, .weight = weight, .y = y, .bias = bias, .params = params});
  record("conv2d", {x, weight, bias}, {&y},
         [tape = conv_tape(x, weight, bias, params)](std::span<const Tensor> grads) {
           return tape(grads[0]);
         });
  return y;
}

namespace {

Tensor relu_backward(const Tensor& y, float sigma, std::span<const Tensor> grads) {
  // Without a gradient of y itself (only the penalty counts) it is zero everywhere.
  Tensor grad_y = grads[0];
  if (!grad_y) grad_y = Tensor::zeros(y.shape(), y.dtype(), y.device());
  const Tensor grad_x = grads[0] ? reuse_or_allocate(grads[0]) : grad_y;
  dispatch(
      ReluGrad{.y = y, .grad_y = grad_y, .grad_x = grad_x, .sigma = sigma, .grad_l0 = grads[1]});
  return grad_x;
}

}  // namespace

ReluOutput conv2d_relu(Tensor x, const Tensor& weight, const Tensor& bias, const ConvParams& params,
                       float sigma) {
  ReluOutput out{.y = conv_output(x, weight, params)};
  if (sigma > 0) out.l0_sum = empty_like(x, {});
  dispatch(Conv2d{.x = x,
                  .weight = weight,
                  .y = out.y,
                  .bias = bias,
                  .params = params,
                  .relu = true,
                  .sigma = sigma,
                  .l0_sum = out.l0_sum});
  BackwardFn backward = [tape = conv_tape(x, weight, bias, params), y = Saved(out.y, "y"),
                         sigma](std::span<const Tensor> grads) {
    return tape(relu_backward(y.get(), sigma, grads));
  };
  record("conv2d_relu", {x, weight, bias}, {&out.y, &out.l0_sum}, std::move(backward));
  set_grad_unused_at_zeros(out.y);
  return out;
}

ReluOutput relu_with_l0(Tensor x, float sigma) {
  require(x.defined(), "relu: x is undefined");
  ReluOutput out{.y = overwrite_or_allocate(x)};
  if (sigma > 0) out.l0_sum = empty_like(x, {});
  dispatch(Relu{.x = x, .y = out.y, .sigma = sigma, .l0_sum = out.l0_sum});
  BackwardFn backward = [y = Saved(out.y, "y"), sigma](std::span<const Tensor> grads) {
    return std::vector<Tensor>{relu_backward(y.get(), sigma, grads)};
  };
  record("relu", {x}, {&out.y, &out.l0_sum}, std::move(backward));
  set_grad_unused_at_zeros(out.y);
  return out;
}

Tensor relu(Tensor x) { return relu_with_l0(std::move(x), 0.0f).y; }

Tensor linear(Tensor x, const Tensor& weight, const Tensor& bias) {
  require_rank("linear", "x", x, 2);
  require_rank("linear", "weight", weight, 2);
  Tensor y = empty_like(x, {x.dim(0), weight.dim(0)});
  dispatch(Linear{.x = x, .weight = weight, .y = y, .bias = bias});
  const bool of_x = needs_grad(x), of_weight = needs_grad(weight), of_bias = needs_grad(bias);
  record(
      "linear", {x, weight, bias}, {&y},
      [x = saved_if(of_weight || of_bias, x, "x"), weight = saved_if(of_x, weight, "weight"),
       x_shape = x.shape(), weight_shape = weight.shape(), of_x, of_weight,
       of_bias](std::span<const Tensor> grads) {
        const Tensor& grad_y = grads[0];
        Tensor grad_x, grad_weight, grad_bias;
        if (of_weight || of_bias) {
          grad_weight = empty_like(grad_y, weight_shape);
          if (of_bias) grad_bias = empty_like(grad_y, {grad_y.dim(1)});
          dispatch(LinearGradWeight{
              .x = x.get(), .grad_y = grad_y, .grad_weight = grad_weight, .grad_bias = grad_bias});
        }
        if (of_x) {
          grad_x = empty_like(grad_y, x_shape);
          dispatch(LinearGradInput{.grad_y = grad_y, .weight = weight.get(), .grad_x = grad_x});
        }
        return std::vector<Tensor>{grad_x, grad_weight, grad_bias};
      });
  return y;
}

Tensor max_pool2d(Tensor x, Size2 kernel, Size2 stride, Size2 padding,
                  const MaxPoolOptions& options) {
  require(x.defined(), "max_pool2d: x is undefined");
  const bool ceil_mode = options.ceil_mode;
  Tensor y = empty_like(
      x, pool_shape("max_pool2d", x.shape(), kernel, stride, padding, ceil_mode).output());
  Tensor index;
  if (needs_grad(x)) index = Tensor(MaxPool2d::index_shape(y.shape()), DType::i32, x.device());
  dispatch(MaxPool2d{.x = x,
                     .y = y,
                     .index = index,
                     .kernel = kernel,
                     .stride = stride,
                     .padding = padding,
                     .ceil_mode = ceil_mode});
  record("max_pool2d", {x}, {&y},
         [index = Saved(index, "index"), shape = x.shape(), kernel, stride, padding,
          ceil_mode](std::span<const Tensor> grads) {
           const Tensor grad_x = empty_like(grads[0], shape);
           dispatch(MaxPool2dGrad{.index = index.get(),
                                  .grad_y = grads[0],
                                  .grad_x = grad_x,
                                  .kernel = kernel,
                                  .stride = stride,
                                  .padding = padding,
                                  .ceil_mode = ceil_mode});
           return std::vector<Tensor>{grad_x};
         });
  hand_on_unused_zeros(x, y);  // the maximum that is 0 is a 0 of x: padding takes no part
  return y;
}

Tensor avg_pool2d(Tensor x, Size2 kernel, Size2 stride, Size2 padding,
                  const AvgPoolOptions& options) {
  require(x.defined(), "avg_pool2d: x is undefined");
  const auto [ceil_mode, count_include_pad] = options;
  Tensor y = empty_like(
      x, pool_shape("avg_pool2d", x.shape(), kernel, stride, padding, ceil_mode).output());
  dispatch(AvgPool2d{.x = x,
                     .y = y,
                     .kernel = kernel,
                     .stride = stride,
                     .padding = padding,
                     .count_include_pad = count_include_pad,
                     .ceil_mode = ceil_mode});
  record("avg_pool2d", {x}, {&y},
         [shape = x.shape(), kernel, stride, padding, options](std::span<const Tensor> grads) {
           const Tensor grad_x = empty_like(grads[0], shape);
           dispatch(AvgPool2dGrad{.grad_y = grads[0],
                                  .grad_x = grad_x,
                                  .kernel = kernel,
                                  .stride = stride,
                                  .padding = padding,
                                  .count_include_pad = options.count_include_pad,
                                  .ceil_mode = options.ceil_mode});
           return std::vector<Tensor>{grad_x};
         });
  return y;
}

Tensor global_avg_pool(Tensor x) {
  require_rank("global_avg_pool", "x", x, 4);
  Tensor y = empty_like(x, {x.dim(0), x.dim(3)});
  dispatch(GlobalAvgPool{.x = x, .y = y});
  record("global_avg_pool", {x}, {&y}, [shape = x.shape()](std::span<const Tensor> grads) {
    const Tensor grad_x = empty_like(grads[0], shape);
    dispatch(GlobalAvgPoolGrad{.grad_y = grads[0], .grad_x = grad_x});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

Tensor batch_norm(Tensor x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean,
                  const Tensor& running_var, bool training, const BatchNormOptions& options) {
  require(x.defined() && gamma.defined(), "batch_norm: x and gamma must be defined");
  if (!training) {
    const bool recorded = needs_grad(x) || needs_grad(gamma) || needs_grad(beta);
    Tensor y = recorded ? empty_like(x) : overwrite_or_allocate(x);
    dispatch(BatchNormInference{.x = x,
                                .gamma = gamma,
                                .beta = beta,
                                .running_mean = running_mean,
                                .running_var = running_var,
                                .y = y,
                                .epsilon = options.epsilon});
    record("batch_norm_inference", {x, gamma, beta}, {&y},
           [x = Saved(x, "x"), gamma_saved = Saved(gamma, "gamma"),
            mean = Saved(running_mean, "running_mean"), var = Saved(running_var, "running_var"),
            epsilon = options.epsilon](std::span<const Tensor> grads) {
             const Tensor& gamma = gamma_saved.get();
             const Tensor grad_x = reuse_or_allocate(grads[0]);
             const Tensor grad_gamma = empty_like(gamma), grad_beta = empty_like(gamma);
             dispatch(BatchNormInferenceGrad{.x = x.get(),
                                             .gamma = gamma,
                                             .running_mean = mean.get(),
                                             .running_var = var.get(),
                                             .grad_y = grads[0],
                                             .grad_x = grad_x,
                                             .grad_gamma = grad_gamma,
                                             .grad_beta = grad_beta,
                                             .epsilon = epsilon});
             return std::vector<Tensor>{grad_x, grad_gamma, grad_beta};
           });
    return y;
  }
  Tensor y = empty_like(x);
  const Tensor mean = empty_like(gamma), mean_rest = empty_like(gamma), inv_std = empty_like(gamma);
  dispatch(BatchNorm{.x = x,
                     .gamma = gamma,
                     .beta = beta,
                     .y = y,
                     .mean = mean,
                     .mean_rest = mean_rest,
                     .inv_std = inv_std,
                     .running_mean = running_mean,
                     .running_var = running_var,
                     .epsilon = options.epsilon,
                     .momentum = options.momentum});
  record("batch_norm", {x, gamma, beta}, {&y},
         [x = Saved(x, "x"), gamma_saved = Saved(gamma, "gamma"), mean = Saved(mean, "mean"),
          mean_rest = Saved(mean_rest, "mean_rest"),
          inv_std = Saved(inv_std, "inv_std")](std::span<const Tensor> grads) {
           const Tensor& gamma = gamma_saved.get();
           const Tensor grad_x = reuse_or_allocate(grads[0]);
           const Tensor grad_gamma = empty_like(gamma), grad_beta = empty_like(gamma);
           dispatch(BatchNormGrad{.x = x.get(),
                                  .gamma = gamma,
                                  .mean = mean.get(),
                                  .mean_rest = mean_rest.get(),
                                  .inv_std = inv_std.get(),
                                  .grad_y = grads[0],
                                  .grad_x = grad_x,
                                  .grad_gamma = grad_gamma,
                                  .grad_beta = grad_beta});
           return std::vector<Tensor>{grad_x, grad_gamma, grad_beta};
         });
  return y;
}

Tensor dropout(Tensor x, float probability, Generator& generator) {
  require(x.defined(), "dropout: x is undefined");
  require(&generator == &default_generator() || backend(x.device()).capturing() == 0,
          "dropout: a captured step draws from default_generator() only");
  Tensor y = overwrite_or_allocate(x);
  const RandomState random = generator.reserve((static_cast<std::uint64_t>(x.numel()) + 3) / 4);
  dispatch(Dropout{.x = x, .y = y, .probability = probability, .random = random});
  record("dropout", {x}, {&y}, [probability, random](std::span<const Tensor> grads) {
    const Tensor grad_x = reuse_or_allocate(grads[0]);
    dispatch(Dropout{.x = grads[0], .y = grad_x, .probability = probability, .random = random});
    return std::vector<Tensor>{grad_x};
  });
  hand_on_unused_zeros(x, y);  // what was dropped gets no gradient, and what is 0 stays 0
  return y;
}

Tensor add(Tensor a, const Tensor& b) {
  require(a.defined() && b.defined(), "add: a and b must be defined");
  Tensor y = overwrite_or_allocate(a);
  dispatch(Add{.a = a, .b = b, .y = y});
  record("add", {a, b}, {&y}, [](std::span<const Tensor> grads) {
    return std::vector<Tensor>{grads[0], grads[0]};
  });
  return y;
}

Tensor scale(Tensor x, const Tensor& factor) {
  require(x.defined() && factor.defined(), "scale: x and factor must be defined");
  require(!needs_grad(factor), "scale: factor gets no gradient; detach() it");
  Tensor y = overwrite_or_allocate(x);
  dispatch(Scale{.x = x, .y = y, .by = factor});
  record("scale", {x}, {&y}, [factor = Saved(factor, "factor")](std::span<const Tensor> grads) {
    const Tensor grad_x = reuse_or_allocate(grads[0]);
    dispatch(Scale{.x = grads[0], .y = grad_x, .by = factor.get()});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

Tensor concat(std::span<const Tensor> xs) {
  require(!xs.empty() && xs[0].defined() && xs[0].shape().rank() >= 1,
          "concat: needs at least one tensor of at least one dimension");
  std::vector<std::int64_t> dims(xs[0].shape().begin(), xs[0].shape().end());
  dims.back() = 0;
  std::vector<Shape> shapes;
  for (const Tensor& x : xs) {
    require(x.defined(), "concat: operand ", shapes.size(), " is undefined");
    dims.back() += x.shape().rank() ? x.dim(-1) : 0;
    shapes.push_back(x.shape());
  }
  Tensor y = empty_like(xs[0], Shape(dims));
  dispatch(Concat{.xs = {xs.begin(), xs.end()}, .y = y});
  record("concat", xs, {&y}, [shapes](std::span<const Tensor> grads) {
    std::vector<Tensor> grad_xs;
    for (const Shape& shape : shapes) grad_xs.push_back(empty_like(grads[0], shape));
    dispatch(ConcatGrad{.grad_y = grads[0], .grad_xs = grad_xs});
    return grad_xs;
  });
  return y;
}

Tensor flatten(Tensor x) {
  require(x.defined() && x.shape().rank() >= 1, "flatten: x needs at least one dimension");
  std::int64_t features = 1;  // not numel / N, which an empty batch does not have
  for (int d = 1; d < x.shape().rank(); ++d) features *= x.dim(d);
  return x.reshape({x.dim(0), features});
}

Tensor cross_entropy(Tensor logits, const Tensor& labels, const CrossEntropyOptions& options) {
  require_rank("cross_entropy", "logits", logits, 2);
  require(!options.weights || !needs_grad(options.weights),
          "cross_entropy: weights get no gradient; detach() them");
  Tensor loss = empty_like(logits, {});
  const Tensor probabilities = empty_like(logits);
  const auto [smoothing, weights, ignored, reduction] = options;
  const std::int64_t ignore_index = ignored ? *ignored : kIgnoreNoLabel;
  Tensor divisor;
  if (SoftmaxCrossEntropy::divided(weights, ignore_index, reduction)) {
    divisor = Tensor(Shape{}, DType::f64, logits.device());
  }
  dispatch(SoftmaxCrossEntropy{.logits = logits,
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
           dispatch(SoftmaxCrossEntropyGrad{.probabilities = probabilities,
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

std::vector<std::int32_t> argmax(const Tensor& logits) {
  require_rank("argmax", "logits", logits, 2);
  const std::int64_t classes = logits.dim(1);
  require(classes > 0, "argmax: logits have no classes: ", logits.shape());
  std::vector<std::int32_t> best;
  const Tensor on_host = logits.to(Device::cpu);
  const float* row = on_host.data<float>();
  for (std::int64_t n = 0; n < logits.dim(0); ++n, row += classes) {
    std::int64_t largest = 0;
    // Nothing compares as greater than a NaN, and a NaN as greater than nothing.
    for (std::int64_t k = 1; k < classes && !std::isnan(row[largest]); ++k) {
      if (row[k] > row[largest] || std::isnan(row[k])) largest = k;
    }
    best.push_back(static_cast<std::int32_t>(largest));
  }
  return best;
}

}  // namespace joule

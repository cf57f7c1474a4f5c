// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/conv2d.h"

#include <algorithm>
#include <array>

#include "joule/kernels/bytes_of.h"
#include "joule/kernels/conv2d/channels_last.h"
#include "joule/kernels/conv2d/impl.h"
#include "joule/kernels/l0/l0.h"
#include "joule/kernels/same.h"

namespace joule {
namespace {

Conv2dShape shape_from(const Shape& x, const Shape& weight, const ConvParams& p) {
  return {.batch = x[0],
          .in_h = x[1],
          .in_w = x[2],
          .in_channels = x[3],
          .out_channels = weight[0],
          .kernel_h = weight[1],
          .kernel_w = weight[2],
          .stride_h = p.stride.h,
          .stride_w = p.stride.w,
          .pad_h = p.padding.h,
          .pad_w = p.padding.w,
          .dilation_h = p.dilation.h,
          .dilation_w = p.dilation.w,
          .groups = p.groups};
}

TuningSizes tuning_sizes(const Conv2dShape& s, bool option = false) {
  return {s.batch,    s.in_h,       s.in_w,       s.in_channels, s.out_channels,
          s.kernel_h, s.kernel_w,   s.stride_h,   s.stride_w,    s.pad_h,
          s.pad_w,    s.dilation_h, s.dilation_w, s.groups,      option};
}

/// Checks the three operands of any of the operations; messages call them by the given names.
void check_operands(std::string_view op, const Named& x, const Named& weight, const Named& y,
                    const ConvParams& p) {
  for (const Named& o : {x, weight, y}) {
    require_same(op, {o});
    require(o.tensor.shape().rank() == 4, op, ": ", o.name, " must have rank 4, got ",
            o.tensor.shape());
  }
  const Shape &xs = x.tensor.shape(), &ws = weight.tensor.shape();
  require(xs[1] > 0 && xs[2] > 0 && xs[3] > 0, op, ": ", x.name, " has no pixels or no channels, ",
          "got ", xs);
  require(ws.numel() > 0, op, ": ", weight.name, " is empty, got ", ws);
  require_channels_last(op, x, weight, p);
  require(p.groups >= 1 && xs[3] % p.groups == 0 && ws[0] % p.groups == 0, op,
          ": groups=", p.groups, " must divide the channels of ", x.name, " and the filters of ",
          weight.name, " (", x.name, " is ", xs, ", ", weight.name, " is ", ws, ")");
  require(ws[3] == xs[3] / p.groups, op, ": ", weight.name, " expects ", ws[3] * p.groups,
          " input channels, ", x.name, " has ", xs[3], " (", x.name, " is ", xs, ", ", weight.name,
          " is ", ws, ", groups=", p.groups, ")");
  const Size2 out = conv_output_size({xs[1], xs[2]}, {ws[1], ws[2]}, p);
  require_shape(op, weight, ws, x.tensor);
  require_shape(op, y, {xs[0], out.h, out.w, ws[0]}, x.tensor);
}

}  // namespace

Conv2dShape shape_of(const ops::Conv2d& op) {
  return shape_from(op.x.shape(), op.weight.shape(), op.params);
}
Conv2dShape shape_of(const ops::Conv2dGradInput& op) {
  return shape_from(op.grad_x.shape(), op.weight.shape(), op.params);
}
Conv2dShape shape_of(const ops::Conv2dGradWeight& op) {
  return shape_from(op.x.shape(), op.grad_weight.shape(), op.params);
}

Size2 conv_output_size(Size2 in, Size2 kernel, const ConvParams& p) {
  require_window("conv2d", "kernel", kernel, 0);
  require_window("conv2d", "stride", p.stride, 1);
  require_window("conv2d", "dilation", p.dilation, 1);
  require_window("conv2d", "padding", p.padding, 0);
  const Size2 reach{in.h + 2 * p.padding.h - p.dilation.h * (kernel.h - 1) - 1,
                    in.w + 2 * p.padding.w - p.dilation.w * (kernel.w - 1) - 1};
  require(reach.h >= 0 && reach.w >= 0, "conv2d: the output would be empty: image ", in,
          ", kernel ", kernel, ", padding ", p.padding, ", dilation ", p.dilation);
  return {reach.h / p.stride.h + 1, reach.w / p.stride.w + 1};
}

void ops::Conv2d::check() const {
  check_operands(kName, {"x", x}, {"weight", weight}, {"y", y}, params);
  if (bias) require_shape(kName, {"bias", bias}, {weight.dim(0)}, x);
  require_threshold(kName, threshold);
  require(relu || threshold == 0, kName, ": threshold is a ReLU's, but relu is off");
  if (!l0_sum) return;
  require_shape(kName, {"l0_sum", l0_sum}, {}, x);
  require(relu, kName, ": l0_sum is the norm of a ReLU's output, but relu is off");
  require_sigma(kName, sigma);
}

Work ops::Conv2d::work() const {
  return {.macs = shape_of(*this).macs(),
          .bytes_read = bytes_of(x) + bytes_of(weight) + bytes_of(bias),
          .bytes_written = bytes_of(y) + (relu ? y.numel() / 8 : 0)};
}

TuningKey ops::Conv2d::tuning_key() const {
  return {.sizes = tuning_sizes(shape_of(*this), relu), .sparse = {{{"x", &x}}}};
}

void ops::Conv2dGradInput::check() const {
  check_operands(kName, {"grad_x", grad_x}, {"weight", weight}, {"grad_y", grad_y}, params);
  if (wanted) require_shape(kName, {"wanted", wanted}, grad_x.shape(), grad_x);
}

Work ops::Conv2dGradInput::work() const {
  return {.macs = shape_of(*this).macs(),
          .bytes_read = bytes_of(grad_y) + bytes_of(weight) + (wanted ? wanted.numel() / 8 : 0),
          .bytes_written = bytes_of(grad_x)};
}

TuningKey ops::Conv2dGradInput::tuning_key() const {
  return {.sizes = tuning_sizes(shape_of(*this), wanted.defined()),
          .sparse = {{{"grad_y", &grad_y}, {"wanted", wanted ? &wanted : nullptr}}}};
}

void ops::Conv2dGradWeight::check() const {
  check_operands(kName, {"x", x}, {"grad_weight", grad_weight}, {"grad_y", grad_y}, params);
  if (grad_bias) require_shape(kName, {"grad_bias", grad_bias}, {grad_weight.dim(0)}, x);
}

Work ops::Conv2dGradWeight::work() const {
  return {.macs = shape_of(*this).macs(),
          .bytes_read = bytes_of(x) + bytes_of(grad_y),
          .bytes_written = bytes_of(grad_weight) + bytes_of(grad_bias)};
}

TuningKey ops::Conv2dGradWeight::tuning_key() const {
  return {.sizes = tuning_sizes(shape_of(*this)), .sparse = {{{"x", &x}, {"grad_y", &grad_y}}}};
}

}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/impl.h"
#include "joule/kernels/conv2d/reference.h"
#include "joule/kernels/l0/l0_reference.h"
#include "joule/kernels/relu/relu_reference.h"
#include "joule/kernels/zero_mask_rows.h"

namespace joule {

void run_conv2d_reference(const ops::Conv2d& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  visit_float(op.dtype(), [&]<class T>(T) {
    T* const y = op.y.mutable_data<T>();
    reference::conv2d(s, op.x.data<T>(), op.weight.data<T>(), y);
    if (op.bias) {
      reference::add_bias(s.y_size() / s.out_channels, s.out_channels, op.bias.data<T>(), y);
    }
    if (!op.relu) return;
    reference::relu(s.y_size(), y, T(op.threshold), y);
    if (op.l0_sum) {
      *op.l0_sum.mutable_data<T>() = reference::smooth_l0_sum(s.y_size(), y, T(op.sigma));
    }
    op.y.attach(mask_of(op.y));
  });
  count_zeros_of_x(tally, s, op.x);
}

void run_conv2d_grad_input_reference(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::conv2d_grad_input(s, op.grad_y.data<T>(), op.weight.data<T>(),
                                 op.grad_x.mutable_data<T>());
  });
  count_zeros_of_grad_input(tally, s, op);
}

void run_conv2d_grad_weight_reference(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::conv2d_grad_weight(s, op.x.data<T>(), op.grad_y.data<T>(),
                                  op.grad_weight.mutable_data<T>());
    if (op.grad_bias) {
      reference::grad_bias(s.y_size() / s.out_channels, s.out_channels, op.grad_y.data<T>(),
                           op.grad_bias.mutable_data<T>());
    }
  });
  count_zeros_of_x(tally, s, op.x);
}

}  // namespace joule

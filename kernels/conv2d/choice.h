// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/context.h"
#include "joule/kernels/conv2d/conv2d.h"

// Which implementation of a convolution is expected to be the fastest.  Each function says why the
// implementation of its name is not, for this operation, or null (Implementation::slower).  They
// use only what is known without running anything: the sizes and the counts in the zero masks.
namespace joule {

namespace cpu {
template <Precision kWeights>
const char* why_not_skip_zero(const ops::Conv2d& op);
const char* why_not_skip_zero(const ops::Conv2dGradInput& op);
template <Precision kWeights>
const char* why_not_runs(const ops::Conv2d& op);
const char* why_not_runs(const ops::Conv2dGradInput& op);
const char* why_not_winograd_2x2(const ops::Conv2d& op);
const char* why_not_winograd_2x2(const ops::Conv2dGradInput& op);
const char* why_not_winograd_4x4(const ops::Conv2d& op);
const char* why_not_winograd_4x4(const ops::Conv2dGradInput& op);
const char* why_not_skip_unwanted(const ops::Conv2dGradInput& op);
const char* why_not_skip_zero_x(const ops::Conv2dGradWeight& op);
const char* why_not_skip_zero_grad_y(const ops::Conv2dGradWeight& op);
const char* why_not_depthwise(const ops::Conv2d& op);
const char* why_not_depthwise(const ops::Conv2dGradInput& op);
const char* why_not_depthwise(const ops::Conv2dGradWeight& op);
}  // namespace cpu

namespace onednn {
const char* why_not(const ops::Conv2d& op);
const char* why_not(const ops::Conv2dGradInput& op);
const char* why_not(const ops::Conv2dGradWeight& op);
}  // namespace onednn

namespace cuda {
const char* why_not_three_products(const ops::Conv2d& op);
const char* why_not_three_products(const ops::Conv2dGradInput& op);
const char* why_not_three_products(const ops::Conv2dGradWeight& op);
const char* why_not_skip_zero(const ops::Conv2d& op);
const char* why_not_skip_zero(const ops::Conv2dGradInput& op);
const char* why_not_skip_zero_lists(const ops::Conv2d& op);
const char* why_not_skip_zero_lists(const ops::Conv2dGradInput& op);
const char* why_not_skip_zero_x(const ops::Conv2dGradWeight& op);
const char* why_not_skip_zero_grad_y(const ops::Conv2dGradWeight& op);
}  // namespace cuda

}  // namespace joule

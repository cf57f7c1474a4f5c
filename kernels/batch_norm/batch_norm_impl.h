// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/rows_of.h"

// The implementations of BatchNorm, one source file each.  Private to this folder.
namespace joule {

namespace cpu {
void batch_norm_simd(const ops::BatchNorm& op, Context& ctx, Tally* tally);
void batch_norm_inference_simd(const ops::BatchNormInference& op, Context& ctx, Tally* tally);
void batch_norm_inference_grad_simd(const ops::BatchNormInferenceGrad& op, Context& ctx,
                                    Tally* tally);
void batch_norm_grad_simd(const ops::BatchNormGrad& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace cuda {
void batch_norm(const ops::BatchNorm& op, Context& ctx, Tally* tally);
void batch_norm_inference(const ops::BatchNormInference& op, Context& ctx, Tally* tally);
void batch_norm_inference_grad(const ops::BatchNormInferenceGrad& op, Context& ctx, Tally* tally);
void batch_norm_grad(const ops::BatchNormGrad& op, Context& ctx, Tally* tally);
}  // namespace cuda
}  // namespace joule

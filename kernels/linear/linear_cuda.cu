// SPDX-License-Identifier: MIT
#include "joule/kernels/linear/linear_cuda.h"

#include "joule/kernels/product/gemm_cuda.h"

namespace joule::cuda {
void linear_one_thread_per_output(const ops::Linear& op, Context&, Tally* tally) {
  gemm_one_thread_per_output(gemm_of(op));
  finish(op, tally);
}
void linear_grad_input_one_thread_per_output(const ops::LinearGradInput& op, Context&,
                                             Tally* tally) {
  gemm_one_thread_per_output(gemm_of(op));
  finish(op, tally);
}
void linear_grad_weight_one_thread_per_output(const ops::LinearGradWeight& op, Context&,
                                              Tally* tally) {
  gemm_one_thread_per_output(gemm_of(op));
  finish(op, tally);
}

void linear_tiled_64x64(const ops::Linear& op, Context&, Tally* tally) {
  gemm_tiled_64x64(gemm_of(op));
  finish(op, tally);
}
void linear_grad_input_tiled_64x64(const ops::LinearGradInput& op, Context&, Tally* tally) {
  gemm_tiled_64x64(gemm_of(op));
  finish(op, tally);
}
void linear_grad_weight_tiled_64x64(const ops::LinearGradWeight& op, Context&, Tally* tally) {
  gemm_tiled_64x64(gemm_of(op));
  finish(op, tally);
}

}  // namespace joule::cuda

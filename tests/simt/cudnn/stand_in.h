// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>
#include <cudnn.h>

#include <set>

// A cuDNN for the executor of tests/simt: what Joule calls of it (kernels/conv2d/cuda/cudnn_api.h),
// computed by plain loops, with faults on demand.  Each pass ranks an algorithm first that Joule
// must not take; behind it the forward pass has two, the others one.  All need a workspace.
namespace joule::test {

struct CudnnStandIn {
  // What the functions return.
  cudnnStatus_t create = CUDNN_STATUS_SUCCESS;
  cudnnStatus_t describe = CUDNN_STATUS_SUCCESS;  // cudnnSetConvolution2dDescriptor()
  cudnnStatus_t rank = CUDNN_STATUS_SUCCESS;
  cudnnStatus_t workspace = CUDNN_STATUS_SUCCESS;
  std::set<int> failing{};  // the algorithms that fail when they run

  // What they were asked for last.
  int algorithm = -1;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
  int runs = 0;
  int rankings = 0;
};

CudnnStandIn& cudnn_stand_in();

}  // namespace joule::test

// SPDX-License-Identifier: MIT
#include "joule/tests/simt/cudnn/stand_in.h"

#include <algorithm>
#include <initializer_list>

using joule::test::cudnn_stand_in;

struct cudnnContext {
  cudaStream_t stream = nullptr;
};
struct cudnnTensorStruct {
  int n, c, h, w;
};
struct cudnnFilterStruct {
  int k, c, h, w;
};
struct cudnnConvolutionStruct {
  int pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups = 1;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};

namespace joule::test {

CudnnStandIn& cudnn_stand_in() {
  static CudnnStandIn state;
  return state;
}

}  // namespace joule::test

namespace {

constexpr std::size_t kWorkspaceBytes = 96;

struct Problem {
  cudnnTensorStruct x, y;
  cudnnFilterStruct weight;
  cudnnConvolutionStruct conv;

  int filters_of_group() const { return weight.k / conv.groups; }
};

struct Index {
  int n, h, w, c;
};

/// Where element `i` of an NHWC tensor is.
Index index_of(const cudnnTensorStruct& t, long long i) {
  return {static_cast<int>(i / t.c / t.w / t.h), static_cast<int>(i / t.c / t.w % t.h),
          static_cast<int>(i / t.c % t.w), static_cast<int>(i % t.c)};
}
long long at(const cudnnTensorStruct& t, int n, int h, int w, int c) {
  return ((static_cast<long long>(n) * t.h + h) * t.w + w) * t.c + c;
}
long long at(const cudnnFilterStruct& f, int k, int r, int s, int c) {
  return ((static_cast<long long>(k) * f.h + r) * f.w + s) * f.c + c;
}
long long size(const cudnnTensorStruct& t) { return at(t, t.n, 0, 0, 0); }

/// The input that output p reads by tap r, or -1 outside.
int read(int p, int r, int stride, int pad, int dilation, int extent) {
  const int h = p * stride - pad + r * dilation;
  return h >= 0 && h < extent ? h : -1;
}

/// body(p, r, h) for each output and tap that read an input.
template <class Body>
void for_each_read(int outputs, int taps, int stride, int pad, int dilation, int extent,
                   Body&& body) {
  for (int p = 0; p < outputs; ++p) {
    for (int r = 0; r < taps; ++r) {
      if (const int h = read(p, r, stride, pad, dilation, extent); h >= 0) body(p, r, h);
    }
  }
}

long long thread() { return static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; }

/// One thread per output.
__global__ void forward(Problem p, const float* x, const float* weight, float* y) {
  const long long i = thread();
  if (i >= size(p.y)) return;
  const Index out = index_of(p.y, i);
  const int first = out.c / p.filters_of_group() * p.weight.c;
  float sum = 0;
  for (int r = 0; r < p.weight.h; ++r) {
    for (int s = 0; s < p.weight.w; ++s) {
      const int h = read(out.h, r, p.conv.stride_h, p.conv.pad_h, p.conv.dilation_h, p.x.h);
      const int w = read(out.w, s, p.conv.stride_w, p.conv.pad_w, p.conv.dilation_w, p.x.w);
      if (h < 0 || w < 0) continue;
      for (int c = 0; c < p.weight.c; ++c) {
        sum += x[at(p.x, out.n, h, w, first + c)] * weight[at(p.weight, out.c, r, s, c)];
      }
    }
  }
  y[i] = sum;
}

/// One thread per image: different ones write different inputs.
__global__ void backward_data(Problem p, const float* weight, const float* grad_y, float* grad_x) {
  const auto n = static_cast<int>(thread());
  if (n >= p.x.n) return;
  for (long long i = at(p.x, n, 0, 0, 0); i < at(p.x, n + 1, 0, 0, 0); ++i) grad_x[i] = 0;
  const cudnnConvolutionStruct& v = p.conv;
  for_each_read(
      p.y.h, p.weight.h, v.stride_h, v.pad_h, v.dilation_h, p.x.h, [&](int q, int r, int h) {
        for_each_read(
            p.y.w, p.weight.w, v.stride_w, v.pad_w, v.dilation_w, p.x.w, [&](int t, int s, int w) {
              for (int k = 0; k < p.weight.k; ++k) {
                const float grad = grad_y[at(p.y, n, q, t, k)];
                const int first = k / p.filters_of_group() * p.weight.c;
                for (int c = 0; c < p.weight.c; ++c) {
                  grad_x[at(p.x, n, h, w, first + c)] += grad * weight[at(p.weight, k, r, s, c)];
                }
              }
            });
      });
}

/// One thread per filter.
__global__ void backward_filter(Problem p, const float* x, const float* grad_y,
                                float* grad_weight) {
  const auto k = static_cast<int>(thread());
  if (k >= p.weight.k) return;
  for (long long i = at(p.weight, k, 0, 0, 0); i < at(p.weight, k + 1, 0, 0, 0); ++i) {
    grad_weight[i] = 0;
  }
  const int first = k / p.filters_of_group() * p.weight.c;
  const cudnnConvolutionStruct& v = p.conv;
  for_each_read(
      p.y.h, p.weight.h, v.stride_h, v.pad_h, v.dilation_h, p.x.h, [&](int q, int r, int h) {
        for_each_read(p.y.w, p.weight.w, v.stride_w, v.pad_w, v.dilation_w, p.x.w,
                      [&](int t, int s, int w) {
                        for (int n = 0; n < p.x.n; ++n) {
                          for (int c = 0; c < p.weight.c; ++c) {
                            grad_weight[at(p.weight, k, r, s, c)] +=
                                grad_y[at(p.y, n, q, t, k)] * x[at(p.x, n, h, w, first + c)];
                          }
                        }
                      });
      });
}

/// Runs the kernel with a thread for each of `count`, unless the algorithm or what it was given is
/// at fault.
template <class Kernel>
cudnnStatus_t run(cudnnHandle_t handle, const Problem& problem, int algorithm, const void* alpha,
                  const void* beta, void* workspace, std::size_t workspace_bytes, Kernel kernel,
                  long long count, const void* a, const void* b, void* result) {
  auto& state = cudnn_stand_in();
  state.algorithm = algorithm;
  state.math = problem.conv.math;
  ++state.runs;
  const bool plain =
      *static_cast<const float*>(alpha) == 1 && *static_cast<const float*>(beta) == 0;
  if (!plain || !workspace || workspace_bytes != kWorkspaceBytes) return CUDNN_STATUS_BAD_PARAM;
  if (state.failing.count(algorithm)) return CUDNN_STATUS_EXECUTION_FAILED;
  constexpr unsigned kThreads = 64;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>((count + kThreads - 1) / kThreads));
  config.blockDim = dim3(kThreads);
  config.stream = handle->stream;
  const cudaError_t error =
      cudaLaunchKernelEx(&config, kernel, problem, static_cast<const float*>(a),
                         static_cast<const float*>(b), static_cast<float*>(result));
  return error == cudaSuccess ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED_CUDART;
}

template <class Candidate, class Algorithm>
cudnnStatus_t rank(std::initializer_list<Algorithm> algorithms, Algorithm random_order, int asked,
                   int* count, Candidate* candidates) {
  auto& state = cudnn_stand_in();
  ++state.rankings;
  if (state.rank != CUDNN_STATUS_SUCCESS) return state.rank;
  *count = std::min(asked, static_cast<int>(algorithms.size()));
  for (int i = 0; i < *count; ++i) {
    candidates[i] = {};
    candidates[i].algo = algorithms.begin()[i];
    candidates[i].status = CUDNN_STATUS_SUCCESS;
    candidates[i].determinism =
        candidates[i].algo == random_order ? CUDNN_NON_DETERMINISTIC : CUDNN_DETERMINISTIC;
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t workspace(std::size_t* bytes) {
  *bytes = kWorkspaceBytes;
  return cudnn_stand_in().workspace;
}

template <class T>
cudnnStatus_t create(T** made) {
  *made = new T{};
  return CUDNN_STATUS_SUCCESS;
}
template <class T>
cudnnStatus_t destroy(T* made) {
  delete made;
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

extern "C" {

const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_BAD_PARAM ? "bad parameter" : "another status";
}
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  const cudnnStatus_t status = cudnn_stand_in().create;
  return status == CUDNN_STATUS_SUCCESS ? create(handle) : status;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return destroy(handle); }
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* t) { return create(t); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t t) { return destroy(t); }
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* f) { return create(f); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t f) { return destroy(f); }
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* c) {
  return create(c);
}
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t c) {
  return destroy(c);
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t t, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  if (format != CUDNN_TENSOR_NHWC || type != CUDNN_DATA_FLOAT) return CUDNN_STATUS_NOT_SUPPORTED;
  *t = {n, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t f, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
  if (format != CUDNN_TENSOR_NHWC || type != CUDNN_DATA_FLOAT) return CUDNN_STATUS_NOT_SUPPORTED;
  *f = {k, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t conv, int pad_h,
                                              int pad_w, int u, int v, int dilation_h,
                                              int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t type) {
  if (mode != CUDNN_CROSS_CORRELATION || type != CUDNN_DATA_FLOAT) {
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  *conv = {pad_h, pad_w, u, v, dilation_h, dilation_w};
  return cudnn_stand_in().describe;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t conv, int groups) {
  conv->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t conv, cudnnMathType_t math) {
  conv->math = math;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, const cudnnTensorDescriptor_t,
                                                     const cudnnFilterDescriptor_t,
                                                     const cudnnConvolutionDescriptor_t,
                                                     const cudnnTensorDescriptor_t, const int asked,
                                                     int* count,
                                                     cudnnConvolutionFwdAlgoPerf_t* candidates) {
  return rank(
      {CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
       CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM},
      CUDNN_CONVOLUTION_FWD_ALGO_COUNT, asked, count, candidates);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(
    cudnnHandle_t, const cudnnFilterDescriptor_t, const cudnnTensorDescriptor_t,
    const cudnnConvolutionDescriptor_t, const cudnnTensorDescriptor_t, const int asked, int* count,
    cudnnConvolutionBwdDataAlgoPerf_t* candidates) {
  return rank({CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1},
              CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, asked, count, candidates);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(
    cudnnHandle_t, const cudnnTensorDescriptor_t, const cudnnTensorDescriptor_t,
    const cudnnConvolutionDescriptor_t, const cudnnFilterDescriptor_t, const int asked, int* count,
    cudnnConvolutionBwdFilterAlgoPerf_t* candidates) {
  return rank({CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1},
              CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, asked, count, candidates);
}
cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t,
                                                      const cudnnFilterDescriptor_t,
                                                      const cudnnConvolutionDescriptor_t,
                                                      const cudnnTensorDescriptor_t,
                                                      cudnnConvolutionFwdAlgo_t, size_t* bytes) {
  return workspace(bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t, const cudnnFilterDescriptor_t, const cudnnTensorDescriptor_t,
    const cudnnConvolutionDescriptor_t, const cudnnTensorDescriptor_t,
    cudnnConvolutionBwdDataAlgo_t, size_t* bytes) {
  return workspace(bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(
    cudnnHandle_t, const cudnnTensorDescriptor_t, const cudnnTensorDescriptor_t,
    const cudnnConvolutionDescriptor_t, const cudnnFilterDescriptor_t,
    cudnnConvolutionBwdFilterAlgo_t, size_t* bytes) {
  return workspace(bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha,
                                      const cudnnTensorDescriptor_t x_of, const void* x,
                                      const cudnnFilterDescriptor_t w_of, const void* w,
                                      const cudnnConvolutionDescriptor_t conv,
                                      cudnnConvolutionFwdAlgo_t algorithm, void* space,
                                      size_t space_bytes, const void* beta,
                                      const cudnnTensorDescriptor_t y_of, void* y) {
  return run(handle, {*x_of, *y_of, *w_of, *conv}, algorithm, alpha, beta, space, space_bytes,
             forward, size(*y_of), x, w, y);
}
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha,
                                           const cudnnFilterDescriptor_t w_of, const void* w,
                                           const cudnnTensorDescriptor_t dy_of, const void* dy,
                                           const cudnnConvolutionDescriptor_t conv,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* space,
                                           size_t space_bytes, const void* beta,
                                           const cudnnTensorDescriptor_t dx_of, void* dx) {
  return run(handle, {*dx_of, *dy_of, *w_of, *conv}, algorithm, alpha, beta, space, space_bytes,
             backward_data, dx_of->n, w, dy, dx);
}
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha,
                                             const cudnnTensorDescriptor_t x_of, const void* x,
                                             const cudnnTensorDescriptor_t dy_of, const void* dy,
                                             const cudnnConvolutionDescriptor_t conv,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* space,
                                             size_t space_bytes, const void* beta,
                                             const cudnnFilterDescriptor_t dw_of, void* dw) {
  return run(handle, {*x_of, *dy_of, *dw_of, *conv}, algorithm, alpha, beta, space, space_bytes,
             backward_filter, dw_of->k, x, dy, dw);
}

}  // extern "C"

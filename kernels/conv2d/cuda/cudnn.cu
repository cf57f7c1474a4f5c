// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/cudnn_api.h"
#include "joule/kernels/conv2d/cuda/pieces.h"

namespace joule::cudnn {
namespace {

void check(cudnnStatus_t status, const char* function,
           std::source_location at = std::source_location::current()) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  throw DeviceError(str(function, " failed: ", api().cudnnGetErrorString(status), " at ",
                        at.file_name(), ":", at.line()));
}

void destroy_handle(cudnnHandle_t handle) noexcept { api().cudnnDestroy(handle); }
void destroy_tensor(cudnnTensorDescriptor_t desc) noexcept {
  api().cudnnDestroyTensorDescriptor(desc);
}
void destroy_filter(cudnnFilterDescriptor_t desc) noexcept {
  api().cudnnDestroyFilterDescriptor(desc);
}
void destroy_convolution(cudnnConvolutionDescriptor_t desc) noexcept {
  api().cudnnDestroyConvolutionDescriptor(desc);
}
using TensorDescriptor = Handle<cudnnTensorDescriptor_t, destroy_tensor>;
using FilterDescriptor = Handle<cudnnFilterDescriptor_t, destroy_filter>;
using ConvolutionDescriptor = Handle<cudnnConvolutionDescriptor_t, destroy_convolution>;

int narrow(std::int64_t size) { return static_cast<int>(size); }

TensorDescriptor images(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
  TensorDescriptor desc;
  check(api().cudnnCreateTensorDescriptor(desc.receive()), "cudnnCreateTensorDescriptor");
  check(api().cudnnSetTensor4dDescriptor(desc.get(), CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, narrow(n),
                                         narrow(c), narrow(h), narrow(w)),
        "cudnnSetTensor4dDescriptor");
  return desc;
}

/// Of tf32 and bf16 it makes tf32: other conversions of f32 are to half, whose range is smaller.
cudnnMathType_t math_of(Precision precision) {
  return precision == Precision::f32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH;
}

/// cuDNN's descriptions of the operands as they lie in Joule's tensors, and the geometry.
struct Problem {
  TensorDescriptor x, y;
  FilterDescriptor weight;
  ConvolutionDescriptor convolution;

  Problem(const Conv2dShape& s, cudnnMathType_t math)
      : x(images(s.batch, s.in_h, s.in_w, s.in_channels)),
        y(images(s.batch, s.out_h(), s.out_w(), s.out_channels)) {
    check(api().cudnnCreateFilterDescriptor(weight.receive()), "cudnnCreateFilterDescriptor");
    check(api().cudnnSetFilter4dDescriptor(weight.get(), CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC,
                                           narrow(s.out_channels), narrow(s.in_per_group()),
                                           narrow(s.kernel_h), narrow(s.kernel_w)),
          "cudnnSetFilter4dDescriptor");
    check(api().cudnnCreateConvolutionDescriptor(convolution.receive()),
          "cudnnCreateConvolutionDescriptor");
    check(api().cudnnSetConvolution2dDescriptor(convolution.get(), narrow(s.pad_h), narrow(s.pad_w),
                                                narrow(s.stride_h), narrow(s.stride_w),
                                                narrow(s.dilation_h), narrow(s.dilation_w),
                                                CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
          "cudnnSetConvolution2dDescriptor");
    check(api().cudnnSetConvolutionGroupCount(convolution.get(), narrow(s.groups)),
          "cudnnSetConvolutionGroupCount");
    check(api().cudnnSetConvolutionMathType(convolution.get(), math),
          "cudnnSetConvolutionMathType");
  }
};

// What differs between the three passes: the algorithms that may be taken, and cuDNN's functions.
// Neither Winograd's nor Fourier's: their errors are larger.

struct Forward {
  static constexpr const char* kRank = "cudnnGetConvolutionForwardAlgorithm_v7";
  using Op = ops::Conv2d;
  using Algorithm = cudnnConvolutionFwdAlgo_t;
  using Candidate = cudnnConvolutionFwdAlgoPerf_t;
  static constexpr std::array kAlgorithms = {
      CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
      CUDNN_CONVOLUTION_FWD_ALGO_GEMM, CUDNN_CONVOLUTION_FWD_ALGO_DIRECT};

  static cudnnStatus_t rank(cudnnHandle_t handle, const Problem& p, std::vector<Candidate>& ranked,
                            int& count) {
    return api().cudnnGetConvolutionForwardAlgorithm_v7(
        handle, p.x.get(), p.weight.get(), p.convolution.get(), p.y.get(),
        narrow(static_cast<std::int64_t>(ranked.size())), &count, ranked.data());
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const Problem& p, Algorithm algorithm,
                                 std::size_t& bytes) {
    return api().cudnnGetConvolutionForwardWorkspaceSize(
        handle, p.x.get(), p.weight.get(), p.convolution.get(), p.y.get(), algorithm, &bytes);
  }
};

struct BackwardData {
  static constexpr const char* kRank = "cudnnGetConvolutionBackwardDataAlgorithm_v7";
  using Op = ops::Conv2dGradInput;
  using Algorithm = cudnnConvolutionBwdDataAlgo_t;
  using Candidate = cudnnConvolutionBwdDataAlgoPerf_t;
  static constexpr std::array kAlgorithms = {CUDNN_CONVOLUTION_BWD_DATA_ALGO_1};

  static cudnnStatus_t rank(cudnnHandle_t handle, const Problem& p, std::vector<Candidate>& ranked,
                            int& count) {
    return api().cudnnGetConvolutionBackwardDataAlgorithm_v7(
        handle, p.weight.get(), p.y.get(), p.convolution.get(), p.x.get(),
        narrow(static_cast<std::int64_t>(ranked.size())), &count, ranked.data());
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const Problem& p, Algorithm algorithm,
                                 std::size_t& bytes) {
    return api().cudnnGetConvolutionBackwardDataWorkspaceSize(
        handle, p.weight.get(), p.y.get(), p.convolution.get(), p.x.get(), algorithm, &bytes);
  }
};

struct BackwardFilter {
  static constexpr const char* kRank = "cudnnGetConvolutionBackwardFilterAlgorithm_v7";
  using Op = ops::Conv2dGradWeight;
  using Algorithm = cudnnConvolutionBwdFilterAlgo_t;
  using Candidate = cudnnConvolutionBwdFilterAlgoPerf_t;
  static constexpr std::array kAlgorithms = {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1};

  static cudnnStatus_t rank(cudnnHandle_t handle, const Problem& p, std::vector<Candidate>& ranked,
                            int& count) {
    return api().cudnnGetConvolutionBackwardFilterAlgorithm_v7(
        handle, p.x.get(), p.y.get(), p.convolution.get(), p.weight.get(),
        narrow(static_cast<std::int64_t>(ranked.size())), &count, ranked.data());
  }
  static cudnnStatus_t workspace(cudnnHandle_t handle, const Problem& p, Algorithm algorithm,
                                 std::size_t& bytes) {
    return api().cudnnGetConvolutionBackwardFilterWorkspaceSize(
        handle, p.x.get(), p.y.get(), p.convolution.get(), p.weight.get(), algorithm, &bytes);
  }
};

/// How cuDNN runs one pass of one shape.
template <class Pass>
struct Plan {
  Problem problem;
  typename Pass::Algorithm algorithm{};
  std::size_t workspace_bytes = 0;
  bool exists = false;

  /// The first of those that cuDNN expects to be fast which gives the same bits always.  The math
  /// type of the problem is in force, whatever a candidate says of its own.
  Plan(cudnnHandle_t handle, const Conv2dShape& s, cudnnMathType_t math) : problem(s, math) {
    constexpr std::size_t kCandidates = 16;  // cuDNN has at most ten
    std::vector<typename Pass::Candidate> ranked(kCandidates);
    int count = 0;
    const cudnnStatus_t status = Pass::rank(handle, problem, ranked, count);
    if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED) return;
    check(status, Pass::kRank);
    ranked.resize(static_cast<std::size_t>(count));
    for (const auto& candidate : ranked) {
      const bool fits =
          std::ranges::find(Pass::kAlgorithms, candidate.algo) != Pass::kAlgorithms.end() &&
          candidate.status == CUDNN_STATUS_SUCCESS && candidate.determinism == CUDNN_DETERMINISTIC;
      if (!fits) continue;
      if (Pass::workspace(handle, problem, candidate.algo, workspace_bytes) !=
          CUDNN_STATUS_SUCCESS) {
        continue;
      }
      algorithm = candidate.algo;
      exists = true;
      return;
    }
  }
};

using Key = std::array<std::int64_t, 15>;
Key key_of(const Conv2dShape& s, cudnnMathType_t math) {
  return {s.batch,    s.in_h,       s.in_w,       s.in_channels, s.out_channels,
          s.kernel_h, s.kernel_w,   s.stride_h,   s.stride_w,    s.pad_h,
          s.pad_w,    s.dilation_h, s.dilation_w, s.groups,      math};
}

/// cuDNN on the stream of this process, and the plans that it has made.  Its calls only queue work,
/// so threads take turns.
class Library {
 public:
  Library() {
    check(api().cudnnCreate(handle_.receive()), "cudnnCreate");
    check(api().cudnnSetStream(handle_.get(), cuda::stream()), "cudnnSetStream");
  }

  /// call(handle, plan)
  template <class Pass, class Call>
  auto with_plan(const Conv2dShape& s, cudnnMathType_t math, Call&& call) {
    const std::lock_guard lock(mutex_);
    auto& plans = std::get<std::map<Key, Plan<Pass>>>(plans_);
    const Key key = key_of(s, math);
    auto found = plans.find(key);
    if (found == plans.end()) found = plans.emplace(key, Plan<Pass>(handle_.get(), s, math)).first;
    return call(handle_.get(), found->second);
  }

 private:
  Handle<cudnnHandle_t, destroy_handle> handle_;
  std::mutex mutex_;
  std::tuple<std::map<Key, Plan<Forward>>, std::map<Key, Plan<BackwardData>>,
             std::map<Key, Plan<BackwardFilter>>>
      plans_;
};

Library& library() {
  static Library* const made = new Library;  // never destroyed: neither is the backend
  return *made;
}

template <class Pass>
const char* why_not(const typename Pass::Op& op) {
  if (!api().library.problem().empty()) return api().library.problem().c_str();
  const Conv2dShape s = shape_of(op);
  if (s.batch == 0) return "needs an image";
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  if (s.x_size() >= kMost || s.y_size() >= kMost || s.weight_size() >= kMost) {
    return "cuDNN counts elements in 32 bits";
  }
  const bool exists = library().with_plan<Pass>(
      s, math_of(context().precision), [](cudnnHandle_t, const Plan<Pass>& p) { return p.exists; });
  return exists ? nullptr : "cuDNN has no algorithm of fixed order for it";
}

/// call(handle, plan, workspace), which returns the status of the cuDNN function named `function`.
template <class Pass, class Call>
void run(const Conv2dShape& s, const Context& ctx, const char* function, Call&& call) {
  library().with_plan<Pass>(
      s, math_of(ctx.precision), [&](cudnnHandle_t handle, const Plan<Pass>& plan) {
        const Storage workspace(plan.workspace_bytes, Device::cuda);
        check(plan.exists ? call(handle, plan, workspace.data()) : CUDNN_STATUS_NOT_SUPPORTED,
              function);
      });
}

constexpr float kOne = 1, kZero = 0;  // result = one * what is computed + zero * what was there

}  // namespace

const char* unsupported(const ops::Conv2d& op) { return why_not<Forward>(op); }
const char* unsupported(const ops::Conv2dGradInput& op) { return why_not<BackwardData>(op); }
const char* unsupported(const ops::Conv2dGradWeight& op) { return why_not<BackwardFilter>(op); }

void conv2d(const ops::Conv2d& op, Context& ctx, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const float* const x = op.x.data<float>();
  const float* const weight = op.weight.data<float>();
  float* const y = op.y.mutable_data<float>();
  run<Forward>(s, ctx, "cudnnConvolutionForward",
               [&](cudnnHandle_t handle, const Plan<Forward>& plan, void* workspace) {
                 const Problem& p = plan.problem;
                 return api().cudnnConvolutionForward(
                     handle, &kOne, p.x.get(), x, p.weight.get(), weight, p.convolution.get(),
                     plan.algorithm, workspace, plan.workspace_bytes, &kZero, p.y.get(), y);
               });
  cuda::bias_and_relu_in_place(op);
  cuda::tally_zeros_of_x(tally, s, op.x);
}

void conv2d_grad_input(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const float* const weight = op.weight.data<float>();
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  run<BackwardData>(s, ctx, "cudnnConvolutionBackwardData",
                    [&](cudnnHandle_t handle, const Plan<BackwardData>& plan, void* workspace) {
                      const Problem& p = plan.problem;
                      return api().cudnnConvolutionBackwardData(
                          handle, &kOne, p.weight.get(), weight, p.y.get(), grad_y,
                          p.convolution.get(), plan.algorithm, workspace, plan.workspace_bytes,
                          &kZero, p.x.get(), grad_x);
                    });
  cuda::tally_zeros_of_grad_input(tally, s, op);
}

void conv2d_grad_weight(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const float* const x = op.x.data<float>();
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_weight = op.grad_weight.mutable_data<float>();
  run<BackwardFilter>(s, ctx, "cudnnConvolutionBackwardFilter",
                      [&](cudnnHandle_t handle, const Plan<BackwardFilter>& plan, void* workspace) {
                        const Problem& p = plan.problem;
                        return api().cudnnConvolutionBackwardFilter(
                            handle, &kOne, p.x.get(), x, p.y.get(), grad_y, p.convolution.get(),
                            plan.algorithm, workspace, plan.workspace_bytes, &kZero, p.weight.get(),
                            grad_weight);
                      });
  cuda::grad_bias(op.grad_y, op.grad_bias);
  cuda::tally_zeros_of_x(tally, s, op.x);
}

}  // namespace joule::cudnn

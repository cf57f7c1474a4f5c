// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/cudnn_api.h"
#include "joule/kernels/conv2d/cuda/pieces.h"
#include "joule/kernels/conv2d/first_that_runs.h"
#include "joule/kernels/floats_cuda.h"

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

/// The default type rounds f32 to tf32 where the device can; only FMA_MATH keeps it.  Of bf16 it
/// makes tf32, too: other conversions of f32 are to half, whose range is smaller.
cudnnMathType_t math_of(Precision precision) {
  return precision == Precision::f32 ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH;
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

constexpr float kOne = 1, kZero = 0;  // result = one * what is computed + zero * what was there

// What differs between the three passes: the algorithms that may be taken, cuDNN's functions, and
// the result.  Neither Winograd's nor Fourier's algorithms: their errors are larger.

struct Forward {
  static constexpr const char* kRank = "cudnnGetConvolutionForwardAlgorithm_v7";
  static constexpr const char* kRun = "cudnnConvolutionForward";
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
  static const Tensor& result(const Op& op) { return op.y; }
  static bool aligned(const Op& op) {
    return cuda::aligned_for_four(
        {op.x.data<float>(), op.weight.data<float>(), op.y.data<float>()});
  }
  static cudnnStatus_t run(cudnnHandle_t handle, const Problem& p, Algorithm algorithm,
                           const Storage& workspace, const Op& op, void* y) {
    return api().cudnnConvolutionForward(
        handle, &kOne, p.x.get(), op.x.data<float>(), p.weight.get(), op.weight.data<float>(),
        p.convolution.get(), algorithm, workspace.data(), workspace.bytes(), &kZero, p.y.get(), y);
  }
};

struct BackwardData {
  static constexpr const char* kRank = "cudnnGetConvolutionBackwardDataAlgorithm_v7";
  static constexpr const char* kRun = "cudnnConvolutionBackwardData";
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
  static const Tensor& result(const Op& op) { return op.grad_x; }
  static bool aligned(const Op& op) {
    return cuda::aligned_for_four(
        {op.grad_y.data<float>(), op.weight.data<float>(), op.grad_x.data<float>()});
  }
  static cudnnStatus_t run(cudnnHandle_t handle, const Problem& p, Algorithm algorithm,
                           const Storage& workspace, const Op& op, void* grad_x) {
    return api().cudnnConvolutionBackwardData(
        handle, &kOne, p.weight.get(), op.weight.data<float>(), p.y.get(), op.grad_y.data<float>(),
        p.convolution.get(), algorithm, workspace.data(), workspace.bytes(), &kZero, p.x.get(),
        grad_x);
  }
};

struct BackwardFilter {
  static constexpr const char* kRank = "cudnnGetConvolutionBackwardFilterAlgorithm_v7";
  static constexpr const char* kRun = "cudnnConvolutionBackwardFilter";
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
  static const Tensor& result(const Op& op) { return op.grad_weight; }
  static bool aligned(const Op& op) {
    return cuda::aligned_for_four(
        {op.x.data<float>(), op.grad_y.data<float>(), op.grad_weight.data<float>()});
  }
  static cudnnStatus_t run(cudnnHandle_t handle, const Problem& p, Algorithm algorithm,
                           const Storage& workspace, const Op& op, void* grad_weight) {
    return api().cudnnConvolutionBackwardFilter(
        handle, &kOne, p.x.get(), op.x.data<float>(), p.y.get(), op.grad_y.data<float>(),
        p.convolution.get(), algorithm, workspace.data(), workspace.bytes(), &kZero, p.weight.get(),
        grad_weight);
  }
};

/// How cuDNN runs one pass of one shape, or why it does not.
template <class Pass>
struct Plan {
  std::optional<Problem> problem;
  typename Pass::Algorithm algorithm{};
  std::size_t workspace_bytes = 0;
  std::string why_not;

  explicit Plan(const char* reason) : why_not(reason) {}

  /// Tries algorithms on the operands of `op`, but leaves its result alone.  Waits for the stream.
  Plan(cudnnHandle_t handle, const typename Pass::Op& op, cudnnMathType_t math) {
    try {
      problem.emplace(shape_of(op), math);
      choose(handle, op);
    } catch (const DeviceError& error) {
      why_not = error.what();
    }
  }

 private:
  using Candidate = typename Pass::Candidate;

  /// The first of those that cuDNN expects to be fast which gives the same bits always, and which
  /// ran.  The math type of the problem is in force, whatever a candidate says of its own.
  void choose(cudnnHandle_t handle, const typename Pass::Op& op) {
    constexpr std::size_t kCandidates = 16;  // cuDNN has at most ten
    std::vector<Candidate> ranked(kCandidates);
    int count = 0;
    check(Pass::rank(handle, *problem, ranked, count), Pass::kRank);
    ranked.resize(static_cast<std::size_t>(count));
    const auto unfit = [](const Candidate& candidate) -> const char* {
      const bool known =
          std::ranges::find(Pass::kAlgorithms, candidate.algo) != Pass::kAlgorithms.end();
      return known && candidate.status == CUDNN_STATUS_SUCCESS &&
                     candidate.determinism == CUDNN_DETERMINISTIC
                 ? nullptr
                 : "cuDNN has no other algorithm of fixed order for it";
    };
    const auto found = first_that_runs<Candidate>(
        ranked, unfit, [&](const Candidate& candidate) { try_on(handle, op, candidate.algo); });
    why_not = found.why_not;
    if (found.candidate) algorithm = found.candidate->algo;
  }

  void try_on(cudnnHandle_t handle, const typename Pass::Op& op,
              typename Pass::Algorithm candidate) {
    try {
      check(Pass::workspace(handle, *problem, candidate, workspace_bytes),
            "cudnnGetConvolution...WorkspaceSize");
      const Storage workspace(workspace_bytes, Device::cuda);
      const Storage result(Pass::result(op).bytes(), Device::cuda);
      check(Pass::run(handle, *problem, candidate, workspace, op, result.data()), Pass::kRun);
      cuda::check(cudaStreamSynchronize(cuda::stream()), Pass::kRun);
    } catch (const DeviceError&) {
      cudaGetLastError();  // it has been dealt with
      throw;
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
    try {
      check(api().cudnnCreate(handle_.receive()), "cudnnCreate");
      check(api().cudnnSetStream(handle_.get(), cuda::stream()), "cudnnSetStream");
    } catch (const DeviceError& error) {
      problem_ = error.what();
    }
  }

  /// Why nothing can be planned; empty if it can.
  const std::string& problem() const { return problem_; }

  /// call(handle, plan).  Plans are kept, whatever they came to.
  template <class Pass, class Call>
  auto with_plan(const typename Pass::Op& op, Precision precision, Call&& call) {
    const std::lock_guard lock(mutex_);
    auto& plans = std::get<std::map<Key, Plan<Pass>>>(plans_);
    const cudnnMathType_t math = math_of(precision);
    const Key key = key_of(shape_of(op), math);
    auto found = plans.find(key);
    if (found == plans.end()) {
      // To try an algorithm is to wait for it.
      static const Plan<Pass> none(
          "cuDNN has not run this before, and captured work cannot try it");
      if (backend(Device::cuda).capturing() != 0) return call(handle_.get(), none);
      found = plans.try_emplace(key, handle_.get(), op, math).first;
    }
    return call(handle_.get(), std::as_const(found->second));
  }

 private:
  Handle<cudnnHandle_t, destroy_handle> handle_;
  std::string problem_;
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
  if (!library().problem().empty()) return library().problem().c_str();
  const Conv2dShape s = shape_of(op);
  if (s.batch == 0) return "needs an image";
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  if (s.x_size() >= kMost || s.y_size() >= kMost || s.weight_size() >= kMost) {
    return "cuDNN counts elements in 32 bits";
  }
  // It plans without knowing the addresses.
  if (!Pass::aligned(op)) return "needs operands at addresses that are multiples of 16";
  return library().with_plan<Pass>(op, context().precision,
                                   [](cudnnHandle_t, const Plan<Pass>& plan) {
                                     return plan.why_not.empty() ? nullptr : plan.why_not.c_str();
                                   });
}

template <class Pass>
void run(const typename Pass::Op& op, const Context& ctx) {
  library().with_plan<Pass>(op, ctx.precision, [&](cudnnHandle_t handle, const Plan<Pass>& plan) {
    if (!plan.why_not.empty()) throw DeviceError(str(Pass::kRun, ": ", plan.why_not));
    const Storage workspace(plan.workspace_bytes, Device::cuda);
    check(Pass::run(handle, *plan.problem, plan.algorithm, workspace, op,
                    Pass::result(op).template mutable_data<float>()),
          Pass::kRun);
  });
}

}  // namespace

const char* unsupported(const ops::Conv2d& op) { return why_not<Forward>(op); }
const char* unsupported(const ops::Conv2dGradInput& op) { return why_not<BackwardData>(op); }
const char* unsupported(const ops::Conv2dGradWeight& op) { return why_not<BackwardFilter>(op); }

void conv2d(const ops::Conv2d& op, Context& ctx, Tally* tally) {
  run<Forward>(op, ctx);
  cuda::bias_and_relu_in_place(op);
  cuda::tally_zeros_of_x(tally, shape_of(op), op.x);
}

void conv2d_grad_input(const ops::Conv2dGradInput& op, Context& ctx, Tally* tally) {
  run<BackwardData>(op, ctx);
  cuda::tally_zeros_of_grad_input(tally, shape_of(op), op);
}

void conv2d_grad_weight(const ops::Conv2dGradWeight& op, Context& ctx, Tally* tally) {
  run<BackwardFilter>(op, ctx);
  cuda::grad_bias(op.grad_y, op.grad_bias);
  cuda::tally_zeros_of_x(tally, shape_of(op), op.x);
}

}  // namespace joule::cudnn

// SPDX-License-Identifier: MIT
#include "joule/kernels/product/cublas.h"

#include <cublas_v2.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/core/system/shared_library.h"

namespace joule::cublas {
namespace {

#define JOULE_TEXT_OF(value) #value
#define JOULE_TEXT(value) JOULE_TEXT_OF(value)

/// The library, loaded, and what of it is called.
struct Functions {
  SharedLibrary library{"libcublas.so." JOULE_TEXT(CUBLAS_VER_MAJOR), JOULE_CUBLAS_PATH};
  decltype(&cublasCreate_v2) create;
  decltype(&cublasDestroy_v2) destroy;
  decltype(&cublasSetStream_v2) set_stream;
  decltype(&cublasSetWorkspace_v2) set_workspace;
  decltype(&cublasSetPointerMode_v2) set_pointer_mode;
  decltype(&cublasSetAtomicsMode) set_atomics_mode;
  decltype(&cublasGemmEx_64) gemm;
  decltype(&cublasGetStatusString) status_string;
  decltype(&cublasGetStatusName) status_name;

  Functions() {
    library.find(create, "cublasCreate_v2");
    library.find(destroy, "cublasDestroy_v2");
    library.find(set_stream, "cublasSetStream_v2");
    library.find(set_workspace, "cublasSetWorkspace_v2");
    library.find(set_pointer_mode, "cublasSetPointerMode_v2");
    library.find(set_atomics_mode, "cublasSetAtomicsMode");
    library.find(gemm, "cublasGemmEx_64");
    library.find(status_string, "cublasGetStatusString");
    library.find(status_name, "cublasGetStatusName");
  }
};

const Functions& functions() {
  static const Functions* const loaded = new Functions;
  return *loaded;
}

void check(cublasStatus_t status, const char* function,
           std::source_location at = std::source_location::current()) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw DeviceError(str(function, " failed: ", functions().status_string(status), " (",
                        functions().status_name(status), ") at ", at.file_name(), ":", at.line()));
}

void destroy(cublasHandle_t handle) noexcept { functions().destroy(handle); }
void free_memory(void* memory) noexcept { cuda::report(cudaFree(memory), "cudaFree"); }

/// cuBLAS on the stream of this process.  Its calls only queue work, so threads take turns.
class Library {
 public:
  Library() {
    try {
      make();
    } catch (const DeviceError& error) {
      problem_ = error.what();
    }
  }

  /// Why it cannot be used; empty if it can.
  const std::string& problem() const { return problem_; }

  template <class Call>
  void with_handle(Call&& call) {
    const std::lock_guard lock(mutex_);
    call(handle_.get());
  }

 private:
  void make() {
    const Functions& f = functions();
    check(f.create(handle_.receive()), "cublasCreate");
    // In this order: setting the stream takes a workspace away.
    check(f.set_stream(handle_.get(), cuda::stream()), "cublasSetStream");
    cuda::check(cudaMalloc(workspace_.receive(), kWorkspaceBytes), "cudaMalloc");
    check(f.set_workspace(handle_.get(), workspace_.get(), kWorkspaceBytes), "cublasSetWorkspace");
    check(f.set_pointer_mode(handle_.get(), CUBLAS_POINTER_MODE_HOST), "cublasSetPointerMode");
    // Results must not depend on which block of a kernel adds first.
    check(f.set_atomics_mode(handle_.get(), CUBLAS_ATOMICS_NOT_ALLOWED), "cublasSetAtomicsMode");
  }

  // What cuBLAS chooses depends on what its workspace holds: NVIDIA's advice for Hopper, for all.
  static constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;
  Handle<void*, free_memory> workspace_;  // outlives the handle
  Handle<cublasHandle_t, destroy> handle_;
  std::string problem_;
  std::mutex mutex_;
};

Library& library() {
  static Library* const made = new Library;  // never destroyed: neither is the backend
  return *made;
}

cublasComputeType_t compute_type(Precision precision) {
  switch (precision) {
    case Precision::tf32:
      return CUBLAS_COMPUTE_32F_FAST_TF32;
    case Precision::bf16:
      return CUBLAS_COMPUTE_32F_FAST_16BF;
    case Precision::f32:
      break;
  }
  return CUBLAS_COMPUTE_32F_PEDANTIC;
}

/// What cuBLAS, for which matrices lie column by column, needs to see the transpose of `matrix`
/// (rows x columns, row by row or column by column).
struct Transposed {
  cublasOperation_t operation;
  std::int64_t leading;

  Transposed(const Strided& matrix, std::int64_t rows, std::int64_t columns) {
    if (matrix.column == 1) {
      // Row by row is the transpose, column by column: as it is.  (The maximum is for matrices of
      // one row, whose stride may be anything.)
      operation = CUBLAS_OP_N;
      leading = std::max(matrix.row, columns);
    } else {
      operation = CUBLAS_OP_T;
      leading = std::max(matrix.column, rows);
    }
  }
};

/// One thread per element of c: += bias.  8 bytes per element.
__global__ void add_bias(float* c, const float* bias, std::int64_t elements, std::int64_t n) {
  for (std::int64_t i = cuda::thread_index(); i < elements; i += cuda::thread_count()) {
    c[i] += bias[i % n];
  }
}

}  // namespace

const char* unavailable() {
  if (!functions().library.problem().empty()) return functions().library.problem().c_str();
  return library().problem().empty() ? nullptr : library().problem().c_str();
}

void gemm(const Gemm& g, Precision precision) {
  // c [m,n], row by row, is c^T [n,m], column by column, and c^T = b^T a^T: so the operands change
  // places, and cuBLAS's m is our n.
  const Transposed a(g.a, g.m, g.k), b(g.b, g.k, g.n);
  const float one = 1, zero = 0;
  library().with_handle([&](cublasHandle_t handle) {
    check(functions().gemm(handle, b.operation, a.operation, g.n, g.m, g.k, &one, g.b.data,
                           CUDA_R_32F, b.leading, g.a.data, CUDA_R_32F, a.leading, &zero, g.c,
                           CUDA_R_32F, g.n, compute_type(precision), CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx_64");
  });
  if (!g.bias) return;
  cuda::launch(add_bias, cuda::grid_over(g.m * g.n), g.c, g.bias, g.m * g.n, g.n);
}

}  // namespace joule::cublas

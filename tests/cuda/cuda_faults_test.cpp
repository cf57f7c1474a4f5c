// SPDX-License-Identifier: MIT
// What the CUDA backend says when the device fails: on the executor of tests/simt, which can make
// it fail.
#include <gtest/gtest.h>

#include "joule/core/backend/backend.h"
#include "joule/energy/ledger.h"
#include "joule/kernels/relu/relu.h"
#include "joule/tests/simt/simt.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

Tensor ones(std::int64_t n) { return Tensor::full({n}, 1, Device::cuda); }

// First: the backend is built at the first use, and a failure then is not for ever.
TEST(CudaFaults, WithoutADeviceTheErrorSaysSo) {
  simt::set_device_count(0);
  const std::string why = unavailable(Device::cuda);
  EXPECT_EQ(why.find("there is no CUDA device here: "), 0u) << why;
  EXPECT_EQ(error_of<DeviceError>([] { ones(1); }), why);
  simt::set_device_count(1);
  EXPECT_EQ(unavailable(Device::cuda), "");
  EXPECT_EQ(ones(3).to(Device::cpu).data<float>()[2], 1.0f);
}

TEST(CudaFaults, OutOfMemoryIsAnErrorAndTheDeviceWorksOn) {
  const Tensor held = ones(1 << 18);
  simt::set_memory_bytes(2 << 20);
  const std::string error = error_of<DeviceError>([] { ones(1 << 19); });
  EXPECT_EQ(error,
            "out of memory on cuda: 2.0 MiB asked for, 1.0 MiB in use by tensors, 1.0 MiB of 2.0 "
            "MiB free; a smaller batch needs less. The largest: 1.0 MiB in no layer");
  simt::set_memory_bytes(std::size_t{2} << 30);
  EXPECT_EQ(ones(1 << 19).slice(7, 1).item(), 1);
}

TEST(CudaFaults, AFailedCallIsNamedWithItsLine) {
  const Tensor x = ones(100), y = ones(100);
  simt::fail("cudaLaunchKernelEx", cudaErrorInvalidValue);
  const std::string launch = error_of<DeviceError>([&] { dispatch(ops::Relu{.x = x, .y = y}); });
  EXPECT_EQ(launch.find("cudaLaunchKernelEx failed: "), 0u) << launch;
  EXPECT_NE(launch.find("kernels/product/masked_rows_cuda.h:"), std::string::npos) << launch;
  simt::fail("cudaMemcpyAsync", cudaErrorInvalidValue);
  const std::string copy = error_of<DeviceError>([&] { x.to(Device::cpu); });
  EXPECT_EQ(copy.find("cudaMemcpyAsync failed: "), 0u) << copy;
  EXPECT_NE(copy.find("core/cuda/backend.cu:"), std::string::npos) << copy;
  dispatch(ops::Relu{.x = x, .y = y});
  EXPECT_EQ(y.nonzeros(), 100);
}

TEST(CudaFaults, AnOperationThatFailsIsNotTimed) {
  energy::Ledger ledger;
  const energy::Recording recording(ledger);
  const Tensor x = ones(100), y = ones(100);
  simt::fail("cudaLaunchKernelEx", cudaErrorInvalidValue);
  simt::fail("cudaEventRecord", cudaErrorInvalidValue, 1);  // of the end, if it came to that
  const std::string error = error_of<DeviceError>([&] { dispatch(ops::Relu{.x = x, .y = y}); });
  EXPECT_EQ(error.find("cudaLaunchKernelEx failed: "), 0u) << error;
  const std::string next = error_of<DeviceError>([&] { dispatch(ops::Relu{.x = x, .y = y}); });
  EXPECT_EQ(next.find("cudaEventRecord failed: "), 0u) << next;
  dispatch(ops::Relu{.x = x, .y = y});
}

TEST(CudaFaults, AnEventThatIsNotReadyLeavesNoErrorBehind) {
  energy::Ledger ledger;
  const energy::Recording recording(ledger);
  const Tensor x = ones(1), y = ones(1);
  simt::fail("cudaEventQuery", cudaErrorNotReady);
  for (int i = 0; i < 1200; ++i) dispatch(ops::Relu{.x = x, .y = y});  // more than wait unasked
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(nullptr), cudaErrorInvalidResourceHandle) << "the error was not taken";
  cudaGetLastError();
}

TEST(CudaFaults, EveryAllocationIsReturned) {
  const std::size_t before = simt::allocated_bytes();
  {
    const Tensor x = ones(1000), y = ones(1000);
    dispatch(ops::Relu{.x = x, .y = y});
    EXPECT_GT(simt::allocated_bytes(), before);
  }
  EXPECT_EQ(simt::allocated_bytes(), before);
}

// Last: nothing works after it.
TEST(CudaFaults, ALostDeviceIsAnErrorAndNothingCrashes) {
  testing::internal::CaptureStderr();
  {
    energy::Ledger ledger;
    const Tensor x = ones(100), y = ones(100);
    {
      energy::Recording recording(ledger);
      dispatch(ops::Relu{.x = x, .y = y});
      simt::lose_device(cudaErrorECCUncorrectable);
      EXPECT_NE(error_of<DeviceError>([&] { dispatch(ops::Relu{.x = x, .y = y}); }), "");
    }
    EXPECT_NE(error_of<DeviceError>([&] { x.to(Device::cpu); }), "");
    EXPECT_NE(error_of<DeviceError>([&] { ledger.total(); }), "");
  }  // the tensors and the ledger go without throwing
  EXPECT_NE(testing::internal::GetCapturedStderr().find("joule: cudaFreeAsync failed: "),
            std::string::npos);
}

}  // namespace
}  // namespace joule

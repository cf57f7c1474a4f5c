// SPDX-License-Identifier: MIT
// How many blocks are launched, on the executor of tests/simt: its device has four multiprocessors,
// each for 2048 threads, 32 blocks and 227 KiB of shared memory.
#include <gtest/gtest.h>

#include "joule/core/backend/backend.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/relu/relu.h"
#include "joule/tests/simt/simt.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

__global__ void nothing() {}

std::int64_t resident(unsigned threads, std::size_t shared_bytes = 0) {
  return cuda::resident_blocks(nothing, {.threads = dim3(threads), .shared_bytes = shared_bytes});
}

TEST(CudaLaunch, ResidentBlocksAreThoseThatTheDeviceHolds) {
  EXPECT_EQ(resident(32), 4 * 32);
  EXPECT_EQ(resident(512), 4 * 4);
  EXPECT_EQ(resident(512, 100 << 10), 4 * 2);
  EXPECT_EQ(resident(512, 200 << 10), 4 * 1);
  const std::string error = error_of<DeviceError>([] { resident(512, 300 << 10); });
  EXPECT_EQ(error.find("cudaFuncSetAttribute failed: "), 0u) << error;
}

// Not more: a second wave would load all weights again, for the few pixels that are left.
TEST(CudaLaunch, TheListsOfNonzerosTakeAsManyBlocksAsTheDeviceHolds) {
  const Tensor x = Tensor::full({2, 64, 64, 8}, 1, Device::cuda);  // 32 groups of 256 pixels
  const Tensor weight = Tensor::full({128, 3, 3, 8}, 1, Device::cuda);
  const Tensor y({2, 64, 64, 128}, DType::f32, Device::cuda);
  Context lists{.force = "cuda.skip_zero_lists"};
  dispatch(ops::Conv2d{.x = x, .weight = weight, .y = y, .params = {.padding = 1}}, lists);
  // 512 threads: four to a multiprocessor, as the executor does not count registers.
  EXPECT_EQ(simt::last_blocks(), 16u);
  EXPECT_EQ(y.slice(0, 1).to(Device::cpu).data<float>()[0], 2 * 2 * 8);
}

}  // namespace
}  // namespace joule

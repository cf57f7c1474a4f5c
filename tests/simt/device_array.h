// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

#include "joule/tests/simt/simt.h"

namespace joule::test {

/// Every test starts with a new device, the first seed and streams that defer, and ends without
/// memory on it.
class Simt : public testing::Test {
 protected:
  void SetUp() override {
    ::simt::reset();
    ::simt::set_seed(0);
    ::simt::set_immediate(false);
  }
  void TearDown() override {
    EXPECT_EQ(::simt::allocated_bytes(), 0u);
    ::simt::reset();
  }
};

/// n elements on the device.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t n) : size_(n) {
    EXPECT_EQ(cudaMalloc(&data_, n * sizeof(T)), cudaSuccess);
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    EXPECT_EQ(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice),
              cudaSuccess);
  }
  explicit DeviceArray(std::initializer_list<T> values) : DeviceArray(std::vector<T>(values)) {}
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* get() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> to(size_);
    EXPECT_EQ(cudaMemcpy(to.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
    return to;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_;
};

struct LaunchShape {
  dim3 blocks = 1;
  dim3 threads = 1;
  std::size_t shared_bytes = 0;
  cudaStream_t stream = nullptr;
};

template <class... Parameters>
cudaError_t launch(const LaunchShape& shape, void (*kernel)(Parameters...),
                   std::type_identity_t<Parameters>... arguments) {
  const cudaLaunchConfig_t config{shape.blocks, shape.threads, shape.shared_bytes,
                                  shape.stream, nullptr,       0};
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

/// What became of work, with the status of the call that queued it: waits for it.
inline cudaError_t finished(cudaError_t queued) {
  return queued ? queued : cudaDeviceSynchronize();
}

}  // namespace joule::test

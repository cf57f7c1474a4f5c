// SPDX-License-Identifier: MIT
#include "joule/core/backend/backend.h"

#include "joule/core/backend/backends.h"
#include "joule/core/error.h"

namespace joule {

Backend& backend(Device device) {
  if (device == Device::cpu) return cpu_backend();
#if JOULE_WITH_CUDA
  return cuda_backend();
#else
  throw DeviceError(unavailable(device));
#endif
}

std::string unavailable(Device device) {
  if (device == Device::cpu) return {};
#if JOULE_WITH_CUDA
  return cuda_unavailable();
#else
  return str("this build of Joule has no ", device, " backend");
#endif
}

std::optional<Gpu> gpu() {
#if JOULE_WITH_CUDA
  if (cuda_unavailable().empty()) return cuda_gpu();
#endif
  return {};
}

void synchronize(Device device) { backend(device).synchronize(); }

void synchronize_all() {
#if JOULE_WITH_CUDA
  if (cuda_backend_in_use()) cuda_backend().synchronize();
#endif
}

void settle_tallies() {
#if JOULE_WITH_CUDA
  if (cuda_backend_in_use()) cuda_backend().settle();
#endif
}

}  // namespace joule

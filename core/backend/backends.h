// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/backend/backend.h"
#include "joule/core/backend/gpu.h"

// The devices' backends, one source file each.  Only backend.cpp includes this.
namespace joule {

Backend& cpu_backend();

/// Built at the first call.  Errors: DeviceError if there is no device.
Backend& cuda_backend();
/// Whether cuda_backend() has been built, so that work may have been queued.
bool cuda_backend_in_use();
/// Why there is no device; empty if there is one.
std::string cuda_unavailable();
/// Of the device that there is.
Gpu cuda_gpu();

}  // namespace joule

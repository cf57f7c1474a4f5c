// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace joule {

/// The GPU that Device::cuda stands for.
struct Gpu {
  std::string name;  // "NVIDIA H200"
  std::string cuda;  // the newest version of CUDA that its driver serves, "12.8"

  friend bool operator==(const Gpu&, const Gpu&) = default;
};

/// That of this machine; nothing if Device::cuda is unavailable().  Asking uses no memory of it.
///
/// Errors    DeviceError if it is there and does not answer.
std::optional<Gpu> gpu();

}  // namespace joule

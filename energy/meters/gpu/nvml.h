// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "joule/energy/machine.h"
#include "joule/energy/meter.h"

namespace joule::energy {

/// The energy counters of NVIDIA GPUs (Volta and later) by NVML, in millijoules: one meter per GPU,
/// or that of one, which is `named` or machine.gpu, by its PCI bus id (the text of
/// cudaDeviceGetPCIBusId: 0000:65:00.0), its UUID (GPU-...) or that of one of its MIG instances
/// (MIG-...).  A number is refused: NVML and CUDA number devices differently.
///
/// The scope is always the whole card, whatever part of it (MIG) the process may use, and says if
/// it is shared.  The power that the card says it draws at the moment is integrated beside the
/// counter, so that a window in which they contradict each other can be flagged.  A card without a
/// counter is a nvml::power_meter().
///
/// Errors    none: a meter that cannot be read says why; if that is so for all, it is the only one.
///           ArgumentError for an id that is a number, and if the driver does not know `named`.
/// Numerics  a systematic error of 5 % per card: Yang et al., SC'24, arXiv:2312.02741.
/// Source    NVIDIA, NVML API reference.
std::vector<std::unique_ptr<Meter>> open_nvml(const Machine& machine = {},
                                              const std::string& named = {});

}  // namespace joule::energy

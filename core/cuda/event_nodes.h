// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

namespace joule::cuda {

/// Takes the nodes that record events out of a captured graph.  What came before and after one is
/// ordered as before.
///
/// Cost      of n such nodes and m edges, n m steps on the host; nothing on the device.
/// Errors    DeviceError with the driver's message.
void remove_event_nodes(cudaGraph_t graph);

}  // namespace joule::cuda

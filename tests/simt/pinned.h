// SPDX-License-Identifier: MIT
#pragma once

namespace joule::simt {

/// Whether the address is in an allocation of cudaMallocHost.
bool is_pinned(const void* pointer);
void free_pinned();

}  // namespace joule::simt

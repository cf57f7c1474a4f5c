// SPDX-License-Identifier: MIT
#pragma once

// The part of CUDA's runtime API and of its C++ that Joule's kernels use, for the executor on the
// CPU (tests/simt/README.md).  Names, types and values are CUDA's; the code is our own.
#define JOULE_SIMT 1

#include <simt/arithmetic.h>
#include <simt/atomics.h>
#include <simt/device_api.h>
#include <simt/errors.h>
#include <simt/graph_api.h>
#include <simt/index.h>
#include <simt/integer.h>
#include <simt/launch.h>
#include <simt/memory_api.h>
#include <simt/qualifiers.h>
#include <simt/stream_api.h>
#include <simt/synchronise.h>
#include <simt/vector_types.h>
#include <simt/warp.h>

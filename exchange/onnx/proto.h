// SPDX-License-Identifier: MIT
#pragma once

// The messages of ONNX, as libonnx-dev has them.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/onnx_pb.h>
#pragma GCC diagnostic pop

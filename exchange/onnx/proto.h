// SPDX-License-Identifier: MIT
#pragma once

// The ONNX messages, from libonnx-dev.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/onnx_pb.h>
#pragma GCC diagnostic pop

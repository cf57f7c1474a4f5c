// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/exchange/onnx/constant.h"
#include "joule/exchange/onnx/proto.h"

namespace joule::exchange {

/// Decodes the tensor, whose data is in the message or in a file beside `path`.
///
/// Errors    ArgumentError for another element type, or a number of bytes that differs from the
///           dimensions, checked before anything is allocated; DataError as InputFile.
Constant decode(const ::onnx::TensorProto& tensor, const std::string& path);

}  // namespace joule::exchange

// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/exchange/onnx/constant.h"
#include "joule/exchange/onnx/proto.h"

namespace joule::exchange {

/// The tensor, its data in the message or in a file beside `path`.
///
/// Errors    ArgumentError: another type of elements, or not as many bytes as the dimensions say,
///           which is found before anything is allocated; DataError as InputFile.
Constant decode(const ::onnx::TensorProto& tensor, const std::string& path);

}  // namespace joule::exchange

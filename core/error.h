// SPDX-License-Identifier: MIT
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace joule {

/// The caller passed something the operation cannot accept (shape, dtype, range, name).
struct ArgumentError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A file is missing, damaged, or cannot be written; the message starts with its path.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A driver, library or device call failed; the message names the call.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A device has too little memory; the message begins with "out of memory".
struct OutOfMemory : DeviceError {
  using DeviceError::DeviceError;
};

/// Concatenates its arguments with operator<<.
template <class... Ts>
std::string str(const Ts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws ArgumentError with the concatenated message unless `ok`.
template <class... Ts>
void require(bool ok, const Ts&... message) {
  if (!ok) throw ArgumentError(str(message...));
}

}  // namespace joule

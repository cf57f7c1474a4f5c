// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "joule/nas/import/run.h"

namespace joule::nas {

/// Whether this build decodes protobuf messages.
bool has_protobuf();

/// A run from the message of a TFRecord (metrics.proto): EC-NAS's, or NAS-Bench-101's if it does
/// not fit that.
///
/// Errors    ArgumentError: the bytes are neither, or have fields that neither has, which are
/// named;
///           this build has no protobuf (and how to get it).
Run decode_run(std::string_view bytes);

/// The bytes that a Base64 text stands for, which may be broken into lines.
///
/// Errors    ArgumentError: another character, or an end that cannot be.
/// Source    RFC 4648, section 4.
std::string from_base64(std::string_view text);

}  // namespace joule::nas

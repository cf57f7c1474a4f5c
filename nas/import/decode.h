// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "joule/nas/import/run.h"

namespace joule::nas {

/// Whether this build decodes protobuf messages.
bool has_protobuf();

/// Decodes a run from a TFRecord message (metrics.proto): as EC-NAS's, or if it does not fit,
/// NAS-Bench-101's.
///
/// Errors    ArgumentError: the bytes are neither, or have fields that neither has (named);
///           this build has no protobuf (says how to get
///           it).
RecordedRun decode_run(std::string_view bytes);

/// Decodes a Base64 text, which may contain line breaks.
///
/// Errors    ArgumentError: an invalid character, or an invalid end.
/// Source    RFC 4648, section 4.
std::string from_base64(std::string_view text);

}  // namespace joule::nas

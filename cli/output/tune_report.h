// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "joule/tune/result.h"

// The results of `joule tune`, in two forms.
namespace joule::cli {

/// For people: the times, both choices, and where the choice changes.  The columns take no more
/// than `width`.
std::string text(const tune::TuneResult& result, std::size_t width);
nlohmann::ordered_json to_json(const tune::TuneResult& result);

}  // namespace joule::cli

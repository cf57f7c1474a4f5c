// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "joule/bench/gate/gate.h"

namespace joule::bench {

/// Version of the JSON; increases when a key changes its meaning or is removed.
inline constexpr int kGateSchema = 1;

/// "joule.gate": every figure; the keys are in docs/gate.md.
nlohmann::ordered_json json_of(const Gate& gate);

/// For a terminal: a line per figure, and what came out.  If there are more than 40, figures that
/// have not changed are only counted.  Tables take no more than `width` columns.
std::string to_text(const Gate& gate, std::size_t width);

}  // namespace joule::bench

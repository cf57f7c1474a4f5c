// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// What the terminal behind a descriptor can show.
namespace joule::cli {

/// The number of columns: COLUMNS, or the terminal's, or 80 if that is unknown.  Unlimited
/// (report::kAnyWidth) if it is not a terminal, so that files and pipes get the same everywhere.
std::size_t columns_of(int descriptor);

/// Whether a line may be redrawn in place with control characters: on a terminal, unless
/// TERM is "dumb" or NO_COLOR is set (and not empty).
bool may_redraw(int descriptor);

}  // namespace joule::cli

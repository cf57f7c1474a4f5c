// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// What the terminal behind a descriptor can show.
namespace joule::cli {

/// How many columns it has: COLUMNS, or what the terminal says, or 80 if it does not.  Without end
/// (report::kAnyWidth) if it is no terminal: what goes to a file or a pipe is the same everywhere.
std::size_t columns_of(int descriptor);

/// Whether a line may be drawn again in its place, by control characters: on a terminal, unless
/// TERM is "dumb" or NO_COLOR is set (to anything but an empty text).
bool may_redraw(int descriptor);

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#pragma once

namespace joule::measure {

/// The commit of git that this build is of, "1a2b...", with "-dirty" behind it if files that git
/// knew had other contents; "" if it was not built in a clone.  cmake/commit.cmake writes it.
const char* built_commit();

}  // namespace joule::measure

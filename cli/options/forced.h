// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cli {

/// Errors    ArgumentError if JOULE_FORCE is not of its form (see core/context.h), or names an
///           operation that does not exist or an implementation that its operation does not have:
///           such a pin would hold for nothing, in silence.
void check_forced();

}  // namespace joule::cli

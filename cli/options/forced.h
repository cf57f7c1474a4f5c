// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cli {

/// Errors    ArgumentError if JOULE_FORCE is malformed (see core/context.h), or names an operation
///           that does not exist or an implementation that its operation does not have: such a pin
///           would silently have no effect.
void check_forced();

}  // namespace joule::cli

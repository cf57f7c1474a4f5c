// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/python/src/bindings.h"
#include "joule/training/energy/metering.h"

namespace joule::python {

/// What a joule.Meters holds.
///
/// Errors    std::bad_cast if it is none.
std::shared_ptr<training::Metering> metering_of(nb::handle meters);

}  // namespace joule::python

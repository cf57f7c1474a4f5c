// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tuning.h"

namespace joule {

/// What the speed of the kernels depends on here: the processor's model ("unknown" if the system
/// does not tell), the instruction set that they chose, and the versions of Joule and oneDNN.
TuningMachine this_machine();

}  // namespace joule

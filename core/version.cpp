// SPDX-License-Identifier: MIT
#include "joule/core/version.h"

namespace joule {

std::string_view version() { return JOULE_VERSION; }

}  // namespace joule

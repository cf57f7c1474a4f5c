// SPDX-License-Identifier: MIT
#include "joule/tests/support/sources.h"

namespace joule::test {

std::string source_path(const std::string& name) { return JOULE_SOURCES "/" + name; }

}  // namespace joule::test

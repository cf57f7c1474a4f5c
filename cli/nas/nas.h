// SPDX-License-Identifier: MIT
#pragma once

#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"

namespace joule::cli {

// The sub-commands of `joule nas`, one source file each.
void add_nas_enumerate(Command& nas, Run& run);
void add_nas_build(Command& nas, Run& run);
void add_nas_net(Command& nas, Run& run);
void add_nas_import(Command& nas, Run& run);
void add_nas_query(Command& nas, Run& run);
void add_nas_search(Command& nas, Run& run);

}  // namespace joule::cli

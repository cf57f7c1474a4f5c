# SPDX-License-Identifier: MIT
# Writes which commit is built into OUTPUT, a source file, unless that says so already: the hash, and -dirty behind it
# if files that git knows have changes; nothing where SOURCE is no clone.  Run by every build.
set(commit "")
if(GIT AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${GIT} --no-optional-locks describe --always --exclude=* --abbrev=64 --dirty
                  WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE told OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(told MATCHES "^[0-9a-f]+(-dirty)?$")
    set(commit ${told})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
// What cmake/commit.cmake found.
#include "joule/measure/commit.h"

namespace joule::measure {

const char* built_commit() { return "@commit@"; }

}  // namespace joule::measure
]] @ONLY)

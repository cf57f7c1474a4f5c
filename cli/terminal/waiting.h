// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cli {

/// Lets OpenMP's threads sleep after waiting for about a tenth of a millisecond, unless the
/// environment says how they should wait (OMP_WAIT_POLICY or GOMP_SPINCOUNT).  libgomp's threads
/// spin for milliseconds, so two programs that share cores spin while the other has work to do.
///
/// OpenMP reads its environment before main(), so this restarts the program once, as the same
/// process and with the same arguments.  Programs that this one starts get the original
/// environment.  Where a restart is not possible, it continues unchanged.
void sleep_while_waiting(char** arguments);

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cli {

/// Lets OpenMP's threads sleep when they have waited for about a tenth of a millisecond, unless the
/// environment says how they are to wait (OMP_WAIT_POLICY or GOMP_SPINCOUNT).  libgomp's spin for
/// milliseconds, and where two programs share the cores, each spins while the other has work to do.
///
/// OpenMP reads its environment before main(), so this starts the program anew, as the same process
/// and with the same arguments, once.  Programs that this one starts find the environment as it
/// was. Where that is not possible, it goes on as it is.
void sleep_while_waiting(char** arguments);

}  // namespace joule::cli

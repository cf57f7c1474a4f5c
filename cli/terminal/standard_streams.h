// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cli {

/// From now on, printing never fails.  What cannot be written to standard error is dropped; what
/// cannot be written to standard output is reported by finish_standard_output().  Closed
/// descriptors among 0 to 2 are occupied, so that no file that is opened later becomes a standard
/// stream.
///
/// Call it once, before anything is opened or printed.  SIGPIPE must be ignored.
void prepare_standard_streams();

/// Flushes stdout.
///
/// Errors    DataError (the system's reason) if anything printed to stdout is lost.  If the reason
///           is that the reader went away, ends the program by SIGPIPE, as other programs in a
///           pipeline do, unless the parent made it ignore that signal.
void finish_standard_output();

}  // namespace joule::cli

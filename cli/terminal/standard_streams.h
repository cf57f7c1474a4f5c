// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cli {

/// From now on printing never fails, neither to stdout nor to stderr: what cannot be written to
/// standard error is dropped, what cannot be written to standard output is told by
/// finish_standard_output().  Of the descriptors 0 to 2, those that are closed are occupied, so
/// that no file that is opened later is taken for a standard stream.
///
/// Once, before anything is opened or printed.  SIGPIPE must be ignored.
void prepare_standard_streams();

/// Writes what is still in the buffer of stdout.
///
/// Errors    DataError (the system's reason) if anything that was printed to stdout is lost.  If it
///           is because the reader went away, this ends the program by SIGPIPE, as other programs
///           end in a pipeline, unless whoever started it ignores that signal.
void finish_standard_output();

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include "joule/cli/terminal/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <vector>

#include "joule/cli/terminal/interrupt.h"
#include "joule/core/error.h"

namespace joule::cli {
namespace {

int output_error = 0;  // the first errno of standard output
bool printed = false;

/// Writes all of it; an errno if that cannot be done.
int write_all(int descriptor, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t done = ::write(descriptor, bytes, count);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    bytes += done;
    count -= static_cast<std::size_t>(done);
  }
  return 0;
}

ssize_t write_output(void* /*cookie*/, const char* bytes, std::size_t count) {
  printed = true;
  if (output_error == 0) output_error = write_all(STDOUT_FILENO, bytes, count);
  return static_cast<ssize_t>(count);
}

ssize_t write_errors(void* /*cookie*/, const char* bytes, std::size_t count) {
  write_all(STDERR_FILENO, bytes, count);
  return static_cast<ssize_t>(count);
}

/// The C library's own streams keep an error, and fmt throws it from wherever something is printed.
std::FILE* stream(cookie_write_function_t* write, int buffering) {
  std::FILE* const file = ::fopencookie(nullptr, "w", {.write = write});
  if (!file) throw std::bad_alloc();
  std::setvbuf(file, nullptr, buffering, BUFSIZ);
  return file;
}

}  // namespace

void prepare_standard_streams() {
  for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest that is free.  Opened the wrong way around and closed in children, it still
    // behaves as if it were closed.
    const int flags = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", flags | O_CLOEXEC) < 0) {
      throw DataError(str("/dev/null: cannot be opened: ", std::strerror(errno)));
    }
  }
  stdout = stream(write_output, ::isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF);
  stderr = stream(write_errors, _IONBF);
}

void finish_standard_output() {
  std::fflush(stdout);
  if (!printed) return;
  // Some file systems tell only when a descriptor is closed that there was no room.
  if (const int copy = ::dup(STDOUT_FILENO); copy >= 0 && ::close(copy) != 0 && output_error == 0) {
    output_error = errno;
  }
  if (output_error == 0) return;
  const std::vector<int> ignored = ignored_here();
  if (output_error == EPIPE && std::ranges::count(ignored, SIGPIPE) > 0) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  throw DataError(str("standard output: cannot be written: ", std::strerror(output_error)));
}

}  // namespace joule::cli

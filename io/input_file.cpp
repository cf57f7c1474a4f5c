// SPDX-License-Identifier: MIT
#include "joule/io/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "joule/core/error.h"

namespace joule {

// O_NONBLOCK: opening a pipe to find out that it is one must not wait for its writer.
InputFile::InputFile(std::string path)
    : path_(std::move(path)),
      descriptor_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) throw DataError(str(path_, ": cannot be opened: ", std::strerror(errno)));
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw DataError(str(path_, ": is ", S_ISDIR(status.st_mode) ? "a directory" : "no regular file",
                        ", expected a file"));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

std::size_t InputFile::read(void* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::read(descriptor_, static_cast<char*>(to) + done, bytes - done);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw DataError(str(path_, ": cannot be read: ", std::strerror(errno)));
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::size_t InputFile::read_at(std::uint64_t offset, void* to, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(descriptor_, static_cast<char*>(to) + done, bytes - done,
                                static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw DataError(str(path_, ": cannot be read: ", std::strerror(errno)));
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::string read_file(const std::string& path, std::uint64_t max_bytes, std::string_view what) {
  InputFile file(path);
  std::string contents;
  std::size_t done = 0, got = 0;
  // Its size says little: the kernel's own files claim to be empty, and a file may grow.
  do {
    contents.resize(done + 65536);
    got = file.read(contents.data() + done, contents.size() - done);
    done += got;
    if (done > max_bytes) {
      throw DataError(str(path, ": ", what, " has at most ", max_bytes, " bytes"));
    }
  } while (done == contents.size());
  contents.resize(done);
  return contents;
}

}  // namespace joule

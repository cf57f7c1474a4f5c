// SPDX-License-Identifier: MIT
#include "data/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/error.h"

namespace joule {
namespace {

/// Whether the open file is still the one of that name: another writer may have renamed it between
/// our opening and our locking it.
bool is_named(int descriptor, const std::string& path) {
  struct stat ours {
  }, named{};
  return ::fstat(descriptor, &ours) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

}  // namespace

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)),
      temporary_(path_ + ".tmp"),
      descriptor_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  if (descriptor_ < 0) fail(std::strerror(errno));
  const char* problem = nullptr;
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    problem = errno == EWOULDBLOCK ? "somebody else is writing it" : std::strerror(errno);
  } else if (!is_named(descriptor_, temporary_)) {
    problem = "somebody else is writing it";
  } else if (::ftruncate(descriptor_, 0) != 0) {
    problem = std::strerror(errno);
  }
  if (problem) {
    ::close(descriptor_);
    fail(problem);
  }
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
  ::close(descriptor_);
}

void AtomicFile::fail(const char* what) const {
  throw DataError(str(path_, ": cannot be written: ", what));
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t done = ::write(descriptor_, at, count);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail(std::strerror(errno));
    at += done;
    count -= static_cast<std::size_t>(done);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail(std::strerror(errno));
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
  committed_ = true;
  // The rename itself is on disk once the folder is.
  const std::string folder = std::filesystem::absolute(path_).parent_path().string();
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && (::fsync(descriptor) == 0 || errno == EINVAL);
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) fail(std::strerror(reason));
}

void write_file_atomically(const std::string& path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents.data(), contents.size());
  file.commit();
}

}  // namespace joule

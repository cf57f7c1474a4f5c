// SPDX-License-Identifier: MIT
#include "joule/io/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "joule/core/error.h"
#include "joule/io/descriptor.h"
#include "joule/io/parse_number.h"

namespace joule {
namespace {

namespace fs = std::filesystem;

constexpr const char* const kBusy = "somebody else is writing it";
constexpr mode_t kPermissions = 07777;

/// Why a file cannot be opened.
struct Refusal {
  const char* reason;
};

[[noreturn]] void refuse_by_system() { throw Refusal{std::strerror(errno)}; }

fs::path own_descriptors() { return fs::path("/proc") / std::to_string(::getpid()) / "fd"; }

/// The file that `path` leads to, through every link at its end; it need not exist.  A descriptor
/// of this process, which also looks like a link, is an end.
///
/// Errors    std::filesystem::filesystem_error; Refusal.
fs::path follow(const std::string& path) {
  constexpr int kMostLinks = 40;  // as the system's own
  fs::path file = path;
  for (int i = 0; i < kMostLinks; ++i) {
    const fs::path folder = fs::canonical(file.has_parent_path() ? file.parent_path() : ".");
    file = folder / file.filename();
    std::error_code not_there;
    if (folder == own_descriptors() || !fs::is_symlink(fs::symlink_status(file, not_there))) {
      return file;
    }
    file = folder / fs::read_symlink(file);
  }
  throw Refusal{std::strerror(ELOOP)};
}

/// The number that a file of /proc/self/fd stands for.
std::optional<int> own_descriptor(const fs::path& file) {
  if (file.parent_path() != own_descriptors()) return {};
  const std::string name = file.filename().string();
  std::string_view rest = name;
  const auto number = take_number<int>(rest);
  return rest.empty() ? number : std::nullopt;
}

/// Whether the open file is still the one of that name: another writer may have renamed or removed
/// it between our opening and our locking it.
bool is_named(const Descriptor& file, const std::string& path) {
  struct stat ours {
  }, named{};
  return ::fstat(file.get(), &ours) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

void lock(const Descriptor& file) {
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return;
  throw Refusal{errno == EWOULDBLOCK ? kBusy : std::strerror(errno)};
}

/// What a killed writer left.  Its contents may be anybody's by now: never written to.
void remove_abandoned(const std::string& temporary) {
  const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0 && errno == ENOENT) return;
  if (file.get() < 0) refuse_by_system();
  lock(file);
  if (is_named(file, temporary) && ::unlink(temporary.c_str()) != 0) refuse_by_system();
}

/// The new file has the old one's permissions before it has contents.  Where owner and group, whom
/// they were meant for, cannot be kept, it grants the group nothing.
void take_over_permissions(const Descriptor& file, const struct stat& old) {
  struct stat now {};
  if (::fstat(file.get(), &now) != 0) refuse_by_system();
  const bool same = now.st_uid == old.st_uid && now.st_gid == old.st_gid;
  const bool kept = same || ::fchown(file.get(), old.st_uid, old.st_gid) == 0;
  const mode_t mode = old.st_mode & (kept ? kPermissions : S_IRWXU | S_IRWXO);
  if ((now.st_mode & kPermissions) != mode && ::fchmod(file.get(), mode) != 0) refuse_by_system();
}

/// `old`: the file that is to be replaced, if there is one.
int open_temporary(const std::string& temporary, const struct stat* old) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  const mode_t mode = old ? S_IRUSR | S_IWUSR : 0666;
  Descriptor file(::open(temporary.c_str(), kFlags, mode));
  if (file.get() < 0 && errno == EEXIST) {
    remove_abandoned(temporary);
    return open_temporary(temporary, old);
  }
  if (file.get() < 0) refuse_by_system();
  try {
    lock(file);
    if (!is_named(file, temporary)) throw Refusal{kBusy};
    if (old) take_over_permissions(file, *old);
  } catch (const Refusal& refusal) {
    if (refusal.reason != kBusy && is_named(file, temporary)) ::unlink(temporary.c_str());
    throw;
  }
  return file.release();
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  try {
    open();
  } catch (const Refusal& refusal) {
    fail(refusal.reason);
  } catch (const fs::filesystem_error& error) {
    fail(std::strerror(error.code().value()));
  }
}

void AtomicFile::open() {
  const fs::path file = follow(path_);
  if (const auto number = own_descriptor(file)) {
    descriptor_ = ::fcntl(*number, F_DUPFD_CLOEXEC, 0);
    if (descriptor_ < 0) refuse_by_system();
    return;
  }
  struct stat old {};
  const bool exists = ::lstat(file.c_str(), &old) == 0;
  if (!exists && errno != ENOENT) refuse_by_system();
  if (exists && (S_ISCHR(old.st_mode) || S_ISFIFO(old.st_mode))) {
    descriptor_ = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor_ < 0) refuse_by_system();
    return;
  }
  if (exists && !S_ISREG(old.st_mode)) {
    throw Refusal{S_ISDIR(old.st_mode)   ? std::strerror(EISDIR)
                  : S_ISBLK(old.st_mode) ? "is a block device"
                                         : "is a socket"};
  }
  // The rename would ask the folder alone; who made a file read-only wants to keep it.
  if (exists && ::faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) != 0) refuse_by_system();
  const std::string temporary = file.string() + ".joule.tmp";
  descriptor_ = open_temporary(temporary, exists ? &old : nullptr);
  target_ = file.string();
  temporary_ = temporary;
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
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
  if (target_.empty()) return;  // a stream has it already
  if (::fsync(descriptor_) != 0) fail(std::strerror(errno));
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail(std::strerror(errno));
  temporary_.clear();
  // The rename itself is on disk once the folder is.
  const std::string folder = fs::path(target_).parent_path().string();
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0) fail(std::strerror(errno));
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL) fail(std::strerror(errno));
}

void write_file_atomically(const std::string& path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents.data(), contents.size());
  file.commit();
}

}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/training/run/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "joule/core/error.h"

namespace joule::training {
namespace {

namespace fs = std::filesystem;

/// More than a number and the name of a machine: not written by a training.
constexpr std::size_t kMostBytes = 300;

std::string contents(int descriptor) {
  std::array<char, kMostBytes + 1> bytes{};
  const ssize_t got = ::pread(descriptor, bytes.data(), bytes.size(), 0);
  return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

/// Empty, as long as a training has not yet written who it is, or "4711 machine\n".
bool names_a_holder(std::string_view text) {
  if (text.empty()) return true;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  return digits > 0 && text.size() <= kMostBytes && digits + 1 < text.size() &&
         text[digits] == ' ' && text.find('\n') == text.size() - 1;
}

/// "process 4711 on machine", as far as it is known.
std::string holder(int descriptor) {
  std::string text = contents(descriptor);
  if (text.empty() || !names_a_holder(text)) return "another process";
  text.pop_back();
  return "process " + text.replace(text.find(' '), 1, " on ");
}

bool is_named(int descriptor, const std::string& path) {
  struct stat ours {
  }, named{};
  return ::fstat(descriptor, &ours) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder)
    : folder_(folder), path_((fs::path(folder) / "running").string()) {
  make_folder();
  try {
    while (!open_and_lock()) {
    }
    write_holder();
  } catch (...) {
    undo();
    throw;
  }
}

FolderLock::~FolderLock() {
  if (kept_) {
    ::close(descriptor_);
  } else {
    undo();
  }
}

void FolderLock::undo() {
  if (made_file_) ::unlink(path_.c_str());
  for (const std::string& made : made_) ::rmdir(made.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FolderLock::make_folder() {
  std::error_code error;
  fs::path missing = fs::absolute(folder_).lexically_normal();
  if (!missing.has_filename()) missing = missing.parent_path();  // "runs/a/"
  for (; !fs::exists(missing, error) && !error; missing = missing.parent_path()) {
    made_.push_back(missing.string());
  }
  fs::create_directories(folder_, error);
  if (error) throw DataError(str(folder_, ": cannot make this folder: ", error.message()));
  if (!fs::is_directory(folder_)) throw DataError(str(folder_, ": is not a folder"));
}

bool FolderLock::open_and_lock() {
  const auto open = [&](int flags) {
    return ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0666);
  };
  descriptor_ = open(O_CREAT | O_EXCL);
  was_left_ = descriptor_ < 0 && errno == EEXIST;
  made_file_ = descriptor_ >= 0;
  if (was_left_) descriptor_ = open(0);
  if (descriptor_ < 0) {
    if (was_left_ && errno == ENOENT) return false;
    throw DataError(str(path_, ": cannot be written: ", std::strerror(errno)));
  }
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode) ||
      !names_a_holder(contents(descriptor_))) {
    throw DataError(str(path_, ": is not the file by which a training keeps its folder to itself; ",
                        "move it away"));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      made_file_ = false;  // it is the other's by now
      throw ArgumentError(str(folder_, ": ", holder(descriptor_), " trains into this folder; ",
                              "wait for it, or take another folder"));
    }
    throw DataError(str(path_, ": cannot be locked, so another training could not be kept out: ",
                        std::strerror(errno)));
  }
  if (is_named(descriptor_, path_)) return true;
  ::close(std::exchange(descriptor_, -1));
  return false;
}

void FolderLock::write_holder() const {
  std::array<char, 256> machine{};
  if (::gethostname(machine.data(), machine.size() - 1) != 0 || machine[0] == '\0') {
    machine[0] = '?';
  }
  const std::string text = str(::getpid(), " ", machine.data(), "\n");
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, text.data(), text.size(), 0) != std::ssize(text) ||
      ::fsync(descriptor_) != 0) {
    throw DataError(str(path_, ": cannot be written: ", std::strerror(errno)));
  }
}

void FolderLock::release() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
    throw DataError(str(path_, ": cannot be removed: ", std::strerror(errno)));
  }
  kept_ = true;
}

}  // namespace joule::training

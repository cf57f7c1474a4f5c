// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace joule {

/// Writes a file such that `path` always holds either the old contents or the new ones, even after
/// a crash or power loss: writes "<path>.joule.tmp", then fsync, rename, fsync of the folder.
///
/// If `path` is a symbolic link, the file behind it is replaced.  The new file gets the permissions
/// of the old one, and its owner and group where that is allowed.
///
/// If destroyed without commit(), it removes the temporary file and leaves `path` untouched.  (A
/// process that is killed leaves the temporary file; the next writer replaces it.)
///
/// Only regular files can be replaced.  Character devices, pipes and this process's open
/// descriptors (/dev/stdout, /dev/fd/3) are written directly, at each write().
///
/// Errors    DataError (path, the system's reason): the folder cannot be written, the disk is full,
///           another writer is writing the same file, the existing file may not be written, or it
///           is a folder, a block device or a socket.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void commit();
  /// Whether commit() puts a new file in the place of the old one; otherwise write() has written.
  bool replaces() const { return !target_.empty(); }

 private:
  void open();
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  std::string target_;     // the file to rename over; empty: writes to a stream
  std::string temporary_;  // exists until commit(); empty: none
  int descriptor_ = -1;
};

/// Writes all contents at once.  Errors: as AtomicFile.
void write_file_atomically(const std::string& path, std::string_view contents);

}  // namespace joule

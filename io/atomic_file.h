// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace joule {

/// Writes a file so that at any moment, also after a crash or a loss of power, `path` holds either
/// the old contents or the new: to "<path>.joule.tmp", fsync, rename, fsync of the folder.
///
/// Through a symbolic link it is the file behind the link that is replaced.  The new file has the
/// permissions of the old one, and its owner and group where that is allowed.
///
/// Destroyed without commit(), it removes the temporary file and leaves `path` untouched.  (A
/// process that is killed leaves the temporary file; the next writer replaces it.)
///
/// What is not a regular file cannot be replaced: character devices, pipes and the open descriptors
/// of this process (/dev/stdout, /dev/fd/3) are written to as they are, each write() at once.
///
/// Errors    DataError (path, the system's reason): the folder cannot be written, the disk is full,
///           another writer is at the same file, the file that is there may not be written, or is a
///           folder, a block device or a socket.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void commit();

 private:
  void open();
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  std::string target_;     // what is renamed over; empty: it is a stream
  std::string temporary_;  // exists until commit(); empty: there is none
  int descriptor_ = -1;
};

/// The whole contents at once.  Errors: as AtomicFile.
void write_file_atomically(const std::string& path, std::string_view contents);

}  // namespace joule

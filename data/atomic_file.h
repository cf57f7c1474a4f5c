// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace joule {

/// Writes a file so that at any moment, also after a crash or a loss of power, `path` holds either
/// the old contents or the new: to "<path>.tmp", fsync, rename, fsync of the folder.
///
/// Destroyed without commit(), it removes the temporary file and leaves `path` untouched.  (A
/// process that is killed leaves the temporary file; the next writer takes it over.)
///
/// Errors    DataError (path, the system's reason): the folder cannot be written, the disk is full,
///           another writer is at the same path.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string path_, temporary_;
  int descriptor_;
  bool committed_ = false;
};

/// The whole contents at once.  Errors: as AtomicFile.
void write_file_atomically(const std::string& path, std::string_view contents);

}  // namespace joule

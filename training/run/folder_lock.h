// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace joule::training {

/// Reserves a run's folder for one training at a time, with a lock (flock) on the file `running` in
/// it.  The lock ends with the process, however that ends.  The file holds the process's number and
/// its machine's name, and exists from the start of training to its clean end: a process that finds
/// it unlocked knows that a training was killed or failed.
///
///   FolderLock lock(folder);
///   ...                        // a failure here leaves the folder as it was
///   lock.keep();
///   ...                        // a failure here leaves `running`
///   lock.release();
///
/// Readers are not locked out.  Child processes do not inherit the lock.  Over NFS, it holds
/// between machines; a file system without locks is an error.
class FolderLock {
 public:
  /// Creates the folder if it is missing.
  ///
  /// Errors    ArgumentError that names the folder and the process that trains into it; DataError
  ///           if the folder cannot be created or written, its file system has no locks, or
  ///           `running` is not a file of this kind.
  explicit FolderLock(const std::string& folder);
  /// Without keep(), removes what the constructor created, if it is still empty.
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// Whether an earlier training in the folder was killed or failed.
  bool was_left() const { return was_left_; }
  void keep() { kept_ = true; }
  /// Removes the file.
  ///
  /// Errors    DataError if it cannot be removed.
  void release();

 private:
  void make_folder();
  bool open_and_lock();  // false: its holder removed it in the meantime
  void write_holder() const;
  void undo();

  std::string folder_, path_;
  std::vector<std::string> made_;  // folders, the innermost first
  int descriptor_ = -1;
  bool made_file_ = false, was_left_ = false, kept_ = false;
};

}  // namespace joule::training

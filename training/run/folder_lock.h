// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace joule::training {

/// Keeps a run's folder for one training at a time: a lock (flock) on the file `running` in it,
/// which ends with the process, however that ends.  The file holds the number of the process and
/// the name of its machine, and is there from the start of training to its clean end: a process
/// that finds it unlocked knows that a training was killed, or failed.
///
///   FolderLock lock(folder);
///   ...                        // what goes wrong here leaves the folder as it was
///   lock.keep();
///   ...                        // what goes wrong here leaves `running`
///   lock.release();
///
/// Readers are not kept out.  Child processes do not inherit the lock.  Over NFS the lock holds
/// between machines; a file system without locks is an error.
class FolderLock {
 public:
  /// Makes the folder if it is missing.
  ///
  /// Errors    ArgumentError that names the folder and the process that trains into it; DataError:
  ///           the folder cannot be made or written, its file system has no locks, or `running` is
  ///           not such a file.
  explicit FolderLock(const std::string& folder);
  /// Unless kept, removes what the constructor made, as far as it is still empty.
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// Whether a training that had the folder before was killed, or failed.
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

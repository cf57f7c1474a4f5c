// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "joule/io/descriptor.h"
#include "joule/study/trial.h"

namespace joule::study {

/// A trial's own folder, kept to one process by a lock (flock) on a file beside it.
class TrialFolder {
 public:
  TrialFolder(std::string path, std::unique_ptr<Descriptor> lock, bool keep)
      : path_(std::move(path)), lock_(std::move(lock)), keep_(keep) {}

  const std::string& path() const { return path_; }
  /// The trial has ended: unless runs are to be kept, the folder of one that is complete or pruned
  /// is removed; that of one that failed stays, for those who look for the cause.
  ///
  /// Errors    DataError.
  void close(State state);

 private:
  std::string path_;
  std::unique_ptr<Descriptor> lock_;
  bool keep_;
};

/// Where the folders of a study's trials are: trials/000007 in a folder, or in a temporary one that
/// is removed at the end.
class TrialFolders {
 public:
  TrialFolders(const std::string& folder, bool keep_runs);
  ~TrialFolders();
  TrialFolders(const TrialFolders&) = delete;
  TrialFolders& operator=(const TrialFolders&) = delete;

  /// Makes it, or finds it as an earlier attempt left it.  While a worker that was taken for dead
  /// still has it, the trial gets another one: trials/000007-2, by its token.
  ///
  /// Errors    DataError.
  TrialFolder open(const Trial& trial) const;

 private:
  std::string root_;
  bool temporary_, keep_;
};

}  // namespace joule::study

// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "joule/io/descriptor.h"
#include "joule/study/trial.h"

namespace joule::study {

/// A trial's own folder, reserved for one process by a lock (flock) on a file beside it.
class TrialFolder {
 public:
  TrialFolder(std::string path, std::unique_ptr<Descriptor> lock, bool keep)
      : path_(std::move(path)), lock_(std::move(lock)), keep_(keep) {}

  const std::string& path() const { return path_; }
  /// Call it when the trial has ended.  Removes the folder of a complete or pruned trial, unless
  /// runs are to be kept; keeps that of a failed trial, for finding the cause.
  ///
  /// Errors    DataError.
  void close(State state);

 private:
  std::string path_;
  std::unique_ptr<Descriptor> lock_;
  bool keep_;
};

/// The location of a study's trial folders: trials/000007 in a folder, or in a temporary one that
/// is removed at the end.
class TrialFolders {
 public:
  TrialFolders(const std::string& folder, bool keep_runs);
  ~TrialFolders();
  TrialFolders(const TrialFolders&) = delete;
  TrialFolders& operator=(const TrialFolders&) = delete;

  /// Creates it, or reuses what an earlier attempt left.  While a worker that was presumed dead
  /// still holds it, the trial gets another one: trials/000007-2, by its token.
  ///
  /// Errors    DataError.
  TrialFolder open(const Trial& trial) const;

 private:
  std::string root_;
  bool temporary_, keep_;
};

}  // namespace joule::study

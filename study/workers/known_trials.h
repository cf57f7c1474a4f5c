// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/study/storage/storage.h"

namespace joule::study {

/// The trials of a study as one process knows them, up to the first number that is missing: a
/// crash of the server could leave such a gap up to version 0.2.0, and next() fills it.  Finished
/// trials do not change, so they are read once.
class KnownTrials {
 public:
  /// Cost      reads the trials from the first unfinished one on.
  void update(Storage& storage, const Study& study);

  const std::vector<Trial>& trials() const { return trials_; }
  /// The number of the next proposal.
  std::int64_t next() const { return std::ssize(trials_); }
  /// Whether any trial is in this state, which must not be a final one.
  bool any(State state) const;
  bool all_finished() const { return first_open_ == std::ssize(trials_); }

 private:
  std::vector<Trial> trials_;
  std::int64_t first_open_ = 0;
};

}  // namespace joule::study

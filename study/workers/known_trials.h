// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/study/storage/storage.h"

namespace joule::study {

/// The trials of a study as one process knows them.  What has finished changes no more: it is read
/// once.
class KnownTrials {
 public:
  /// Cost      reads those from the first on that was not finished.
  void update(Storage& storage, const Study& study);

  const std::vector<Trial>& trials() const { return trials_; }
  /// The number of the next proposal.
  std::int64_t next() const { return std::ssize(trials_); }
  /// Whether one is in this state, which is none of those that do not change.
  bool any(State state) const;
  bool all_finished() const { return first_open_ == std::ssize(trials_); }

 private:
  std::vector<Trial> trials_;
  std::int64_t first_open_ = 0;
};

}  // namespace joule::study

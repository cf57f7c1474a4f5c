// SPDX-License-Identifier: MIT
#include "joule/study/workers/known_trials.h"

#include <algorithm>
#include <utility>

namespace joule::study {

void KnownTrials::update(Storage& storage, const Study& study) {
  std::vector<Trial> rest = storage.trials(study, first_open_);
  trials_.resize(static_cast<std::size_t>(first_open_));
  for (Trial& trial : rest) {
    if (trial.number != next()) break;  // next() is to be proposed again
    trials_.push_back(std::move(trial));
  }
  while (!all_finished() && is_finished(trials_[static_cast<std::size_t>(first_open_)].state)) {
    ++first_open_;
  }
}

bool KnownTrials::any(State state) const {
  return std::any_of(trials_.begin() + first_open_, trials_.end(),
                     [state](const Trial& trial) { return trial.state == state; });
}

}  // namespace joule::study

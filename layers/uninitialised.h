// SPDX-License-Identifier: MIT
#pragma once

namespace joule {

/// Until the end of the block, initialise() leaves new weights of this thread uninitialised,
/// because they are about to be loaded.  It draws no random numbers and touches no memory.
class UninitialisedWeights {
 public:
  UninitialisedWeights();
  ~UninitialisedWeights();
  UninitialisedWeights(const UninitialisedWeights&) = delete;
  UninitialisedWeights& operator=(const UninitialisedWeights&) = delete;

 private:
  bool outer_;
};

}  // namespace joule

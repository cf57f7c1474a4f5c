// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace joule::tune {

/// What became of this machine's table of measured choices.
struct TuningStatus {
  std::string path;         // empty: there is no place for it, or JOULE_TUNING=off
  std::size_t entries = 0;  // in use
  std::size_t others = 0;   // ignored: of other machines and versions
  std::string problem;      // why the file is ignored; empty if nothing is wrong with it
  std::string text() const;
};

/// The first call lets every operation of this process choose by the table at tuning_path(), if
/// there is one.  A file that cannot be loaded is ignored; `joule info` says why.
const TuningStatus& use_tuning();
/// Reads the table again, which has changed.
void renew_tuning();

}  // namespace joule::tune

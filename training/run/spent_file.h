// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "joule/energy/quantity.h"

namespace joule::training {

/// What a run with an energy budget has spent, lost steps included, and may spend: spent.json in
/// its folder.  A kill loses the steps since the checkpoint, but not what they cost.
struct SpentFile {
  energy::Joules spent;  // gross, by the meters in the sum
  energy::Joules budget;
};

/// Nothing if there is none.
///
/// Errors    DataError if it cannot be read.
std::optional<SpentFile> read_spent(const std::string& folder);

/// Replaces it as a whole.
///
/// Errors    DataError if it cannot be written.
void write_spent(const std::string& folder, const SpentFile& spent);

/// There is none any more.
void remove_spent(const std::string& folder);

}  // namespace joule::training

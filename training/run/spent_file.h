// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "joule/energy/quantity.h"

namespace joule::training {

/// What a run with an energy budget has spent, lost steps included, and may spend: spent.json in
/// its folder.  A kill loses the steps since the checkpoint, but not what they cost.
struct SpentFile {
  energy::Joules spent;  // gross, by the meters in the sum
  energy::Joules budget;
};

/// Errors    DataError that names `path` unless the text has both numbers, finite and >= 0.
SpentFile parse_spent(std::string_view text, const std::string& path);
std::string to_json(const SpentFile& spent);

/// Nothing if there is none.
///
/// Errors    DataError if it cannot be read, or as parse_spent().
std::optional<SpentFile> read_spent(const std::string& folder);

/// Replaces it as a whole.
///
/// Errors    DataError if it cannot be written.
void write_spent(const std::string& folder, const SpentFile& spent);

/// There is none any more.
void remove_spent(const std::string& folder);

}  // namespace joule::training

// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

namespace joule::study {

/// What makes a schema of version n that of version n + 1: statements that SQLite and PostgreSQL
/// both understand.
using Migration = std::vector<std::string>;

/// The n-th makes version n + 1 of version n; version 0 is an empty database.  A migration that was
/// released never changes.
std::span<const Migration> migrations();

}  // namespace joule::study

// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

namespace joule::study {

/// Turns a schema of version n into version n + 1, with statements that both SQLite and PostgreSQL
/// understand.
using Migration = std::vector<std::string>;

/// The n-th migration turns version n into n + 1; version 0 is an empty database.  A released
/// migration never changes.
std::span<const Migration> migrations();

}  // namespace joule::study

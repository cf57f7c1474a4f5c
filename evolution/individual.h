// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/genotype.h"

namespace joule::evolution {

/// A mutation of an individual or of an ancestor.
struct Mutation {
  std::string type;  // "add_layer": a name of Rates
  std::int64_t generation = 0;
  std::map<std::string, std::string> data{};  // {"module": "0", "place": "2"}
  friend bool operator==(const Mutation&, const Mutation&) = default;
};

/// A candidate: its genes, and its training time.
struct Individual {
  std::int64_t id = 0;
  std::optional<std::int64_t> parent{};
  Genotype genotype{};
  std::int64_t slots = 1;  // in units of the initial training time
  bool resumes = false;    // training continues from the parent's weights and spent time
  std::vector<Mutation> history{};
  friend bool operator==(const Individual&, const Individual&) = default;
};

/// A line per layer.
std::string to_json(const Individual& individual);
/// The inverse; the genotype need not be complete: see complete().  `path` is for error messages.
///
/// Errors    DataError that begins with the path: not JSON, something missing, unknown or of the
///           wrong type; layers that are not there.
Individual parse_individual(std::string_view json, const std::string& path);

}  // namespace joule::evolution

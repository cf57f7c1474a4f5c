// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/genotype.h"

namespace joule::evolution {

/// A module on its own, with everything that it references.
struct ArchivedModule {
  Module module;
  std::map<std::int64_t, Genes> layers;  // of the module
  std::string phenotype;                 // phenotype_of(genotype, module, grammar)
  /// Its running power: watts, or modelled joules per image.  All modules of an archive have the
  /// same unit, which the archive's user knows.
  double power = 0;
  double quality = 0;  // of the best net that it was seen in; larger is better
  friend bool operator==(const ArchivedModule&, const ArchivedModule&) = default;
};

/// Modules seen by evolution, for reuse.
///
/// Each phenotype is kept once, with its first power and its best quality.  Beyond `capacity`, the
/// worst module is dropped: among those with the largest non-domination rank by (power to minimise,
/// quality to maximise), the one with the smallest crowding distance, the oldest of equal ones.  So
/// the cheapest and the best module always stay.
class ModuleArchive {
 public:
  /// Errors    ArgumentError if capacity is 0.
  explicit ModuleArchive(std::size_t capacity = 256);

  /// Returns   whether it was new.
  /// Errors    ArgumentError unless power is positive and finite, and quality is finite.
  bool add(const Genotype& genotype, std::size_t module, const Grammar& grammar, double power,
           double quality);
  bool contains(const std::string& phenotype) const;
  /// Raises the quality of an existing module to at least `quality`.
  void saw(const std::string& phenotype, double quality);

  /// p_i = (1 / power_i) / sum_j (1 / power_j): the probability of drawing each module.
  std::vector<double> probabilities() const;
  /// Draws a module with these probabilities; null if there is none.
  const ArchivedModule* draw(Draws& draws) const;

  /// In the order of insertion.
  const std::vector<ArchivedModule>& modules() const { return modules_; }
  std::size_t capacity() const { return capacity_; }
  friend bool operator==(const ModuleArchive&, const ModuleArchive&) = default;

 private:
  friend ModuleArchive parse_archive(std::string_view json, const std::string& path);

  std::size_t capacity_;
  std::vector<ArchivedModule> modules_;
};

/// One line per module.
std::string to_json(const ModuleArchive& archive);
/// The inverse.
///
/// Errors    DataError that begins with the path: not JSON, something missing, unknown or of the
///           wrong type; a power that is not positive, a duplicate phenotype, more modules than the
///           capacity, missing layers.
ModuleArchive parse_archive(std::string_view json, const std::string& path);

/// Inserts a copy with its own layers before the module at that place (the end: after all).
void insert(Genotype& genotype, const ArchivedModule& module, std::size_t place);

}  // namespace joule::evolution

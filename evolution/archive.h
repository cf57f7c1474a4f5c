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

/// A module by itself, with what it draws.
struct ArchivedModule {
  Module module;
  std::map<std::int64_t, Genes> layers;  // of the module
  std::string phenotype;                 // as phenotype_of(genotype, module, grammar)
  /// What running it takes: watts, or modelled joules per image.  Of one archive all are in one
  /// unit, which its user knows.
  double power = 0;
  double quality = 0;  // of the best net that it was seen in, the larger the better
  friend bool operator==(const ArchivedModule&, const ArchivedModule&) = default;
};

/// Modules that evolution has seen, so that it may take them up again.
///
/// Each phenotype is kept once: with the power of the first time, and the best quality.  Of more
/// than `capacity` modules the worst is forgotten: of those with the largest non-domination rank by
/// (power to minimise, quality to maximise) the one with the smallest crowding distance, and of
/// equal ones the oldest.  So the cheapest and the best module always stay.
class ModuleArchive {
 public:
  /// Errors    ArgumentError if capacity is 0.
  explicit ModuleArchive(std::size_t capacity = 256);

  /// Returns   whether it was not there and is now.
  /// Errors    ArgumentError unless power is positive and finite, and quality is finite.
  bool add(const Genotype& genotype, std::size_t module, const Grammar& grammar, double power,
           double quality);
  bool contains(const std::string& phenotype) const;
  /// Of a module that is there: the quality is now at least that.
  void saw(const std::string& phenotype, double quality);

  /// p_i = (1 / power_i) / sum_j (1 / power_j): of each module its probability to be drawn.
  std::vector<double> probabilities() const;
  /// A module by these; none if there is none.
  const ArchivedModule* draw(Draws& draws) const;

  /// In the order in which they came.
  const std::vector<ArchivedModule>& modules() const { return modules_; }
  std::size_t capacity() const { return capacity_; }
  friend bool operator==(const ModuleArchive&, const ModuleArchive&) = default;

 private:
  friend ModuleArchive parse_archive(std::string_view json, const std::string& path);

  std::size_t capacity_;
  std::vector<ArchivedModule> modules_;
};

/// A line per module.
std::string to_json(const ModuleArchive& archive);
/// The inverse.
///
/// Errors    DataError that begins with the path: not JSON, something missing, unknown or of the
///           wrong type; a power that is not positive, a phenotype that is there twice, more
///           modules than the capacity, layers that are not there.
ModuleArchive parse_archive(std::string_view json, const std::string& path);

/// Puts a copy with layers of its own before the module at that place (the end: after all).
void insert(Genotype& genotype, const ArchivedModule& module, std::size_t place);

}  // namespace joule::evolution

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joule::search {

/// "semoa:population=20:eta=1.9" as a name and options.
struct NamedOptions {
  std::string name;
  std::map<std::string, std::string> options;
};

/// Errors    ArgumentError (the part, what was expected) if a part after the name is not key=value,
///           or a key appears twice.
NamedOptions parse_named_options(std::string_view text);

/// Reads the options of a sampler by their names; each error names the sampler and the option.
class OptionReader {
 public:
  OptionReader(std::string_view sampler, const std::map<std::string, std::string>& options)
      : sampler_(sampler), options_(options) {}

  /// Errors    ArgumentError unless it is an integer of at least `least`.
  std::int64_t count(const char* name, std::int64_t preset, std::int64_t least = 1) const;
  /// Errors    ArgumentError unless it is a number from low to high.
  double number(const char* name, double preset, double low, double high) const;
  /// yes or no.
  bool flag(const char* name, bool preset) const;
  std::string one_of(const char* name, const std::string& preset,
                     const std::vector<std::string>& choices) const;
  std::string text(const char* name) const;
  /// Separated by '+'.
  std::vector<std::string> list(const char* name) const;

 private:
  const std::string* find(const char* name) const;
  std::string where(const char* name) const;

  std::string sampler_;
  const std::map<std::string, std::string>& options_;
};

}  // namespace joule::search

// SPDX-License-Identifier: MIT
#include "joule/search/samplers/sampler_options.h"

#include "joule/core/error.h"
#include "joule/io/nearest.h"
#include "joule/io/parse_number.h"

namespace joule::search {
namespace {

std::vector<std::string> split_at(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

NamedOptions parse_named_options(std::string_view text) {
  const std::vector<std::string> parts = split_at(text, ':');
  NamedOptions result{.name = parts[0], .options = {}};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    require(equals != std::string::npos && equals > 0, result.name,
            ": expected option=value, got '", parts[i], "'");
    const std::string key = parts[i].substr(0, equals);
    require(result.options.emplace(key, parts[i].substr(equals + 1)).second, result.name,
            ": the option ", key, " is there twice");
  }
  return result;
}

const std::string* OptionReader::find(const char* name) const {
  const auto found = options_.find(name);
  return found == options_.end() ? nullptr : &found->second;
}

std::string OptionReader::where(const char* name) const { return str(sampler_, ": ", name); }

std::int64_t OptionReader::count(const char* name, std::int64_t preset, std::int64_t least) const {
  const std::string* const text = find(name);
  if (!text) return preset;
  const auto value = parse_number<std::int64_t>(where(name), *text);
  require(value >= least, where(name), ": expected at least ", least, ", got ", value);
  return value;
}

double OptionReader::number(const char* name, double preset, double low, double high) const {
  const std::string* const text = find(name);
  if (!text) return preset;
  const auto value = parse_number<double>(where(name), *text);
  require(value >= low && value <= high, where(name), ": expected a number from ", low, " to ",
          high, ", got ", value);
  return value;
}

bool OptionReader::flag(const char* name, bool preset) const {
  return one_of(name, preset ? "yes" : "no", {"yes", "no"}) == "yes";
}

std::string OptionReader::one_of(const char* name, const std::string& preset,
                                 const std::vector<std::string>& choices) const {
  const std::string* const text = find(name);
  if (!text) return preset;
  require_one_of(where(name), *text, choices);
  return *text;
}

std::string OptionReader::text(const char* name) const {
  const std::string* const text = find(name);
  return text ? *text : "";
}

std::vector<std::string> OptionReader::list(const char* name) const {
  const std::string* const text = find(name);
  return text && !text->empty() ? split_at(*text, '+') : std::vector<std::string>();
}

}  // namespace joule::search

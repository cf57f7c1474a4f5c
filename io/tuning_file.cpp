// SPDX-License-Identifier: MIT
#include "joule/io/tuning_file.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "joule/io/input_file.h"
#include "joule/io/json_text.h"

namespace joule {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "joule tuning";
constexpr int kVersion = 1;
constexpr std::uint64_t kMaxBytes = std::uint64_t{64} << 20;

struct Section {
  TuningMachine machine;
  std::vector<TuningEntry> entries;
};

ordered_json to_json(const TuningEntry& entry) {
  ordered_json rows = ordered_json::array();
  for (const MeasuredRow& row : entry.rows) {
    rows.push_back({{"name", row.name}, {"dense_ms", row.dense_ms}, {"sparse_ms", row.sparse_ms}});
  }
  return {{"op", entry.op},       {"device", name(entry.device)}, {"threads", entry.threads},
          {"sizes", entry.sizes}, {"densities", entry.densities}, {"rows", rows}};
}

/// A whole number; get<int>() alone would round 1.5 and wrap 2^32.
template <class T>
T whole(const ordered_json& value) {
  require(value.is_number_integer(), "expected a whole number, got ", value.dump());
  const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>())
                                               : std::in_range<T>(value.get<std::int64_t>());
  require(fits, "out of range: ", value.dump());
  return value.get<T>();
}

/// get<double>() alone would take true for 1.
double number(const ordered_json& value) {
  require(!value.is_boolean(), "expected a number, got ", value.dump());
  return value.get<double>();
}

std::vector<double> numbers(const ordered_json& list) {
  if (!list.is_array()) return list.get<std::vector<double>>();  // says what it is
  std::vector<double> values;
  for (const ordered_json& value : list) values.push_back(number(value));
  return values;
}

Device parse_device(const std::string& text) {
  for (const Device device : {Device::cpu, Device::cuda}) {
    if (name(device) == text) return device;
  }
  throw ArgumentError(str("unknown device '", text, "'"));
}

TuningEntry parse_entry(const ordered_json& json) {
  TuningEntry entry{.op = json.at("op").get<std::string>(),
                    .device = parse_device(json.at("device").get<std::string>()),
                    .threads = whole<int>(json.at("threads")),
                    .densities = numbers(json.at("densities"))};
  const ordered_json& sizes = json.at("sizes");
  require(sizes.is_array() && sizes.size() == entry.sizes.size(), "sizes: expected ",
          entry.sizes.size(), " whole numbers, got ", sizes.dump());
  for (std::size_t i = 0; i < sizes.size(); ++i) entry.sizes[i] = whole<std::int64_t>(sizes[i]);
  for (const ordered_json& row : json.at("rows")) {
    MeasuredRow& measured = entry.rows.emplace_back();
    measured.name = row.at("name").get<std::string>();
    measured.dense_ms = number(row.at("dense_ms"));
    for (const ordered_json& times : row.at("sparse_ms")) {
      measured.sparse_ms.push_back(numbers(times));
    }
  }
  entry.check();
  return entry;
}

std::vector<Section> parse(const std::string& text) {
  const ordered_json json = ordered_json::parse(text);
  require(json.is_object() && json.value("format", "") == kFormat, "is not a '", kFormat, "' file");
  require(json.at("version") == kVersion, "has version ", json.at("version").dump(), ", expected ",
          kVersion);
  std::vector<Section> sections;
  for (const ordered_json& section : json.at("machines")) {
    sections.push_back({.machine = {.cpu = section.at("cpu").get<std::string>(),
                                    .simd = section.at("simd").get<std::string>(),
                                    .joule = section.at("joule").get<std::string>(),
                                    .onednn = section.at("onednn").get<std::string>()}});
    for (const ordered_json& entry : section.at("entries")) {
      sections.back().entries.push_back(parse_entry(entry));
    }
  }
  return sections;
}

std::vector<Section> load(const std::string& path) {
  const std::string text = read_file(path, kMaxBytes, "a table");
  if (const std::string fault = fault_of_json(text); !fault.empty()) {
    throw DataError(str(path, ": is damaged: ", fault));
  }
  try {
    return parse(text);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  } catch (const ordered_json::exception& error) {
    throw DataError(str(path, ": is damaged: ", error.what()));
  }
}

}  // namespace

std::string tuning_path() {
  const auto variable = [](const char* name) -> std::filesystem::path {
    const char* const value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto named = variable("JOULE_TUNING"); !named.empty()) {
    return named == "off" ? "" : named.string();
  }
  // The XDG base directory specification: a path that is not absolute is to be ignored.
  if (const auto cache = variable("XDG_CACHE_HOME"); cache.is_absolute()) {
    return cache / "joule" / "tuning.json";
  }
  const auto home = variable("HOME");
  return home.empty() ? "" : (home / ".cache" / "joule" / "tuning.json").string();
}

LoadedTuning load_tuning(const std::string& path, const TuningMachine& machine) {
  LoadedTuning loaded;
  auto table = std::make_shared<TuningTable>();
  for (Section& section : load(path)) {
    if (section.machine == machine) {
      for (TuningEntry& entry : section.entries) table->add(std::move(entry));
    } else {
      loaded.others += section.entries.size();
    }
  }
  loaded.table = std::move(table);
  return loaded;
}

std::string merge_tuning(const std::string& path, const TuningMachine& machine,
                         std::span<const TuningEntry> entries) {
  std::vector<Section> sections;
  try {
    sections = load(path);
  } catch (const DataError&) {  // what cannot be loaded is replaced
  }
  auto mine = std::ranges::find(sections, machine, &Section::machine);
  if (mine == sections.end()) mine = sections.insert(mine, {.machine = machine});
  TuningTable measured;
  for (const TuningEntry& entry : entries) measured.add(entry);
  std::erase_if(mine->entries, [&](const TuningEntry& e) {
    return measured.find(e.op, e.device, e.threads, e.sizes) != nullptr;
  });
  mine->entries.insert(mine->entries.end(), entries.begin(), entries.end());
  ordered_json machines = ordered_json::array();
  for (const Section& section : sections) {
    const TuningMachine& m = section.machine;
    ordered_json list = ordered_json::array();
    for (const TuningEntry& entry : section.entries) list.push_back(to_json(entry));
    machines.push_back({{"cpu", m.cpu},
                        {"simd", m.simd},
                        {"joule", m.joule},
                        {"onednn", m.onednn},
                        {"entries", list}});
  }
  return ordered_json{{"format", kFormat}, {"version", kVersion}, {"machines", machines}}.dump() +
         "\n";
}

}  // namespace joule

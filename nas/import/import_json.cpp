// SPDX-License-Identifier: MIT
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "joule/io/gzip_reader.h"
#include "joule/io/json_text.h"
#include "joule/io/parse_number.h"
#include "joule/nas/cell/cell_json.h"
#include "joule/nas/cell/enumerate.h"
#include "joule/nas/import/import.h"

namespace joule::nas {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kMostLineBytes = std::uint64_t{16} << 20;

ordered_json parsed(const std::string& text) {
  if (const std::string fault = fault_of_json(text); !fault.empty()) throw ArgumentError(fault);
  ordered_json value = ordered_json::parse(text);
  require(value.is_object(), "expected a JSON object");
  return value;
}

const ordered_json& member(const ordered_json& of, const char* name) {
  const auto at = of.find(name);
  require(at != of.end(), "there is no ", name);
  return *at;
}

/// A number that may be missing.
std::optional<double> number(const ordered_json& of, const char* name) {
  const auto at = of.find(name);
  if (at == of.end()) return std::nullopt;
  if (at->is_string()) return parse_number<double>(name, at->get<std::string>());
  require(at->is_number(), name, ": expected a number");
  return at->get<double>();
}

std::string text(const ordered_json& of, const char* name) {
  const auto at = of.find(name);
  if (at == of.end()) return {};
  require(at->is_string(), name, ": expected a text");
  return at->get<std::string>();
}

/// The members of evaluations by their names in the two formats.
struct Names {
  const char *epochs, *energy, *co2eq, *carbon_intensity;
};
constexpr Names kLines{"epochs", "energy_kwh", "co2eq_g", "carbon_intensity"};
constexpr Names kResults{"epochs", "energy (kWh)", "co2eq (g)", "avg_intensity (gCO2/kWh)"};

Evaluation evaluation_of(const ordered_json& of, const Names& names) {
  require(of.is_object(), "expected an object per evaluation");
  return {.epochs = number(of, names.epochs),
          .training_time = number(of, "training_time"),
          .train_accuracy = number(of, "train_accuracy"),
          .validation_accuracy = number(of, "validation_accuracy"),
          .test_accuracy = number(of, "test_accuracy"),
          .energy = number(of, names.energy),
          .co2eq = number(of, names.co2eq),
          .carbon_intensity = number(of, names.carbon_intensity),
          .predicted_energy = number(of, "predicted_energy (kWh)"),
          .predicted_co2eq = number(of, "predicted_co2eq (g)"),
          .predicted_training_time = number(of, "predicted_training_time"),
          .predicted_carbon_intensity = number(of, "predicted_avg_intensity (gCO2/kWh)"),
          .training_steps = number(of, "training_steps"),
          .predict_time = number(of, "predict_time"),
          .start = text(of, "start_emission"),
          .stop = text(of, "stop_emission")};
}

std::vector<Evaluation> evaluations_of(const ordered_json& all, const Names& names) {
  require(all.is_array(), "expected an array of evaluations");
  std::vector<Evaluation> evaluations;
  for (const ordered_json& one : all) evaluations.push_back(evaluation_of(one, names));
  return evaluations;
}

/// [[150.8]], [[54.2, 69.0]], or [] without such a device: one row of means, a device each.
std::vector<double> means_of(const ordered_json& of, const char* name) {
  const auto at = of.find(name);
  if (at == of.end() || (at->is_array() && at->empty())) return {};
  require(at->is_array() && at->size() == 1 && at->front().is_array(), name,
          ": expected one row of means, a device each");
  std::vector<double> means;
  for (const ordered_json& one : at->front()) {
    require(one.is_number(), name, ": expected numbers");
    means.push_back(one.get<double>());
  }
  return means;
}

std::vector<Device> devices_of(const std::vector<double>& watts) {
  std::vector<Device> devices;
  for (const double one : watts) devices.push_back({.watts = one});
  return devices;
}

/// {"avg_power_usages (W)": [[..]], "avg_energy_usages (J)": [[..]], "devices": [..]}.
std::vector<Device> named_devices_of(const ordered_json& of) {
  require(of.is_object(), "avg_power_usages: expected an object per kind of device");
  std::vector<Device> devices = devices_of(means_of(of, "avg_power_usages (W)"));
  const std::vector<double> joules = means_of(of, "avg_energy_usages (J)");
  const auto names = of.find("devices");
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (i < joules.size()) devices[i].joules = joules[i];
    if (names == of.end() || !names->is_array() || i >= names->size()) continue;
    require((*names)[i].is_string(), "devices: expected texts");
    devices[i].name = (*names)[i].get<std::string>();
    devices[i].name.erase(0, devices[i].name.find_first_not_of(' '));
  }
  return devices;
}

/// The epochs of the last evaluation: what the training was given.
std::int64_t budget_of(const std::vector<Evaluation>& evaluations) {
  require(!evaluations.empty() && evaluations.back().epochs.has_value(),
          "there is no last evaluation with its epochs");
  const double epochs = *evaluations.back().epochs;
  require(epochs >= 1 && epochs <= 1e6, "the last evaluation is after ", epochs, " epochs");
  return std::llround(epochs);
}

Record record_of_line(const std::string& line, EnergyKind kind, const std::string& source) {
  const ordered_json of = parsed(line);
  Record record{
      .cell = cell_of_json({{"matrix", member(of, "adjacency")}, {"ops", member(of, "ops")}}),
      .fingerprint = parse_fingerprint(text(of, "hash"))};
  const ordered_json& repeat = member(of, "repeat");
  require(repeat.is_number_integer(), "repeat: expected a whole number");
  record.repeat = repeat.get<std::int64_t>();
  const Run run{.parameters = number(of, "trainable_parameters"),
                .total_time = number(of, "total_time_s"),
                .total_energy = number(of, "total_energy_kwh"),
                .gpus = devices_of(means_of(of, "gpu_w")),
                .cpus = devices_of(means_of(of, "cpu_w")),
                .evaluations = evaluations_of(member(of, "evaluations"), kLines)};
  record.epochs = budget_of(run.evaluations);
  record.values = values_of(run, record.epochs, kind, source);
  return record;
}

Run run_of_results(const ordered_json& of) {
  Run run{.parameters = number(of, "trainable_params"),
          .total_time = number(of, "total_time"),
          .total_energy = number(of, "total_energy (kWh)"),
          .total_co2eq = number(of, "total_co2eq (g)"),
          .carbon_intensity = number(of, "avg_intensity (gCO2/kWh)"),
          .start = text(of, "start_emission"),
          .stop = text(of, "stop_emission"),
          .evaluations = evaluations_of(member(of, "evaluation_results"), kResults)};
  // The colon is in the files.
  if (const auto power = of.find("avg_power_usages:"); power != of.end()) {
    require(power->is_object(), "avg_power_usages: expected an object");
    if (const auto gpu = power->find("gpu"); gpu != power->end()) run.gpus = named_devices_of(*gpu);
    if (const auto cpu = power->find("cpu"); cpu != power->end()) run.cpus = named_devices_of(*cpu);
  }
  return run;
}

/// A results.json has no cell: of all there are, the one with that hash.
const Cell& cell_of(const Fingerprint& fingerprint) {
  const auto among = [&](const std::vector<NamedCell>& cells) -> const Cell* {
    for (const NamedCell& one : cells) {
      if (one.fingerprint == fingerprint) return &one.cell;
    }
    return nullptr;
  };
  static const std::vector<NamedCell> small = enumerate({.vertices = 5});
  if (const Cell* const found = among(small)) return *found;
  static const std::vector<NamedCell> all = enumerate({});
  const Cell* const found = among(all);
  require(found != nullptr, "no cell of 7 vertices and 9 edges has the hash ",
          to_text(fingerprint));
  return *found;
}

/// The next line, without its end; false at the end of the file.
bool next_line(GzipReader& file, std::string& buffer, std::string& line) {
  std::size_t end = buffer.find('\n');
  std::array<char, 65536> more;
  while (end == std::string::npos) {
    const std::size_t count = file.read(more.data(), more.size());
    if (count == 0) break;
    const std::size_t before = buffer.size();
    buffer.append(more.data(), count);
    end = buffer.find('\n', before);
    if (end == std::string::npos && buffer.size() > kMostLineBytes) {
      file.fail("a line of more than ", kMostLineBytes, " bytes");
    }
  }
  if (end == std::string::npos && buffer.empty()) return false;
  line = buffer.substr(0, end);
  buffer.erase(0, end == std::string::npos ? end : end + 1);
  return true;
}

}  // namespace

std::size_t import_json_lines(const std::string& path, EnergyKind kind, Table& table) {
  GzipReader file(path);
  const std::string source = source_name(path);
  std::size_t records = 0, number = 0;
  std::string buffer, line;
  while (next_line(file, buffer, line)) {
    ++number;
    if (line.empty() || line == "\r") continue;
    try {
      table.add_verified(record_of_line(line, kind, source));
    } catch (const ArgumentError& error) {
      throw DataError(str(path, ": line ", number, ": ", error.what()));
    }
    ++records;
  }
  return records;
}

std::size_t import_results(const std::string& path, EnergyKind kind, Table& table) {
  GzipReader file(path);
  const std::vector<std::uint8_t> bytes = file.read_at_most(kMostLineBytes);
  try {
    const auto folder = std::filesystem::absolute(path).lexically_normal().parent_path();
    const std::string repeat = folder.filename().string();
    const std::string hash = folder.parent_path().filename().string();
    constexpr std::string_view kRepeat = "repeat_";
    require(repeat.starts_with(kRepeat) && is_fingerprint(hash),
            "expected it as <hash>/repeat_<n>/", source_name(path), ", which says of what it is");
    const Run run = run_of_results(parsed({bytes.begin(), bytes.end()}));
    Record record{.epochs = budget_of(run.evaluations),
                  .repeat = parse_number<std::int64_t>(repeat, repeat.substr(kRepeat.size())),
                  .fingerprint = parse_fingerprint(hash)};
    record.cell = cell_of(*record.fingerprint);
    record.values = values_of(run, record.epochs, kind, source_name(path));
    table.add(record);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  return 1;
}

}  // namespace joule::nas

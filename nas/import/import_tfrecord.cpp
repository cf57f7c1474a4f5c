// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "joule/exchange/tfrecord/tfrecord.h"
#include "joule/io/json_text.h"
#include "joule/nas/import/decode.h"
#include "joule/nas/import/import.h"

namespace joule::nas {
namespace {

using nlohmann::json;

/// How many records there are of each cell and budget.
using Repeats = std::unordered_map<std::string, std::int64_t>;

std::string text_at(const json& row, std::size_t i, const char* what) {
  require(row[i].is_string(), "expected ", what, " as a text in place ", i);
  return row[i].get<std::string>();
}

Record record_of(const std::string& data, EnergyKind kind, const std::string& source,
                 Repeats& repeats) {
  if (const std::string fault = fault_of_json(data); !fault.empty()) {
    throw ArgumentError("expected a JSON array: " + fault);
  }
  const json row = json::parse(data);
  require(row.is_array() && row.size() == 5,
          "expected a JSON array of hash, epochs, adjacency, operations and metrics");
  const std::string hash = text_at(row, 0, "a hash");
  require(row[1].is_number_integer(), "expected the epochs as a whole number in place 1");
  const auto epochs = row[1].get<std::int64_t>();
  Record record{.cell = parse_cell(text_at(row, 2, "the adjacency") + ':' +
                                   text_at(row, 3, "the operations")),
                .epochs = epochs,
                .repeat = ++repeats[str(hash, ' ', epochs)],
                .fingerprint = parse_fingerprint(hash)};
  const RecordedRun run = decode_run(from_base64(text_at(row, 4, "the metrics")));
  record.values = values_of(run, epochs, kind, source);
  return record;
}

}  // namespace

std::size_t import_tfrecord(const std::string& path, EnergyKind kind, Table& table) {
  exchange::TfRecordReader reader(path);
  const std::string source = source_name(path);
  if (kind == EnergyKind::automatic && source.find("surrogate") != std::string::npos) {
    kind = EnergyKind::surrogate;  // energy_7V9E_surrogate.tfrecord
  }
  Repeats repeats;
  std::size_t records = 0;
  for (std::string data; reader.next(data); ++records) {
    try {
      table.add_verified(record_of(data, kind, source, repeats));
    } catch (const ArgumentError& error) {
      reader.fail(error.what());
    }
  }
  return records;
}

}  // namespace joule::nas

// SPDX-License-Identifier: MIT
#include "joule/nas/import/import.h"

#include "joule/core/error.h"
#include "joule/nas/import/decode.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"
#include "joule/tests/support/tfrecord_bytes.h"

namespace joule::fuzz {
namespace {

using nas::Table;

constexpr const char* kHash = "001a6fcc8b38cbc515be788a86bdc804";

/// As a file of either form, and as the data of a record with right check sums, which mutations of
/// files do not make.
void read(std::string_view bytes) {
  for (const std::string& file : {std::string(bytes), test::tfrecord(bytes)}) {
    try {
      Table table;
      const std::string path = file_in_memory(file);
      const std::size_t records = file.starts_with('{')
                                      ? import_json_lines(path, nas::EnergyKind::automatic, table)
                                      : import_tfrecord(path, nas::EnergyKind::automatic, table);
      require(records == table.points().size(), "another number of records");
      for (std::size_t i = 0; i < table.points().size(); ++i) {
        for (std::size_t k = 0; k < table.metrics().size(); ++k) {
          if (const auto value = table.value(i, k)) check(*value);
        }
      }
    } catch (const DataError&) {
    }
  }
  try {
    nas::decode_run(bytes);
  } catch (const ArgumentError&) {
  }
}

std::vector<std::string> seeds() {
  const std::string row =
      str("[\"", kHash,
          "\",4,\"0110001000010000\",\"input,maxpool3x3,maxpool3x3,output\","
          "\"CgkJAAAAAAAAAAAKCQkAAAAAAAAAQAoSCQAAAAAAABBAMQAAAAAAANA/EIqZaw==\"]");
  const std::string line = str(
      "{\"hash\":\"", kHash,
      "\",\"repeat\":1,\"adjacency\":[[0,1,1,0],[0,0,1,0],[0,0,0,1],[0,0,0,0]],"
      "\"ops\":[-1,2,2,-2],\"trainable_parameters\":1756298,\"gpu_w\":[[150.8]],\"evaluations\":["
      "{\"epochs\":0,\"energy_kwh\":0.003},{\"epochs\":2,\"energy_kwh\":0.006},"
      "{\"epochs\":4,\"training_time\":71.4,\"energy_kwh\":0.0159}]}\n");
  return {row,
          test::tfrecord(row) + test::tfrecord("x"),
          line,
          line + line,
          test::gzipped(line),
          "[\"x\",4,\"0100\",\"input,output\",\"\"]"};
}

}  // namespace

const Reader kCellRecords{.name = "cell_records", .read = read, .seeds = seeds};

}  // namespace joule::fuzz

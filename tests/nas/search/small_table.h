// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "joule/nas/cell/enumerate.h"
#include "joule/nas/table/table.h"

namespace joule::nas::test {

/// What a net of that cell might give: the numbers depend on what isomorphic cells share.
struct Made {
  double parameters = 1e5, joules = 1000, seconds = 20, accuracy = 0.3;
};

inline Made made_of(const Cell& cell, std::int64_t epochs) {
  Made made;
  for (int vertex = 1; vertex <= cell.interior(); ++vertex) {
    const double weight = cell.op(vertex) == CellOp::conv3x3 ? 9 : 1;
    const bool pool = cell.op(vertex) == CellOp::maxpool3x3;
    made.parameters += pool ? 0 : 1e5 * weight;
    made.joules += pool ? 300 : 500 * weight;
    made.seconds += pool ? 12 : 6 * std::sqrt(weight);
    made.accuracy += pool ? 0.01 : 0.05 * std::sqrt(weight);
  }
  made.joules += 100 * cell.edges();
  made.accuracy -= 0.01 * std::abs(cell.edges() - 5);
  const double share = static_cast<double>(epochs) / 4;
  made.joules *= share, made.seconds *= share;
  made.accuracy = 1 - (1 - made.accuracy) / std::sqrt(share);
  return made;
}

inline Value value_of(std::string name, double number, Checkpoint at, std::string unit,
                      Quality quality) {
  return {.metric = {.name = std::move(name), .at = at, .unit = std::move(unit)},
          .number = number,
          .origin = {.quality = quality, .source = "a test"}};
}

/// All cells of at most that many vertices.
inline Table small_table(int vertices, const std::vector<std::int64_t>& budgets = {4}) {
  Table table;
  for (const NamedCell& one : enumerate({.vertices = vertices, .edges = 9})) {
    for (const std::int64_t epochs : budgets) {
      const Made made = made_of(one.cell, epochs);
      table.add(
          {.cell = one.cell,
           .epochs = epochs,
           .values = {value_of(kParameters, made.parameters, Checkpoint::run, "", Quality::counted),
                      value_of(kTrainingTime, made.seconds, Checkpoint::end, "s",
                               Quality::measured),
                      value_of(kEnergy, made.joules, Checkpoint::end, "J", Quality::measured),
                      value_of(kValidationAccuracy, made.accuracy, Checkpoint::end, "",
                               Quality::measured)},
           .fingerprint = one.fingerprint});
    }
  }
  return table;
}

}  // namespace joule::nas::test

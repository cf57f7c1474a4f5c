// SPDX-License-Identifier: MIT
#include "joule/report/eat/eat_json.h"

#include <nlohmann/json.hpp>

#include "joule/report/study_values.h"
#include "joule/study/eat/eat_paper.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json json_of(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json json_of(const study::EatCell& cell) {
  ordered_json json{{"lambda", json_of(cell.lambda)}, {"sigma", json_of(cell.sigma)},
                    {"complete", cell.complete},      {"failed", cell.failed},
                    {"errors", cell.errors},          {"values", ordered_json::array()}};
  for (const study::Over& over : cell.values) json["values"].push_back(report::json_of(over));
  return json;
}

ordered_json paper_json(const training::Config& config) {
  const study::EatPaperCell* const cell = study::eat_paper_cell(config.data, config.model);
  if (!cell) return {};
  return {{"accuracy", {cell->standard_accuracy, cell->eat_accuracy}},
          {"ratio", {cell->standard_ratio, cell->eat_ratio}},
          {"decrease", cell->decrease}};
}

}  // namespace

ordered_json eat_json(const study::Study& study, const study::EatResults& results,
                      const std::vector<PeerPace>& peers) {
  ordered_json json{{"study", study.definition.name},
                    {"config", ordered_json::parse(study.definition.config)},
                    {"joule", study.origin.joule},
                    {"machine", study.origin.machine},
                    {"finished", results.finished},
                    {"chosen_on", name(results.config.chosen_on())},
                    {"paper", paper_json(results.config.training)},
                    {"cells", ordered_json::array()},
                    {"front", results.front},
                    {"front_not_told_apart", results.unseparated},
                    {"chosen",
                     {{{"rule", results.paper.rule}, {"cell", json_of(results.paper.cell)}},
                      {{"rule", results.ours.rule}, {"cell", json_of(results.ours.cell)}}}},
                    {"peers", ordered_json::array()}};
  for (const study::EatCell& cell : results.cells) json["cells"].push_back(json_of(cell));
  for (const PeerPace& peer : peers) {
    json["peers"].push_back({{"net", peer.net},
                             {"library", peer.side},
                             {"images_per_second", json_of(peer.images_per_second)},
                             {"over_dense", json_of(peer.over_dense)},
                             {"over_pytorch", json_of(peer.over_pytorch)}});
    if (!peer.left_out.empty()) json["peers"].back()["left_out"] = peer.left_out;
  }
  return json;
}

}  // namespace joule::report

// SPDX-License-Identifier: MIT
#include "joule/bench/json.h"
#include "joule/bench/modelled_energy.h"
#include "joule/bench/steps/steps_report.h"
#include "joule/energy/json/values_json.h"
#include "joule/io/json_dump.h"

namespace joule::bench {
namespace {

using nlohmann::ordered_json;

ordered_json energies(const energy::Totals& step, std::int64_t batch) {
  ordered_json profiles;
  for (const energy::CostModel& model : energy::built_in_cost_models()) {
    const auto figure = [&](energy::Skipping skipping) {
      return energy::json_of(per_1000_images(model, step, skipping, batch));
    };
    profiles[model.name] = {{"none", figure(energy::Skipping::none)},
                            {"ideal", figure(energy::Skipping::ideal)},
                            {"executed", figure(energy::Skipping::executed)}};
  }
  return profiles;
}

/// Of one step; null for a side that does not count.
ordered_json counted(const std::optional<SideResult>& result, std::int64_t batch) {
  if (!result) return nullptr;
  const auto& [calls, work, tally] = result->work;
  return {{"relu_density", result->density},
          {"macs", work.macs},
          {"macs_skippable", tally.macs_skippable},
          {"macs_skipped", tally.macs_skipped},
          {"bytes_read", work.bytes_read},
          {"bytes_written", work.bytes_written},
          {"modelled_energy_per_1000_images", energies(result->work, batch)}};
}

ordered_json json_of(const NetReport& net, std::int64_t batch) {
  ordered_json sides = ordered_json::array(), omitted = ordered_json::array();
  for (const SideReport& side : net.sides) {
    sides.push_back({{"name", side.name},
                     {"way", side.way},
                     {"library", side.library},
                     {"images_per_second", json_of(side.images_per_second)},
                     {"peak_bytes", side.peak_bytes},
                     {"over_pytorch", json_or_null(side.over_pytorch)},
                     {"over_dense", json_or_null(side.over_dense)},
                     {"counted", counted(side.counted, batch)}});
  }
  for (const Omitted& o : net.omitted) {
    omitted.push_back({{"name", o.name}, {"reason", o.reason}});
  }
  return {{"model", net.spec.name},
          {"image", {net.spec.image.h, net.spec.image.w, net.spec.channels}},
          {"classes", net.spec.classes},
          {"weights", net.weights},
          {"data", net.data},
          {"sides", sides},
          {"omitted", omitted}};
}

}  // namespace

ordered_json json_of(const StepsReport& report) {
  ordered_json nets = ordered_json::array();
  for (const NetReport& net : report.nets) nets.push_back(json_of(net, report.batch));
  return {{"schema", {{"name", "joule.bench.steps"}, {"version", kStepsSchema}}},
          {"complete", report.complete},
          {"environment", json_of(report.environment)},
          {"options",
           {{"mode", report.train ? "train" : "infer"},
            {"device", report.device},
            {"precision", report.precision},
            {"algorithms", report.algorithms},
            {"batch", report.batch},
            {"steps", report.steps},
            {"rounds", report.rounds}}},
          {"nets", nets}};
}

std::string to_json(const StepsReport& report) { return dumped(json_of(report), 2) + "\n"; }

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#include "joule/measure/describe_profile.h"

#include <utility>

#include "joule/core/error.h"
#include "joule/energy/measurement.h"
#include "joule/energy/open_meters.h"

namespace joule::measure {
namespace {

std::vector<energy::MeterBeside> described_beside(const Profiled& of) {
  std::vector<energy::MeterBeside> all;
  for (std::size_t i = 0; i < of.run.beside.size(); ++i) {
    const energy::MeterInfo& info = of.beside[i]->info();
    const auto measured =
        energy::measure(info, of.run.beside[i], energy::no_idle_power("not asked for"));
    all.push_back({info, of.why[i], measured.gross});
  }
  return all;
}

/// What the meter was read for, in its order.
std::vector<energy::ProfileWindow> described_windows(const Profiled& of) {
  if (of.meter.unit == energy::Joules(0)) return {};  // it never had a reading
  std::vector<energy::ProfileWindow> all;
  if (!of.quiet.empty()) all.push_back({"idle, before", of.quiet.front().whole()});
  for (const energy::Piece& piece : of.run.pieces) {
    all.push_back({of.plan.mode == ProfileMode::layers ? "layer" : "step", piece.interval});
  }
  if (of.quiet.size() > 1) all.push_back({"idle, after", of.quiet[1].whole()});
  return all;
}

}  // namespace

energy::Attribution attributed_by(energy::Rule rule, const Profiled& of) {
  const ProfileRun& run = of.run;
  switch (rule) {
    case energy::Rule::model:
      return energy::attribute_by_model(of.meter, run.window, of.idle_power, run.lines, of.cost);
    case energy::Rule::regression:
      return energy::attribute_by_regression(of.meter, run.window, of.idle_power, run.lines,
                                             run.pieces);
    case energy::Rule::time:
      break;
  }
  return energy::attribute_by_time(of.meter, run.window, of.idle_power, run.lines);
}

energy::Profile describe(const Profiled& of, energy::Attribution attribution) {
  const ModelSpec& spec = of.subject.model.spec;
  energy::Profile profile{.model = spec.name,
                          .input = str(spec.image, "x", spec.channels),
                          .data = of.subject.images ? of.subject.images->name : "standard normal",
                          .mode = std::string(name_of(of.plan.mode)),
                          .batch = of.plan.batch,
                          .steps = of.plan.steps,
                          .warmup = of.plan.warmup,
                          .meter = of.meter,
                          .beside = described_beside(of),
                          .idle_power = of.idle_power.mean,
                          .cost = of.cost,
                          .lines = of.run.lines,
                          .attribution = std::move(attribution),
                          .environment = {},
                          .windows = described_windows(of)};
  for (const auto& source : energy::all_meters()) profile.sources.push_back(source->info());
  profile.notes = profile.attribution.whole.remarks;
  return profile;
}

}  // namespace joule::measure

// SPDX-License-Identifier: MIT
#include "joule/bench/conv/conv_report.h"
#include "joule/bench/json.h"
#include "joule/io/json_dump.h"

namespace joule::bench {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const CrossoverInterval& interval) {
  return {{"lower", json_or_null(interval.lower)}, {"upper", json_or_null(interval.upper)}};
}

ordered_json json_of(const Crossover& crossover) {
  constexpr const char* kNames[] = {"at_density", "always", "never", "several"};
  return {{"kind", kNames[static_cast<int>(crossover.kind)]},
          {"density", json_or_null(crossover.density)},
          {"interval", crossover.interval ? json_of(*crossover.interval) : ordered_json()},
          {"measured", crossover.measured},
          {"faster", crossover.faster}};
}

ordered_json name_or_null(const std::string& name) {
  return name.empty() ? ordered_json() : ordered_json(name);
}

ordered_json json_of(const ConvMeasurement& m) {
  return {{"name", m.name},
          {"kind", name(m.kind)},
          {"ran", m.ran},
          {"passed_over", name_or_null(m.passed_over)},
          {"seconds", bench::json_of(m.seconds)},
          {"dense_equivalent_flops", m.dense_equivalent_flops},
          {"macs_executed", json_or_null(m.macs_executed)},
          {"executed_flops", json_or_null(m.executed_flops)},
          {"share_of_peak", m.share_of_peak},
          {"share_of_bandwidth", m.share_of_bandwidth},
          {"speedup", json_or_null(m.speedup)},
          {"difference", m.difference}};
}

ordered_json json_of(const ConvPoint& point) {
  ordered_json measurements = ordered_json::array(), omitted = ordered_json::array();
  for (const ConvMeasurement& m : point.measurements) measurements.push_back(json_of(m));
  for (const Omitted& o : point.omitted) {
    omitted.push_back({{"name", o.name}, {"reason", o.reason}});
  }
  return {{"density", json_or_null(point.asked)},
          {"x_density", point.x_density},
          {"grad_y_density", point.grad_y_density},
          {"best_direct", name_or_null(point.best_direct)},
          {"fastest", name_or_null(point.fastest)},
          {"measurements", measurements},
          {"omitted", omitted}};
}

ordered_json json_of(const ConvProblem& p) {
  const auto pair = [](Size2 size) { return ordered_json{size.h, size.w}; };
  return {{"name", p.name},
          {"x", bench::json_of(p.x)},
          {"weight", bench::json_of(p.weight)},
          {"stride", pair(p.params.stride)},
          {"padding", pair(p.params.padding)},
          {"dilation", pair(p.params.dilation)},
          {"groups", p.params.groups}};
}

ordered_json json_of(const ConvCurve& curve) {
  ordered_json points = ordered_json::array(), crossovers = ordered_json::array();
  for (const ConvPoint& point : curve.points) points.push_back(json_of(point));
  for (const ConvCrossover& c : curve.crossovers) {
    crossovers.push_back({{"name", c.name},
                          {"direct", json_of(c.direct)},
                          {"automatic", c.automatic ? json_of(*c.automatic) : ordered_json()}});
  }
  return {{"problem", json_of(curve.problem)},
          {"pass", name(curve.pass)},
          {"zeros", curve.real ? "real" : "random"},
          {"macs", curve.work.macs},
          {"bytes_read", curve.work.bytes_read},
          {"bytes_written", curve.work.bytes_written},
          {"points", points},
          {"crossovers", crossovers}};
}

}  // namespace

ordered_json json_of(const ConvReport& report) {
  ordered_json curves = ordered_json::array();
  for (const ConvCurve& curve : report.curves) curves.push_back(json_of(curve));
  return {{"schema", {{"name", "joule.bench.conv"}, {"version", kConvSchema}}},
          {"environment", json_of(report.environment)},
          {"options",
           {{"batch", report.batch},
            {"rounds", report.rounds},
            {"precision", report.precision},
            {"algorithms", report.algorithms},
            {"model", json_or_null(report.model)},
            {"data", json_or_null(report.data)}}},
          {"roofline",
           {{"flops", json_of(report.flops)},
            {"bandwidth", json_of(report.bandwidth)},
            {"bandwidth_array_bytes", report.bandwidth_bytes},
            {"last_level_cache_bytes", report.cache_bytes}}},
          {"curves", curves}};
}

std::string to_json(const ConvReport& report) { return dumped(json_of(report), 2) + "\n"; }

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#include "joule/energy/scope/scope.h"

#include "joule/core/error.h"
#include "joule/energy/run_meters.h"

namespace joule::energy {
namespace {

constexpr const char* kRestOfTheMachine =
    "the rest of the machine (power supply, disks, network, fans)";

std::string source_text(const WindowSum& sum) {
  return sum.scope.empty() ? sum.meter : str(sum.meter, ", ", sum.scope);
}

Figure<Joules> counted_figure(bool sampled, Joules value, std::optional<Joules> width,
                              const std::string& from) {
  return sampled ? Figure<Joules>::sampled(value, width, from)
                 : Figure<Joules>::measured(value, width, from);
}

std::string joined(const std::vector<std::string>& texts, const char* between) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : between) + text;
  return all;
}

}  // namespace

Scope scope_of(std::span<const WindowSum> meters) {
  Scope scope;
  bool memory = true;
  for (const WindowSum& meter : meters) {
    const std::string source = source_text(meter);
    if (!meter.missing.empty()) {
      (meter.denied ? scope.denied : scope.lacks).push_back(str(source, " (", meter.missing, ")"));
    } else if (!meter.beside.empty()) {
      scope.lacks.push_back(str(source, " (", meter.beside, ")"));
    } else {
      scope.covers.push_back(source);
      scope.machine = scope.machine || meter.domain == Domain::machine;
      memory = memory && meter.scope.find("without DRAM") == std::string::npos;
    }
  }
  if (scope.covers.empty() || scope.machine) return scope;
  if (!memory) scope.lacks.emplace_back("the processors' memory (DRAM)");
  scope.lacks.emplace_back(kRestOfTheMachine);
  return scope;
}

std::vector<std::string> lines_of(const Scope& scope) {
  std::vector<std::string> lines;
  const auto add = [&](const char* what, const std::vector<std::string>& list) {
    if (!list.empty()) lines.push_back(str(what, ": ", joined(list, "; ")));
  };
  add("covers", scope.covers);
  add("lacks", scope.lacks);
  add("denied", scope.denied);
  return lines;
}

std::optional<Closure> closure(std::span<const MeterInfo> meters,
                               std::span<const Measurement> measured) {
  require(meters.size() == measured.size(), "closure: ", meters.size(), " meters and ",
          measured.size(), " measurements");
  const Measurement* wall = nullptr;
  Taken taken;
  Joules value;
  std::optional<Joules> width = Joules(0);
  bool sampled = false;
  std::vector<std::string> of;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const Figure<Joules>& gross = measured[i].gross;
    if (!gross.available() || meters[i].domain == Domain::unknown) continue;
    if (!taken.again(meters[i]).empty()) continue;
    taken.add(meters[i]);
    if (meters[i].domain == Domain::machine) {
      wall = &measured[i];
      continue;
    }
    value += gross.value();
    width =
        width && gross.uncertainty() ? std::optional(*width + *gross.uncertainty()) : std::nullopt;
    sampled = sampled || gross.quality() == Quality::sampled;
    of.push_back(gross.source());
  }
  if (!wall || of.empty()) return {};
  const Figure<Joules>& whole = wall->gross;
  const auto both =
      width && whole.uncertainty() ? std::optional(*width + *whole.uncertainty()) : std::nullopt;
  const Joules rest = whole.value() - value;
  const std::string from = joined(of, " + ");
  Closure result{.wall = whole,
                 .parts = counted_figure(sampled, value, width, from),
                 .rest = counted_figure(sampled || whole.quality() == Quality::sampled, rest, both,
                                        str(whole.source(), " - (", from, ")")),
                 .of = of};
  if (rest + both.value_or(Joules(0)) < Joules(0)) {
    result.remark = str("the parts counted more than the whole, by ", -rest,
                        ": one of the meters is wrong, or does not count what it is said to");
  }
  return result;
}

}  // namespace joule::energy

// SPDX-License-Identifier: MIT
#include "joule/energy/conformance/conformance.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "joule/core/error.h"
#include "joule/energy/conformance/simulation.h"
#include "joule/energy/measurement.h"
#include "joule/energy/open_meters.h"
#include "joule/energy/window.h"

namespace joule::energy {
namespace {

/// What the meters of the answer's domain counted together.
struct Sum {
  std::optional<Joules> value{};
  std::optional<Joules> width = Joules(0);
  std::string reason{};  // why there is no value
  Seconds duration{};    // of the window, as it was measured
  bool flagged = false;
};

void add(Sum& sum, const Measurement& m) {
  sum.flagged = sum.flagged || !m.remarks.empty();
  if (!m.gross.available()) {
    if (sum.reason.empty()) sum.reason = m.gross.reason();
    return;
  }
  sum.value = sum.value.value_or(Joules(0)) + m.gross.value();
  sum.duration = m.duration.value();
  const auto width = m.gross.uncertainty();
  sum.width = sum.width && width ? std::optional(*sum.width + *width) : std::nullopt;
}

/// Waits until a time of the simulation, and looks in as often as the meters ask for.
void wait_until(Simulation& simulation, const Meters& meters, double until_s) {
  while (simulation.now_s() < until_s) {
    Seconds step(until_s - simulation.now_s());
    for (const auto& meter : meters) {
      if (meter->info().sample_period) step = std::min(step, *meter->info().sample_period);
    }
    simulation.sleep_ns(std::max<std::int64_t>(1, std::llround(1e9 * step.value())));
    for (const auto& meter : meters) {
      if (meter->info().sample_period) meter->read(Purpose::background);
    }
  }
}

Sum measure_window(const Case& c) {
  Simulation simulation(c);
  const Meters meters = open_meters(simulation.selection(), simulation.machine());
  if (c.trace.empty() && simulation.now_s() > c.begin_s) {
    throw DataError(str(c.name, ": the meters were open only after ", simulation.now_s(),
                        " s: let the window begin later"));
  }
  wait_until(simulation, meters, c.begin_s);
  std::vector<std::unique_ptr<Window>> windows;
  for (const auto& meter : meters) windows.push_back(std::make_unique<Window>(*meter));
  wait_until(simulation, meters, c.end_s);
  Sum sum;
  std::string others;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const MeterInfo& info = meters[i]->info();
    const Measurement m = measure(info, windows[i]->close(), no_idle_power("not asked for"));
    if (info.domain == c.answer.of) {
      add(sum, m);
    } else if (info.status != Status::ok) {
      others += str(others.empty() ? "" : "; ", info.name, ": ", info.reason);
    }
  }
  if (!sum.value && sum.reason.empty()) {
    sum.reason = others.empty() ? str("no meter of the ", name(c.answer.of)) : others;
  }
  return sum;
}

std::string said(const Sum& sum) {
  if (!sum.reason.empty()) return "unavailable: " + sum.reason;
  return str(*sum.value, sum.width ? str(" +- ", *sum.width) : ", no interval",
             sum.flagged ? ", with a remark" : "");
}

std::string expected(const CaseAnswer& answer) {
  if (!answer.joules) return "unavailable";
  return str(Joules(*answer.joules), " within at most ", Joules(answer.widest_j),
             answer.may_be_unavailable ? ", or unavailable" : "",
             answer.must_flag ? ", or a remark that sources disagree" : "");
}

bool passes(const Sum& sum, const Case& c) {
  const CaseAnswer& answer = c.answer;
  if (!sum.reason.empty()) return answer.may_be_unavailable;
  if (!answer.joules) return false;
  if (answer.must_flag && !sum.flagged) return false;
  // A reading that had to be repeated makes the window longer or shorter.
  const double asked = c.trace.empty() ? c.end_s - c.begin_s : sum.duration.value();
  const double truth = *answer.joules * sum.duration.value() / asked;
  const double off = std::abs(sum.value->value() - truth);
  const double width = sum.width ? sum.width->value() : answer.widest_j;
  return off <= width && width <= answer.widest_j;
}

}  // namespace

Verdict run_case(const Case& c) {
  const Sum sum = measure_window(c);
  return {.name = c.name,
          .what = c.what,
          .passed = passes(sum, c),
          .got = said(sum),
          .expected = expected(c.answer)};
}

std::vector<Verdict> run_conformance(const std::string& folder) {
  std::vector<std::string> cases;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (std::filesystem::exists(entry.path() / "case.json")) cases.push_back(entry.path().string());
  }
  if (error) throw DataError(str(folder, ": cannot be opened: ", error.message()));
  if (cases.empty()) throw DataError(str(folder, ": has no folder with a case.json"));
  std::ranges::sort(cases);
  std::vector<Verdict> verdicts;
  for (const std::string& path : cases) verdicts.push_back(run_case(read_case(path)));
  return verdicts;
}

}  // namespace joule::energy

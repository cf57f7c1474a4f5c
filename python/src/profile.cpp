// SPDX-License-Identifier: MIT
#include "joule/energy/attribution/profile.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/run_meters.h"
#include "joule/measure/describe_profile.h"
#include "joule/measure/environment.h"
#include "joule/measure/profile_run.h"
#include "joule/measure/subject.h"
#include "joule/python/src/bindings.h"
#include "joule/training/config.h"

namespace joule::python {
namespace {

using namespace energy;  // NOLINT(google-build-using-namespace)

struct Options {
  std::string input, data, meter, rule, cost_model;
  std::optional<std::int64_t> classes;
  std::int64_t batch, steps, warmup;
  double idle;
  bool train;
  std::uint64_t seed;
};

Rule rule_of(const Options& o) {
  const int rule = choice("attribute", o.rule, {"time", "model", "regression"});
  require(!o.train || rule != 2,
          "attribute: regression needs steps that differ, and training steps are all alike");
  return rule == 0 ? Rule::time : rule == 1 ? Rule::model : Rule::regression;
}

void check(const Options& o) {
  training::require_count("batch", o.batch, training::kMaxBatch);
  training::require_count("steps", o.steps, training::kMaxSteps);
  require(o.warmup >= 0 && o.warmup <= training::kMaxSteps, "warmup: expected 0 to ",
          training::kMaxSteps, ", got ", o.warmup);
  require(o.idle >= 0 && o.idle <= 3600, "idle: expected 0 to 3600 seconds, got ", o.idle);
}

measure::Subject open(const std::string& path, const Options& o) {
  return measure::load_subject({.model = path,
                                .input = o.input,
                                .data = o.data,
                                .classes = o.classes,
                                .seed = o.seed,
                                .synthetic = o.data.empty() && !o.input.empty(),
                                .synthetic_option = "input and classes",
                                .synthetic_without_data = true});
}

/// A copy, as the caller's net stays what it is.
measure::Subject copied(training::Model& net, const Options& o) {
  require(o.input.empty() && !o.classes, "profile: input and classes are the net's own, ",
          net.spec.image, "x", net.spec.channels, " and ", net.spec.classes);
  measure::Subject subject{copy_of(net), {}};
  if (!o.data.empty()) subject.images = subject.model.load_data(o.data).test;
  manual_seed(o.seed);  // of normal images
  return subject;
}

/// The report of `joule profile --json`, or nothing if it was stopped.
std::optional<std::string> report(measure::Subject subject, const Options& o,
                                  const std::function<bool()>& stop) {
  const Rule rule = rule_of(o);
  const CostModel cost = load_cost_model(o.cost_model);
  RunMeters meters = open_run_meters(o.meter, {.device = Device::cpu});
  // On the CPU one meter is in the sum, the first one.
  Meter& meter = *meters.meters.front();
  std::vector<Meter*> beside;
  for (std::size_t i = 1; i < meters.meters.size(); ++i) beside.push_back(meters.meters[i].get());

  std::vector<Quiet> quiet;
  const auto measure_idle = [&] {
    if (o.idle > 0 && meter.available()) {
      quiet.push_back(watch_idle(meter, Seconds(o.idle), stop));
    }
  };
  const measure::ProfileMode mode = o.train                    ? measure::ProfileMode::training
                                    : rule == Rule::regression ? measure::ProfileMode::layers
                                                               : measure::ProfileMode::forward;
  measure::require_as_recorded(meter.info(), o.meter,
                               measure::ran_text(mode, false, o.steps, o.batch));
  measure_idle();
  const measure::ProfilePlan plan{
      .mode = mode, .batch = o.batch, .steps = o.steps, .warmup = o.warmup, .stop = stop};
  const auto done = measure::run_profile(subject, plan, meter, beside, nullptr);
  if (!done || stop()) return {};
  measure_idle();

  const IdlePower idle = o.idle > 0 ? measured_idle_power(meter.info(), quiet)
                                    : no_idle_power("it was not asked for (idle=0)");
  const measure::Profiled of{.subject = subject,
                             .plan = plan,
                             .run = *done,
                             .meter = meter.info(),
                             .beside = beside,
                             .why = std::span(meters.beside).subspan(1),
                             .quiet = quiet,
                             .idle_power = idle,
                             .cost = cost};
  Profile profile = measure::describe(of, measure::attributed_by(rule, of));
  profile.environment = facts(measure::environment());
  return to_json(profile);
}

std::string profile(nb::handle net, Options o) {
  check(o);
  training::Model* const given =
      nb::isinstance<training::Model>(net) ? nb::cast<training::Model*>(net) : nullptr;
  const std::string path = given ? "" : nb::cast<std::string>(net);
  return *interruptible(
      [&](const auto& stop) { return report(given ? copied(*given, o) : open(path, o), o, stop); });
}

}  // namespace

void bind_profile(nb::module_& m) {
  m.def(
      "profile_json",
      [](nb::handle net, std::string input, std::string data, std::optional<std::int64_t> classes,
         std::int64_t batch, std::int64_t steps, std::int64_t warmup, bool train, std::string meter,
         double idle, std::string attribute, std::string cost_model, std::uint64_t seed) {
        return profile(net,
                       {std::move(input), std::move(data), std::move(meter), std::move(attribute),
                        std::move(cost_model), classes, batch, steps, warmup, idle, train, seed});
      },
      nb::arg("net"), nb::kw_only(), nb::arg("input"), nb::arg("data"), nb::arg("classes").none(),
      nb::arg("batch"), nb::arg("steps"), nb::arg("warmup"), nb::arg("train"), nb::arg("meter"),
      nb::arg("idle"), nb::arg("attribute"), nb::arg("cost_model"), nb::arg("seed"));
}

}  // namespace joule::python

// SPDX-License-Identifier: MIT
#include "joule/report/compare/quantities.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "joule/energy/models/cost_model.h"

namespace joule::report {
namespace {

using energy::Figure;
using energy::Joules;
using training::EpochMetrics;

Amount of_validation(const std::optional<double>& value, double factor) {
  if (!value) return {.reason = "no images were held back (--validation 0)"};
  return {.value = factor * *value};
}

Amount nonzero(const Standing& s) {
  const EpochMetrics& last = *s.last;
  if (last.relu_outputs == 0) return {.reason = "the net has no ReLU"};
  return {.value = 100 * static_cast<double>(last.relu_outputs_nonzero) /
                   static_cast<double>(last.relu_outputs)};
}

/// A share of the MACs of a pass over the test images, after the last epoch.
Amount share_of_macs(const Standing& s, std::int64_t (*part)(const energy::Totals&)) {
  const energy::Totals& work = s.last->energy.evaluation.work;
  if (work.work.macs == 0) return {.reason = "no MACs of testing are recorded"};
  return {.value = 100 * static_cast<double>(part(work)) / static_cast<double>(work.work.macs)};
}

Amount skippable_macs(const Standing& s) {
  return share_of_macs(s, [](const energy::Totals& w) { return w.tally.macs_skippable; });
}

Amount executed_macs(const Standing& s) {
  return share_of_macs(s,
                       [](const energy::Totals& w) { return w.work.macs - w.tally.macs_skipped; });
}

Amount testing_energy(const Standing& s) {
  if (s.last->energy.evaluation.work.calls == 0) return {.reason = "no testing is recorded"};
  return amount_of(training::modelled(s.last->energy.evaluation, energy::horowitz45()),
                   Quality::modelled);
}

Amount measured_energy(const Standing& s) {
  return amount_of(training::measured(s.energy).gross, Quality::measured);
}

Amount sampled_energy(const Standing& s) {
  return amount_of(training::measured(s.energy).gross, Quality::sampled);
}

Amount modelled_energy(const Standing& s) {
  return amount_of(training::modelled(s.energy, energy::horowitz45()), Quality::modelled);
}

std::vector<Quantity> make_quantities() {
  return {
      {.key = "test_accuracy",
       .name = "test accuracy",
       .unit = "%",
       .of = [](const Standing& s) { return Amount{.value = 100 * s.last->test_accuracy}; }},
      {.key = "validation_accuracy",
       .name = "validation accuracy",
       .unit = "%",
       .of = [](const Standing& s) { return of_validation(s.last->validation_accuracy, 100); }},
      {.key = "train_loss",
       .name = "training loss",
       .of = [](const Standing& s) { return Amount{.value = s.last->train_loss}; }},
      {.key = "validation_loss",
       .name = "validation loss",
       .of = [](const Standing& s) { return of_validation(s.last->validation_loss, 1); }},
      {.key = "test_loss",
       .name = "test loss",
       .of = [](const Standing& s) { return Amount{.value = s.last->test_loss}; }},
      {.key = "nonzero_activations", .name = "non-zero activations", .unit = "%", .of = nonzero},
      {.key = "macs_skippable",
       .name = "MACs with a zero, testing",
       .unit = "%",
       .of = skippable_macs},
      {.key = "macs_executed",
       .name = "MACs executed, testing",
       .unit = "%",
       .of_machine = true,
       .of = executed_macs},
      {.key = "training_seconds",
       .name = "time of the training steps",
       .unit = "s",
       .of_machine = true,
       .of = [](const Standing& s) { return Amount{.value = s.seconds}; }},
      {.key = "measured_energy",
       .name = "energy (measured, gross)",
       .unit = "J",
       .quality = "measured",
       .of_machine = true,
       .of = measured_energy},
      {.key = "sampled_energy",
       .name = "energy (sampled, gross)",
       .unit = "J",
       .quality = "sampled",
       .of_machine = true,
       .of = sampled_energy},
      {.key = "modelled_energy",
       .name = "energy (modelled, horowitz45)",
       .unit = "J",
       .quality = "modelled",
       .of = modelled_energy},
      {.key = "testing_energy",
       .name = "testing energy (modelled, horowitz45)",
       .unit = "J",
       .quality = "modelled",
       .of = testing_energy},
  };
}

}  // namespace

void Standing::add(const EpochMetrics& epoch) {
  last = &epoch;
  seconds += epoch.seconds;
  energy += whole(epoch.energy);
}

Amount amount_of(const Figure<Joules>& figure, energy::Quality quality) {
  if (!figure.available()) return {.source = figure.source(), .reason = figure.reason()};
  if (figure.quality() != quality) {
    return {.source = figure.source(),
            .reason = str("is ", name(figure.quality()), ", not ", name(quality))};
  }
  Amount amount{.value = figure.value().value(), .source = figure.source()};
  if (const auto width = figure.uncertainty()) amount.half_width = width->value();
  return amount;
}

Amount amount_of(const Quantity& quantity, std::span<const EpochMetrics> epochs) {
  Standing standing;
  for (const EpochMetrics& epoch : epochs) standing.add(epoch);
  return quantity.of(standing);
}

std::span<const Quantity> quantities() {
  static const std::vector<Quantity> all = make_quantities();
  return all;
}

std::size_t quantity_of(std::string_view key) {
  const auto found = std::ranges::find(quantities(), key, &Quantity::key);
  require(found != quantities().end(), "compare: there is no quantity ", key);
  return static_cast<std::size_t>(found - quantities().begin());
}

std::string shown(const Quantity& quantity, double value, bool sign) {
  const std::string plus = sign && value >= 0 ? "+" : "";
  if (quantity.unit == "J") return plus + str(Joules(value));
  if (quantity.unit == "s") return plus + str(energy::Seconds(value));
  if (quantity.unit == "%") return plus + fmt::format("{:.2f} {}", value, sign ? "points" : "%");
  return plus + fmt::format("{:.4g}", value);
}

}  // namespace joule::report

// SPDX-License-Identifier: MIT
#include "joule/training/run/choice.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/training/energy/energy_json.h"
#include "joule/training/run/summary_json.h"

namespace joule::training {
namespace {

constexpr double kPoint = 0.01;
constexpr double kRounding = 1e-12;  // of 0.92 - 0.01, which is not 0.91
constexpr const char* kNoValidation = "no images were held back to choose by (--validation)";

const EpochMetrics& epoch_of(std::span<const EpochMetrics> epochs, std::int64_t number) {
  return *std::ranges::find(epochs, number, &EpochMetrics::epoch);
}

ordered_json json_of(const Reached& reached) {
  return {{"epoch", reached.epoch},
          {"validation_accuracy", reached.validation_accuracy},
          {"energy", training::json_of(reached.spent)}};
}

ordered_json json_of(std::span<const EpochMetrics> epochs, const EpochFigures& spent) {
  ordered_json front = ordered_json::array(), within;
  for (const Reached& reached : accuracy_front(epochs, spent)) front.push_back(json_of(reached));
  if (const auto first = first_within_a_point(epochs, spent)) within = json_of(*first);
  return {{"front", front}, {"within_a_point_of_best", within}};
}

}  // namespace

std::optional<std::int64_t> best_epoch(std::span<const EpochMetrics> epochs) {
  const EpochMetrics* best = nullptr;
  for (const EpochMetrics& m : epochs) {
    if (!m.validation_accuracy) return {};
    require(std::isfinite(*m.validation_accuracy), "best epoch: the validation accuracy of epoch ",
            m.epoch, " is ", *m.validation_accuracy);
    if (!best || *m.validation_accuracy > *best->validation_accuracy) best = &m;
  }
  if (!best) return {};
  return best->epoch;
}

std::vector<Reached> accuracy_front(std::span<const EpochMetrics> epochs,
                                    const EpochFigures& spent) {
  std::vector<Reached> front;
  if (!best_epoch(epochs)) return front;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    const double accuracy = *epochs[i].validation_accuracy;
    if (!spent[i].available()) continue;
    if (!front.empty() && accuracy <= front.back().validation_accuracy) continue;
    // What was spent never falls, so only an epoch that cost nothing can dominate an earlier one.
    while (!front.empty() && front.back().spent.value() >= spent[i].value()) front.pop_back();
    front.push_back({epochs[i].epoch, accuracy, spent[i]});
  }
  return front;
}

std::optional<Reached> first_within_a_point(std::span<const EpochMetrics> epochs,
                                            const EpochFigures& spent) {
  const auto best = best_epoch(epochs);
  if (!best) return {};
  const double enough = *epoch_of(epochs, *best).validation_accuracy - kPoint - kRounding;
  std::size_t i = 0;
  while (*epochs[i].validation_accuracy < enough) ++i;
  return Reached{epochs[i].epoch, *epochs[i].validation_accuracy, spent[i]};
}

std::string choice_line(std::span<const EpochMetrics> epochs) {
  const auto best = best_epoch(epochs);
  if (!best) return str("no best epoch: ", kNoValidation);
  auto reached = first_within_a_point(epochs, spent_until(epochs));
  if (!reached->spent.available()) {
    reached = first_within_a_point(epochs, spent_until(epochs, energy::horowitz45()));
  }
  const double percent = 100 * *epoch_of(epochs, *best).validation_accuracy;
  return str("within 1 point of the best (", std::round(100 * percent) / 100,
             " % of the validation images, epoch ", *best, "): after epoch ", reached->epoch,
             " and ", reached->spent);
}

ordered_json choice_json(std::span<const EpochMetrics> epochs) {
  ordered_json json{{"best_epoch", nullptr}, {"accuracy_over_energy", nullptr}};
  const auto best = best_epoch(epochs);
  if (!best) {
    json["best_epoch_reason"] = kNoValidation;
    return json;
  }
  const EpochMetrics& m = epoch_of(epochs, *best);
  json["best_epoch"] = {{"epoch", m.epoch},
                        {"validation_accuracy", *m.validation_accuracy},
                        {"validation_loss", *m.validation_loss},
                        {"test_accuracy", m.test_accuracy}};
  ordered_json& over_energy = json["accuracy_over_energy"];
  over_energy["measured"] = json_of(epochs, spent_until(epochs));
  for (const energy::CostModel& profile : energy::built_in_cost_models()) {
    over_energy["modelled"][profile.name] = json_of(epochs, spent_until(epochs, profile));
  }
  return json;
}

}  // namespace joule::training

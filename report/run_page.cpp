// SPDX-License-Identifier: MIT
#include "joule/report/run_page.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/energy/models/cost_model.h"
#include "joule/energy/scope/scope.h"
#include "joule/report/run_charts.h"
#include "joule/training/config_fields.h"
#include "joule/training/config_json.h"
#include "joule/training/lambda_control.h"
#include "joule/training/run/choice.h"
#include "joule/training/run/history.h"
#include "joule/training/run/summary_json.h"

namespace joule::report {
namespace {

using energy::Joules;
using energy::Seconds;
using nlohmann::ordered_json;
using training::EpochFigures;
using training::EpochMetrics;

void add_energy(Page& page, const TrainingRun& run) {
  page.add(energy_charts(run));
  const EpochFigures measured = measured_spending(run).epochs;
  for (std::size_t i = 1; i < measured.size(); ++i) {
    if (measured[i].available() || !measured[i - 1].available()) continue;
    page.warning(fmt::format("From epoch {} on measured energy is unavailable: {}",
                             run.energy.epochs[i].epoch, measured[i].reason()));
  }
}

/// What was foreseen after each epoch, and what it came to.
void add_prediction(Page& page, const TrainingRun& run) {
  const Spending spent = spending(run);
  const std::vector<training::Prediction> predictions =
      training::predictions(run.energy.epochs, spent.epochs, spent.source, run.config.epochs);
  if (predictions.empty()) return;
  constexpr std::size_t kFew = 4;  // the line says what a chart of fewer points would
  const training::Prediction& last = predictions.back();
  const std::string outcome =
      run.result ? fmt::format(" It came to {}{}.", str(sum_of(spent.epochs)),
                               predictions.size() >= kFew
                                   ? ", where the rule is. A bar at the edge of the chart goes on"
                                   : "")
                 : "";
  page.heading("Prediction and outcome");
  page.paragraph(fmt::format("After epoch {}: {} for all {} epochs ({}).{}", last.after_epoch,
                             training::amount(last, " ± "), last.epochs, spent.what, outcome));
  if (predictions.size() >= kFew) page.add(prediction_chart(predictions, spent, run));
}

void add_power(Page& page, const TrainingRun& run) {
  const LineChart chart = power_chart(run);
  if (chart.lines.empty()) return;
  page.heading("Power over time");
  page.paragraph(
      "Each line is the difference of two readings over its time. The windows follow on each "
      "other, "
      "but for what was written between the epochs, and interruptions.");
  page.add(chart);
}

std::vector<Card> result_cards(const TrainingRun& run) {
  const std::vector<EpochMetrics>& epochs = run.energy.epochs;
  const EpochMetrics& last = epochs.back();
  double seconds = 0;
  for (const EpochMetrics& m : epochs) seconds += m.seconds;
  std::vector<Card> cards{
      {.name = "Test accuracy",
       .value = fmt::format("{:.2f} %", 100 * last.test_accuracy),
       .note = fmt::format("after epoch {}, the last", last.epoch)},
      {.name = "Test loss", .value = fmt::format("{:.4g}", last.test_loss)},
      {.name = "Time of the training steps",
       .value = str(Seconds(seconds)),
       .note = fmt::format("{:.4g} images/s in the last epoch", last.images_per_second)}};
  if (const auto best = best_epoch(epochs)) {
    const EpochMetrics& m = *std::ranges::find(epochs, *best, &EpochMetrics::epoch);
    cards.push_back({.name = "Best epoch",
                     .value = std::to_string(*best),
                     .note = fmt::format("by the validation accuracy, {:.2f} %; the test accuracy "
                                         "was {:.2f} % then",
                                         100 * *m.validation_accuracy, 100 * m.test_accuracy)});
  } else {
    cards.push_back({.name = "Best epoch",
                     .value = "—",
                     .note = "no images were held back to choose by (--validation)"});
  }
  if (last.ranks) {
    cards.push_back(
        {.name = "Processes",
         .value = std::to_string(last.ranks->count),
         .note = fmt::format("on {} machine(s); {:.3g} % of the last epoch's steps were "
                             "communication, {:.4g} MB",
                             last.ranks->hosts, 100 * last.ranks->seconds_mean / last.seconds,
                             static_cast<double>(last.ranks->bytes) / 1e6)});
  }
  if (last.relu_outputs > 0) {
    cards.push_back({.name = "Non-zero activations",
                     .value = fmt::format("{:.3g} %", density(last)),
                     .note = "of the ReLUs' outputs on the test images"});
  }
  return cards;
}

std::vector<Card> energy_cards(const TrainingRun& run) {
  const training::PartEnergy all = whole(total_energy(run.energy.epochs));
  const energy::EnergySplit split = measured(all);
  std::vector<Card> cards{card("Gross energy of all epochs", split.gross)};
  if (split.gross.available()) {
    cards.push_back(card("Idle energy", split.idle));
    cards.push_back(card("Dynamic energy: gross - idle", split.dynamic));
  } else {
    cards.front().note = none_can_be_read(run.sources) ? "the table of sources says why"
                                                       : "why, and what to do, is said above";
  }
  cards.push_back(card("Modelled energy of all epochs", modelled(all, energy::horowitz45())));
  const std::vector<EpochMetrics>& epochs = run.energy.epochs;
  // A run that goes on keeps so many epochs; at its end it has all.
  const bool all_known = training::count_epochs(epochs) == std::ssize(epochs);
  for (const auto& spent : {spent_until(epochs), spent_until(epochs, energy::horowitz45())}) {
    const auto reached = first_within_a_point(epochs, spent);
    if (!reached || !reached->spent.available()) continue;
    cards.push_back(card("Energy until within 1 point of the best", reached->spent));
    cards.back().note =
        fmt::format("after epoch {}{}, at {:.2f} % of the validation images; {}", reached->epoch,
                    all_known ? "" : ", the first of those that are shown",
                    100 * reached->validation_accuracy, cards.back().note);
  }
  const auto& [intensity, pue] = run.energy.footprint;
  const bool machine = energy::scope_of(all.measured).machine;
  const char* const part = machine ? "" : ", of what the sum covers alone";
  if (intensity && split.gross.available()) {
    cards.push_back(
        {.name = "Carbon",
         .value =
             fmt::format("{:.4g} g CO2e", training::grams_co2(split.gross.value(), *intensity)),
         .note = fmt::format("gross energy at the stated {:.4g} g/kWh{}", *intensity, part)});
  }
  if (pue && split.gross.available()) {
    cards.push_back(
        {.name = machine ? "With the building" : "Its share of the building",
         .value = str(split.gross.value() * *pue),
         .note = fmt::format("gross energy at the stated PUE of {:.4g}{}", *pue, part)});
  }
  return cards;
}

/// What the sum is of, and what other meters counted meanwhile.
std::vector<std::string> scope_of_the_sum(const TrainingRun& run) {
  const training::PartEnergy all = whole(total_energy(run.energy.epochs));
  std::vector<std::string> lines;
  if (measured(all).gross.available()) {
    for (const std::string& line : energy::lines_of(energy::scope_of(all.measured))) {
      lines.push_back("The measured sum " + line + ".");
    }
  }
  for (const energy::WindowSum& meter : all.measured) {
    if (meter.beside.empty()) continue;
    lines.push_back(str("Not in the sum: ", energy::measure(meter).gross, ": ", meter.beside, "."));
  }
  return lines;
}

Table epoch_table(const TrainingRun& run) {
  const bool all = training::count_epochs(run.energy.epochs) == std::ssize(run.energy.epochs);
  Table table{
      .caption = all ? "Every epoch" : "Epochs; energies are sums",
      .head = {"epoch", "training loss", "L0 penalty", "test loss", "training accuracy",
               "test accuracy", "validation loss", "validation accuracy", "non-zero activations",
               "images/s", "measured, gross", "modelled, horowitz45"}};
  const EpochFigures by_meter = measured_spending(run).epochs;
  const EpochFigures by_model = modelled_spending(run).epochs;
  for (std::size_t i = 0; i < run.energy.epochs.size(); ++i) {
    const EpochMetrics& m = run.energy.epochs[i];
    table.rows.push_back(
        {label(m), fmt::format("{:.4g}", m.train_loss), fmt::format("{:.4g}", m.l0_penalty),
         fmt::format("{:.4g}", m.test_loss), percent(m.train_accuracy), percent(m.test_accuracy),
         m.validation_loss ? fmt::format("{:.4g}", *m.validation_loss) : "",
         m.validation_accuracy ? percent(*m.validation_accuracy) : "",
         m.relu_outputs > 0 ? fmt::format("{:.3g} %", density(m)) : "",
         fmt::format("{:.4g}", m.images_per_second), text(by_meter[i]), text(by_model[i])});
  }
  return table;
}

void say_unavailable(Page& page, const TrainingRun& run) {
  const auto gross = measured(whole(total_energy(run.energy.epochs))).gross;
  if (gross.available()) return;
  if (none_can_be_read(run.sources)) {
    page.warning(kSeeSources);
    return;
  }
  std::string remedies;
  for (const RunMeter& meter : run.meters) {
    if (meter.beside.empty() && !meter.info.remedy.empty())
      remedies += " What to do: " + meter.info.remedy + ".";
  }
  page.warning(fmt::format("Measured energy is unavailable ({}: {}).{}{}", gross.source(),
                           gross.reason(), remedies,
                           run.sources.empty() ? "" : " The table at the end has every source."));
}

void say_thinned(Page& page, const TrainingRun& run) {
  const std::int64_t done = training::count_epochs(run.energy.epochs);
  const auto shown = std::ssize(run.energy.epochs);
  if (shown == done) return;
  page.paragraph(fmt::format(
      "Of the {} epochs, {} are shown, among them the first, the last, and the best and the worst "
      "of everything. Energy and time of those between are in the one behind them: bars and powers "
      "are means, sums are of all epochs. metrics.jsonl has every epoch.",
      done, shown));
}

void say_state(Page& page, const TrainingRun& run) {
  const std::int64_t done = training::count_epochs(run.energy.epochs);
  if (!run.result) {
    page.warning(fmt::format("{} of {} epochs are complete: the run goes on, or was stopped.", done,
                             run.config.epochs));
  }
  constexpr std::ptrdiff_t kMostLosses = 8;
  const auto& lost = run.energy.lost_after;
  const auto more = std::max<std::ptrdiff_t>(std::ssize(lost) - kMostLosses, 0);
  if (more > 0)
    page.warning(fmt::format("Before those that follow, {} parts were lost, too.", more));
  for (auto at = std::next(lost.begin(), more); at != lost.end(); ++at) {
    page.warning(fmt::format(
        "What was spent after epoch {} and then lost, at a kill or error, is in no figure.", *at));
  }
}

/// The trained net on the test images.
void add_net(Page& page, const training::RunResult& result) {
  BarChart chart{.title = "Density of the ReLUs",
                 .value_title = "outputs that are not 0, %",
                 .groups = {{.name = "test images", .color = 6}},
                 .lying = true};
  Table table{.caption = "Every ReLU", .head = {"layer", "outputs", "not 0", "density"}};
  table.folded = true;
  for (const training::LayerDensity& relu : result.evaluation.relus) {
    chart.categories.push_back(relu.layer);
    chart.groups[0].values.emplace_back(100 * relu.density());
    table.rows.push_back(
        {relu.layer, count(relu.values), count(relu.nonzeros), percent(relu.density())});
  }
  page.heading("The trained net");
  const energy::Totals work = total_work(result.evaluation);
  const energy::CostModel& model = energy::horowitz45();
  const auto modelled = [&](const char* name, energy::Skipping skipping) {
    return card(name, model.energy(work, skipping));
  };
  const Joules whole = model.energy(work, energy::Skipping::none).value();
  const Joules saved = whole - model.energy(work, energy::Skipping::executed).value();
  page.paragraph(fmt::format("{} parameters; the forward pass of the {} test images:",
                             count(result.parameters), result.evaluation.images));
  page.add(std::vector<Card>{
      {.name = "MACs",
       .value = count(work.work.macs),
       .note = fmt::format("{} had a zero operand; {} were skipped",
                           count(work.tally.macs_skippable), count(work.tally.macs_skipped))},
      modelled("Modelled energy, as executed", energy::Skipping::executed),
      modelled("Modelled, had nothing been skipped", energy::Skipping::none),
      modelled("Modelled, had every counted zero been skipped", energy::Skipping::ideal),
      {.name = "What skipping saved",
       .value = whole > Joules(0) ? fmt::format("{:.3g} %", 100 * (saved / whole)) : "—",
       .badge = "modelled",
       .note = "of the energy that the same pass would take without skipping"}});
  if (!chart.categories.empty()) page.add(chart).add(table);
}

void add_environment(Page& page, const TrainingRun& run) {
  page.heading("Options and environment");
  Pairs options;
  for (const training::ConfigField& field : training::config_fields()) {
    if (field.document && run.config.net.empty()) continue;  // "model" says it all
    options.emplace_back(field.name,
                         field.text(run.config) + (field.unit.empty() ? "" : " " + field.unit));
  }
  Table table = table_of("Every option", options);
  table.folded = true;
  page.add(table);
  for (const RunMeter& meter : run.meters) {
    Pairs pairs = facts(meter.info);
    pairs.emplace_back("in the sum", meter.beside.empty() ? "yes" : "no: " + meter.beside);
    pairs.emplace_back("idle power", meter.idle_power.available()
                                         ? text(meter.idle_power)
                                         : "unavailable: " + meter.idle_power.reason());
    page.add(table_of("The meter", pairs));
  }
  if (!run.environment.empty()) page.add(table_of("Machine and program", run.environment));
  if (!run.sources.empty()) page.add(table_of(run.sources));
}

ordered_json data_of(const TrainingRun& run) {
  ordered_json data;
  data["config"] = json_of(run.config);
  data["epochs"] = ordered_json::array();
  for (const training::EpochMetrics& epoch : run.energy.epochs) {
    data["epochs"].push_back(json_of(epoch));
  }
  data["energy"] = json_of(run.energy);
  data["environment"] = ordered_json::object();
  for (const auto& [what, is] : run.environment) data["environment"][what] = is;
  return data;
}

std::string penalty_of(const training::Config& c) {
  if (const auto target = control_target(c)) {
    return fmt::format(", L0 penalty steered to {} {}", name(target->what), target->value);
  }
  return c.l0_lambda > 0 ? fmt::format(", L0 penalty of {}", c.l0_lambda) : "";
}

}  // namespace

std::string to_html(const TrainingRun& whole) {
  TrainingRun run = whole;
  run.energy.epochs = training::thinned(whole.energy.epochs);
  const training::Config& c = run.config;
  Page page(fmt::format("Training of {} on {}", c.model, c.data),
            fmt::format("{} epochs, batches of {}, {} with a learning rate of {}{}; seed {}",
                        c.epochs, c.batch, c.optimizer, c.lr, penalty_of(c), c.seed));
  say_state(page, run);
  if (run.energy.epochs.empty()) {
    page.paragraph("No epoch is complete yet.");
    add_environment(page, run);
    return page.data(data_of(run)).html();
  }
  say_unavailable(page, run);
  say_thinned(page, run);
  std::vector<Card> cards = result_cards(whole);
  std::ranges::move(energy_cards(whole), std::back_inserter(cards));
  page.heading("Result").add(cards);
  page.list(scope_of_the_sum(run));
  page.heading("Accuracy and energy").add(accuracy_charts(run));
  add_energy(page, run);
  add_prediction(page, run);
  add_power(page, run);
  page.heading("Epochs").add(learning_charts(run)).add(epoch_table(run));
  if (run.result) add_net(page, *run.result);
  add_environment(page, run);
  return page.data(data_of(run)).html();
}

}  // namespace joule::report

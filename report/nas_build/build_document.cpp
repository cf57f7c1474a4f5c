// SPDX-License-Identifier: MIT
#include "joule/report/nas_build/build_document.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "joule/report/study_values.h"
#include "joule/search/statistics/rank_tests.h"
#include "joule/study/nas_build/build_study.h"
#include "joule/study/training_trial.h"

namespace joule::report {
namespace {

using study::BuildFront;
using study::BuildResults;
using study::BuiltCell;
using study::ChosenOn;
using study::Over;
using study::Quality;

std::string held_back_accuracy() {
  return study::trained::named(study::trained::kAccuracy, ChosenOn::validation);
}
std::string tested_accuracy() {
  return study::trained::named(study::trained::kAccuracy, ChosenOn::test);
}

const Over* energy_of(const BuildResults& results, const BuiltCell& built) {
  return built.find(study::nas_build::kTrainingEnergy, results.energy);
}

std::string energy_label(const BuildResults& results) {
  return str("training energy, ", name(results.energy),
             results.energy == Quality::modelled ? " (horowitz45)" : "");
}

std::string plural(std::int64_t n, const std::string& one) {
  return str(n, " ", one, n == 1 ? "" : "s");
}

std::string build_lead(const BuildResults& results) {
  const study::BuildConfig& c = results.config;
  return str(
      "All ", results.cells.size(), " cells with at most ", c.space.vertices, " vertices and ",
      c.space.edges, " edges, each trained on ", c.training.data,
      c.training.limit > 0 ? str(", ", c.training.limit, " images of each half at most") : "", ", ",
      plural(c.seeds, "seed"), "; ", plural(c.skeleton.stacks, "stack"), " of ",
      plural(c.skeleton.cells, "cell"), ", ", c.skeleton.channels, " channels, preset ", c.preset,
      ".");
}

void add_build_warnings(Document& document, const BuildResults& results) {
  if (!results.finished) {
    document.parts.emplace_back(
        Warning{"The study is not finished: what follows is of the trials that are complete. The "
                "same command goes on with it."});
  }
  std::vector<std::string> failures;
  for (const BuiltCell& built : results.built) {
    for (const std::string& error : built.errors) {
      failures.push_back(str(to_text(results.cells[built.cell].cell), ", ",
                             plural(built.epochs, "epoch"), ": ", error));
    }
  }
  if (!failures.empty()) {
    document.parts.emplace_back(Warning{"Trials failed. Their cells are not on the front:"});
    document.parts.emplace_back(Items{failures});
  }
  if (results.energy == Quality::modelled) {
    document.parts.emplace_back(
        Warning{"No meter could be read: joules are modelled, counts times constants. Nothing of "
                "them was measured; times were."});
  }
  if (results.config.seeds == 1) {
    document.parts.emplace_back(
        Warning{"One seed: no figure has an interval, and no two cells are told apart."});
  }
}

Picture<LineChart> scatter_of(const BuildResults& results, const BuildFront& front) {
  LineChart chart{.title = str("Accuracy over energy, ", plural(front.epochs, "epoch")),
                  .x_title = energy_label(results) + ", J",
                  .y_title = held_back_accuracy() + ", %",
                  .log_x = true};
  std::map<int, Line> by_vertices;
  for (const BuiltCell& built : results.built) {
    const Over* const x = energy_of(results, built);
    const Over* const y = built.find(held_back_accuracy(), Quality::counted);
    if (built.epochs != front.epochs || !x || !y) continue;
    const int vertices = results.cells[built.cell].cell.vertices();
    Line& line = by_vertices[vertices];
    line.name = str(vertices, " vertices");
    const auto [least, most] = std::ranges::minmax(y->numbers);
    line.points.push_back(
        {.x = x->mean().mean, .y = y->mean().mean, .low = least, .high = most, .apart = true});
  }
  for (auto& [vertices, line] : by_vertices) chart.lines.push_back(std::move(line));
  Line best{.name = "front", .points = {}, .dashed = true, .marks = false};
  for (const std::size_t i : front.built) {
    const double y = results.built[i].find(held_back_accuracy(), Quality::counted)->mean().mean;
    best.points.push_back(
        {.x = energy_of(results, results.built[i])->mean().mean, .y = y, .low = y, .high = y});
  }
  chart.lines.push_back(std::move(best));
  return {str("front-", front.epochs),
          "Each point is a cell, in the mean over the seeds; bars: from the least accurate seed to "
          "the most accurate. The dashed line joins what no other cell beats.",
          std::move(chart)};
}

Table front_table(const BuildResults& results, const BuildFront& front) {
  Table table{
      .caption = str("The front, ", plural(front.epochs, "epoch")),
      .head = {"cell", "parameters", "MACs per image", held_back_accuracy() + ", %",
               tested_accuracy() + ", %", energy_label(results) + ", J", "training time, s", ""}};
  for (const std::size_t i : front.built) {
    const BuiltCell& built = results.built[i];
    const auto plain = [&](const char* value) {
      const Over* const over = built.find(value, Quality::counted);
      return over ? fmt::format("{:.0f}", over->mean().mean) : std::string(kNothing);
    };
    table.rows.push_back({to_text(results.cells[built.cell].cell),
                          plain(study::nas_build::kParameters), plain(study::nas_build::kMacs),
                          text_of(built.find(held_back_accuracy(), Quality::counted)),
                          text_of(built.find(tested_accuracy(), Quality::counted)),
                          text_of(energy_of(results, built)),
                          text_of(built.find(study::trained::kTrainingTime, Quality::measured)),
                          front.knee == i ? "knee" : ""});
  }
  return table;
}

/// What the knee gives up for what, against the most accurate cell.
void add_knee(Document& document, const BuildResults& results, const BuildFront& front) {
  if (!front.knee || front.built.empty() || *front.knee == front.built.back()) return;
  const auto most = std::ranges::max_element(front.built, {}, [&](std::size_t i) {
    return results.built[i].find(held_back_accuracy(), Quality::counted)->mean().mean;
  });
  const BuiltCell &knee = results.built[*front.knee], &best = results.built[*most];
  const double saved =
      1 - energy_of(results, knee)->mean().mean / energy_of(results, best)->mean().mean;
  const double lost = best.find(held_back_accuracy(), Quality::counted)->mean().mean -
                      knee.find(held_back_accuracy(), Quality::counted)->mean().mean;
  document.parts.emplace_back(Paragraph{fmt::format(
      "After {} epochs the cell at the knee, {}, takes {:.0f} % less energy than the most accurate "
      "one, {}, and is {:.2f} points less accurate on the images held back. (The paper's, on "
      "CIFAR-10 with 108 epochs: about 70 % and 1 %.)",
      front.epochs, to_text(results.cells[knee.cell].cell), 100 * saved,
      to_text(results.cells[best.cell].cell), lost)});
}

/// How well what is known before a training ranks what it takes: Kendall's tau over the cells.
Table prediction_table(const BuildResults& results, const BuildFront& front) {
  Table table{.caption = str("What ranks the cells, ", plural(front.epochs, "epoch"),
                             ": Kendall's tau over the cells"),
              .head = {"", energy_label(results), "training time, measured", held_back_accuracy()}};
  const std::pair<std::string, Quality> kTargets[]{
      {study::nas_build::kTrainingEnergy, results.energy},
      {study::trained::kTrainingTime, Quality::measured},
      {held_back_accuracy(), Quality::counted}};
  for (const char* known : {study::nas_build::kParameters, study::nas_build::kMacs}) {
    std::vector<std::string> row{known};
    for (const auto& [value, quality] : kTargets) {
      std::vector<double> x, y;
      for (const BuiltCell& built : results.built) {
        const Over* const a = built.find(known, Quality::counted);
        const Over* const b = built.find(value, quality);
        if (built.epochs != front.epochs || !a || !b) continue;
        x.push_back(a->mean().mean);
        y.push_back(b->mean().mean);
      }
      const bool varies =
          std::set(x.begin(), x.end()).size() > 1 && std::set(y.begin(), y.end()).size() > 1;
      row.push_back(
          varies ? fmt::format("{:.3f} (n {})", search::kendall_tau(x, y).coefficient, x.size())
                 : kNothing);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// How far the trainings of one cell lie from each other: the mean over the cells of the standard
/// deviation over the seeds.
Table spread_table(const BuildResults& results, const BuildFront& front) {
  Table table{.caption = str("How far seeds differ, ", plural(front.epochs, "epoch")),
              .head = {"", "least", "mean", "most", "standard deviation over the seeds"}};
  const auto add = [&](const std::string& value, Quality quality, const std::string& label) {
    double sum = 0, least = 0, most = 0, squares = 0;
    std::int64_t cells = 0, freedom = 0;
    for (const BuiltCell& built : results.built) {
      const Over* const over = built.find(value, quality);
      if (built.epochs != front.epochs || !over || over->numbers.empty()) continue;
      const double mean = over->mean().mean;
      least = cells == 0 ? mean : std::min(least, mean);
      most = cells == 0 ? mean : std::max(most, mean);
      sum += mean;
      ++cells;
      freedom += static_cast<std::int64_t>(over->numbers.size()) - 1;
      for (const double number : over->numbers) squares += (number - mean) * (number - mean);
    }
    if (cells == 0) return;
    table.rows.push_back(
        {label, fmt::format("{:.2f}", least),
         fmt::format("{:.2f}", sum / static_cast<double>(cells)), fmt::format("{:.2f}", most),
         freedom > 0 ? fmt::format("{:.3f}", std::sqrt(squares / static_cast<double>(freedom)))
                     : kNothing});
  };
  add(held_back_accuracy(), Quality::counted, held_back_accuracy() + ", %");
  add(tested_accuracy(), Quality::counted, tested_accuracy() + ", %");
  add(study::nas_build::kTrainingEnergy, results.energy, energy_label(results) + ", J");
  add(study::nas_build::kEvaluationEnergy, results.energy, "energy of evaluations, J");
  add(study::trained::kTrainingTime, Quality::measured, "training time, s");
  add(study::nas_build::kRunTime, Quality::measured, "time of the whole trial, s");
  return table;
}

void add_build_how(Document& document, const study::Study& study, const BuildResults& results) {
  document.parts.emplace_back(Heading{"How it was obtained"});
  const Table options = options_table(results.config.training);
  if (!options.rows.empty()) document.parts.emplace_back(options);
  document.parts.emplace_back(Items{
      {"Each cell was really trained for each budget, and with each seed; nothing is scaled from "
       "another budget.",
       "Energies are of the training steps alone; those of the evaluations after each epoch stand "
       "apart. Times are by a clock, and hold for this machine and what else ran on it.",
       str("The front is chosen by the images held back; the test images decide nothing. ± is the "
           "half-width of Student's 95 % interval over the seeds; n is their number. The norms "
           "follow each batch by ",
           results.config.skeleton.norm_momentum,
           " (the authors': 0.003, for trainings of 625 steps and more)."),
       "RMSProp adds epsilon to the root and keeps 0.99 of its mean of squares; the authors' adds "
       "it under the root and keeps 0.9. With epsilon 1 and gradients far below 1 both come close "
       "to gradient descent with momentum.",
       machine_item(study.origin.machine)}});
}

}  // namespace

Document build_document(const study::Study& study, const BuildResults& results) {
  Document document{.title = str("A table of ", results.cells.size(), " cells, built by training"),
                    .lead = build_lead(results)};
  add_build_warnings(document, results);
  for (const BuildFront& front : results.fronts) {
    if (front.built.empty()) continue;
    document.parts.emplace_back(
        Heading{str("Accuracy and energy after ", plural(front.epochs, "epoch"))});
    add_knee(document, results, front);
    document.parts.emplace_back(scatter_of(results, front));
    document.parts.emplace_back(front_table(results, front));
    if (!front.unseparated.empty()) {
      document.parts.emplace_back(Paragraph{
          str(front.unseparated.size(),
              " pairs of the front are not told apart by the intervals over the seeds: one of the "
              "two may beat the other.")});
    }
    document.parts.emplace_back(spread_table(results, front));
    document.parts.emplace_back(prediction_table(results, front));
  }
  add_build_how(document, study, results);
  return document;
}

nlohmann::ordered_json build_json(const study::Study& study, const BuildResults& results) {
  using nlohmann::ordered_json;
  ordered_json json{
      {"study", study.definition.name}, {"config", ordered_json::parse(study.definition.config)},
      {"joule", study.origin.joule},    {"machine", study.origin.machine},
      {"finished", results.finished},   {"energy", name(results.energy)},
      {"cells", ordered_json::array()}, {"fronts", ordered_json::array()}};
  for (const BuiltCell& built : results.built) {
    const nas::NamedCell& cell = results.cells[built.cell];
    ordered_json one{
        {"hash", to_text(cell.fingerprint)}, {"cell", to_text(cell.cell)}, {"epochs", built.epochs},
        {"complete", built.complete},        {"failed", built.failed},     {"errors", built.errors},
        {"values", ordered_json::array()}};
    for (const Over& over : built.values) one["values"].push_back(report::json_of(over));
    json["cells"].push_back(std::move(one));
  }
  for (const BuildFront& front : results.fronts) {
    ordered_json one{{"epochs", front.epochs},
                     {"cells", front.built},
                     {"not_told_apart", front.unseparated},
                     {"knee", front.knee ? ordered_json(*front.knee) : ordered_json()}};
    json["fronts"].push_back(std::move(one));
  }
  return json;
}

}  // namespace joule::report

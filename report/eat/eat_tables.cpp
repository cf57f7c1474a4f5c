// SPDX-License-Identifier: MIT
#include "joule/report/eat/eat_tables.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "joule/report/study_values.h"
#include "joule/study/eat/eat_paper.h"
#include "joule/study/eat/eat_study.h"

namespace joule::report {
namespace {

using study::ChosenOn;
using study::EatCell;
using study::EatResults;
using study::Over;
using study::Quality;
namespace eat = study::eat;

/// A line of the table beside the paper's.
struct Row {
  std::string what;
  std::string name;  // of the value
  Quality quality = Quality::counted;
  double unit = 1;
  int digits = 2;
  bool in_points = false;  // the change is a difference, not a share
  std::string paper_standard{}, paper_eat{}, paper_change{};
};

std::string change_text(const EatCell* from, const EatCell* to, const Row& row) {
  if (!from || !to) return kNothing;
  const Over* const a = to->find(row.name, row.quality);
  const Over* const b = from->find(row.name, row.quality);
  if (!a || !b || std::ranges::count(b->numbers, 0.0) > 0) return kNothing;
  const study::Change change = study::change(*a, *b);
  return row.in_points ? signed_text(mean_of(change.difference), "points")
                       : signed_text(change.relative, "%");
}

/// The rows in which the paper has a figure, and those beyond it.
std::vector<Row> rows_of(const EatResults& results) {
  const auto* const paper =
      study::eat_paper_cell(results.config.training.data, results.config.training.model);
  std::vector<Row> rows;
  Row accuracy{.what = "test accuracy, %",
               .name = study::trained::named(study::trained::kAccuracy, ChosenOn::test),
               .in_points = true};
  if (paper) {
    accuracy.paper_standard = fmt::format("{:.0f}", 100 * paper->standard_accuracy);
    accuracy.paper_eat = fmt::format("{:.0f}", 100 * paper->eat_accuracy);
    accuracy.paper_change =
        fmt::format("{:+.0f} points", 100 * (paper->eat_accuracy - paper->standard_accuracy));
  }
  rows.push_back(accuracy);
  const std::string ratio = study::trained::named(eat::kRatio, ChosenOn::test);
  for (const Over& over : results.standard().values) {
    if (!over.name.starts_with(ratio)) continue;
    const std::string profile = over.name.substr(ratio.size());
    Row row{.what = "energy ratio, " + profile,
            .name = over.name,
            .quality = Quality::modelled,
            .digits = 4};
    if (paper && profile == study::kEatProfile) {
      row.paper_standard = fmt::format("{:.2f}", paper->standard_ratio);
      row.paper_eat = fmt::format("{:.2f}", paper->eat_ratio);
      row.paper_change = fmt::format("{:+.2f} %", -paper->decrease);
    }
    rows.push_back(row);
  }
  const std::vector<Row> beyond{
      {"non-zero ReLU outputs, %", study::trained::kDensity, Quality::counted, 0.01},
      {"MACs per image, M", eat::kMacs, Quality::counted, 1e6},
      {"of them executed, M", eat::kMacsExecuted, Quality::counted, 1e6},
      {"inference, us per image", eat::kInferenceTime, Quality::measured, 1e-6, 1},
      {"the same net, no zero skipped, us", eat::kDenseInferenceTime, Quality::measured, 1e-6, 1},
      {"speed-up by skipping", eat::kSpeedUp, Quality::measured},
      {"training, s", study::trained::kTrainingTime, Quality::measured, 1, 1},
      {"energy of inference, measured, uJ per image", eat::kInferenceEnergy, Quality::measured,
       1e-6},
      {"energy of inference, sampled, uJ per image", eat::kInferenceEnergy, Quality::sampled, 1e-6},
      {"energy of inference, modelled (horowitz45), uJ per image", eat::kInferenceEnergy,
       Quality::modelled, 1e-6},
      {"energy of the run, measured, J", std::string(study::kEnergy), Quality::measured},
      {"energy of the run, sampled, J", std::string(study::kEnergy), Quality::sampled},
      {"energy of the run, modelled (horowitz45), J", std::string(study::kEnergy),
       Quality::modelled}};
  rows.insert(rows.end(), beyond.begin(), beyond.end());
  return rows;
}

const EatCell* cell_of(const EatResults& results, const study::EatChoice& choice) {
  return choice.cell ? &results.cells[*choice.cell] : nullptr;
}

bool on_front(const EatResults& results, std::size_t cell) {
  return std::ranges::count(results.front, cell) > 0;
}

std::string state_of(const EatResults& results, std::size_t index) {
  const EatCell& cell = results.cells[index];
  std::string text;
  if (cell.failed > 0) text = str(cell.failed, " failed");
  if (cell.waiting > 0 || cell.complete + cell.failed < results.config.seeds) text = "unfinished";
  if (!on_front(results, index)) return text;
  const bool open = std::ranges::any_of(results.unseparated, [&](const auto& pair) {
    return pair.first == index || pair.second == index;
  });
  return open ? "front, not told apart" : "front";
}

}  // namespace

Table beside_the_paper(const EatResults& results) {
  const EatCell* const standard = &results.standard();
  const EatCell* const paper = cell_of(results, results.paper);
  const EatCell* const ours = cell_of(results, results.ours);
  Table table{.caption = "Standard training beside energy-aware training",
              .head = {"", "standard", "EAT, paper's rule", "change", "EAT, within 1 point",
                       "change", "paper: standard", "paper: EAT", "paper: change"}};
  const auto title = [](const EatCell* cell) { return cell ? cell->title() : "no such point"; };
  table.rows.push_back(
      {"point", "", title(paper), "", title(ours), "", "", "its choice is not given", ""});
  for (const Row& row : rows_of(results)) {
    const auto cell = [&](const EatCell* of) {
      return text_of(of ? of->find(row.name, row.quality) : nullptr, row.unit, row.digits);
    };
    if (!standard->find(row.name, row.quality)) continue;  // what no meter could measure
    table.rows.push_back({row.what, cell(standard), cell(paper), change_text(standard, paper, row),
                          cell(ours), change_text(standard, ours, row), row.paper_standard,
                          row.paper_eat, row.paper_change});
  }
  if (!study::eat_paper_cell(results.config.training.data, results.config.training.model)) {
    constexpr std::size_t kOurs = 6;  // columns; those of the paper are empty
    table.head.resize(kOurs);
    for (auto& row : table.rows) row.resize(kOurs);
  }
  return table;
}

Table sweep_table(const EatResults& results) {
  const ChosenOn images = results.config.chosen_on();
  Table table{.caption = "All points",
              .head = {"point", str(name(images), " accuracy, %"),
                       str(name(images), " ratio, ", study::kEatProfile), "test accuracy, %",
                       "non-zero ReLU outputs, %", "MACs executed, M", "speed-up", "state"}};
  for (std::size_t i = 0; i < results.cells.size(); ++i) {
    const EatCell& cell = results.cells[i];
    table.rows.push_back(
        {cell.title(), text_of(cell.find(study::trained::named(study::trained::kAccuracy, images))),
         text_of(cell.find(study::trained::named(eat::kRatio, images) + study::kEatProfile), 1, 4),
         text_of(cell.find(study::trained::named(study::trained::kAccuracy, ChosenOn::test))),
         text_of(cell.find(study::trained::kDensity), 0.01),
         text_of(cell.find(eat::kMacsExecuted), 1e6), text_of(cell.find(eat::kSpeedUp)),
         state_of(results, i)});
  }
  return table;
}

Table peers_table(const std::vector<PeerPace>& peers) {
  Table table{.caption = "Inference beside other libraries",
              .head = {"net", "library", "images/s", "over Joule's dense path", "over PyTorch"}};
  const auto ratio = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.2f}", *value) : std::string(kNothing);
  };
  for (const PeerPace& peer : peers) {
    table.rows.push_back({peer.net, peer.side,
                          peer.images_per_second ? fmt::format("{:.0f}", *peer.images_per_second)
                                                 : "left out: " + peer.left_out,
                          ratio(peer.over_dense), ratio(peer.over_pytorch)});
  }
  return table;
}

}  // namespace joule::report

// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/surrogate.h"

#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/nas/nas.h"
#include "joule/cli/study/document_files.h"
#include "joule/cli/study/study.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/core/threads.h"
#include "joule/nas/surrogate/trials.h"
#include "joule/report/ecnas/surrogate_document.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule nas surrogate --data surrogate_7V9E_4310.csv.gz --out runs/surrogate
      the paper's net and boosted trees on ten splits, beside the paper
  joule nas surrogate --data cells.csv --kinds boosted --save surrogate.json
  joule nas surrogate predict surrogate.json --vertices 7 --out 7v.db

The data have the columns upper_triangle_28, node_codes_7, parameters and
energy_kwh (docs/nas.md).)";

struct Options {
  std::string data, out, markdown, save, kinds = "paper4,paper5,boosted";
  int splits = 10, size_splits = 10, epochs = 200;
  std::vector<std::int64_t> sizes{100, 300, 1000, 2000};
  std::int64_t budget = 4;
};

std::vector<nas::SurrogateKind> kinds_of(const std::string& text) {
  std::vector<nas::SurrogateKind> kinds;
  for (const std::string& name : names_in("--kinds", text)) {
    require(name == "paper4" || name == "paper5" || name == "boosted",
            "--kinds: expected paper4, paper5 and boosted, got '", name, "'");
    kinds.push_back(name == "paper4"   ? nas::SurrogateKind::paper4
                    : name == "paper5" ? nas::SurrogateKind::paper5
                                       : nas::SurrogateKind::boosted);
  }
  return kinds;
}

/// Of nine tenths of the cells, calibrated on the rest.
void save_surrogate(const Options& o, const std::vector<nas::MeasuredCell>& cells) {
  Generator random(1);
  std::vector<nas::MeasuredCell> mixed;
  for (const std::int64_t i : random.permutation(std::ssize(cells))) {
    mixed.push_back(cells[static_cast<std::size_t>(i)]);
  }
  const std::span<const nas::MeasuredCell> all = mixed;
  const std::size_t calibrate = mixed.size() / 10;
  const nas::EnergySurrogate surrogate(all.subspan(calibrate), all.first(calibrate), o.budget);
  surrogate.save(o.save);
  fmt::print("{}: trained on {} cells, calibrated on {}\n", o.save, mixed.size() - calibrate,
             calibrate);
}

std::string command_of(const Options& o) {
  return fmt::format(
      "joule nas surrogate --data {} --kinds {} --splits {} --size-splits {} --epochs {}",
      std::filesystem::path(o.data).filename().string(), o.kinds, o.splits, o.size_splits,
      o.epochs);
}

int surrogate(const Options& o) {
  require(!o.data.empty(), "--data is required");
  const std::vector<nas::MeasuredCell> cells = nas::read_measured_cells(o.data);
  nas::SurrogateTrials trials{.splits = o.splits,
                              .size_splits = o.size_splits,
                              .kinds = kinds_of(o.kinds),
                              .epochs = o.epochs};
  for (const std::int64_t size : o.sizes) {
    require(size >= 1, "--sizes: expected 1 or more, got ", size);
    trials.sizes.push_back(static_cast<std::size_t>(size));
  }
  set_num_threads(1);  // a batch of 32 rows is too little to share
  const nas::SurrogateResults results =
      nas::run_surrogate_trials(cells, trials, [](const nas::SurrogateTrial& t) {
        fmt::print("{}, seed {}, {} cells: tau^2 {:.4f}, mean error {:.3f} Wh{}, {:.1f} s\n",
                   name(t.kind), t.seed, t.trained, t.tau * t.tau, t.mean_error / 3600,
                   t.coverage ? fmt::format(", {:.1f} % in the intervals", 100 * *t.coverage) : "",
                   t.seconds);
        std::fflush(stdout);
      });
  const report::Document document = report::surrogate_document(
      results, command_of(o), std::filesystem::path(o.data).filename().string());
  fmt::print("\n{}", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  if (!o.out.empty()) {
    std::filesystem::create_directories(o.out);
    write_document(o.out, o.markdown, document, "surrogate", report::surrogate_json(results));
  }
  if (!o.save.empty()) save_surrogate(o, cells);
  return 0;
}

struct PredictOptions {
  std::string surrogate, out;
  int vertices = 7, edges = 9;
};

int predict(const PredictOptions& o) {
  const nas::EnergySurrogate surrogate = nas::EnergySurrogate::open(o.surrogate);
  const std::vector<nas::NamedCell> cells =
      nas::enumerate({.vertices = o.vertices, .edges = o.edges});
  const nas::Table table =
      predicted_table(surrogate, cells, std::filesystem::path(o.surrogate).filename().string());
  table.save(o.out);
  fmt::print("{}: {} cells\n", o.out, table.models().size());
  return 0;
}

void add_predict_to(Command& surrogate, Run& run) {
  Command* const command = surrogate.add_subcommand("predict", "Predict a whole space, as a table");
  const auto options = std::make_shared<PredictOptions>();
  add_option(*command, "surrogate", options->surrogate, "What --save wrote")
      ->type_name("FILE")
      ->required();
  add_option(*command, "--vertices", options->vertices, "Most vertices of a cell, 2 to 7")
      ->capture_default_str();
  add_option(*command, "--edges", options->edges, "Most edges of a cell")->capture_default_str();
  add_option(*command, "--out", options->out, "The table to write")->type_name("TABLE")->required();
  command->callback([options, &run] { run = [options] { return predict(*options); }; });
}

}  // namespace

void add_nas_surrogate(Command& nas, Run& run) {
  Command* const command =
      nas.add_subcommand("surrogate", "Predict the energy of cells without training them");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  add_option(*command, "--data", o->data, "The measured cells, CSV")->type_name("FILE");
  add_option(*command, "--kinds", o->kinds, "Which: paper4, paper5, boosted")
      ->type_name("LIST")
      ->capture_default_str();
  add_option(*command, "--splits", o->splits, "Number of random splits, seeds 1, 2, ...")
      ->capture_default_str();
  add_option(*command, "--sizes", o->sizes, "Training sizes of the learning curve, in cells")
      ->capture_default_str();
  add_option(*command, "--size-splits", o->size_splits, "Splits per training size")
      ->capture_default_str();
  add_option(*command, "--epochs", o->epochs, "Epochs of the paper's net")->capture_default_str();
  add_option(*command, "--budget", o->budget, "The epochs that the energies are of")
      ->capture_default_str();
  Option* const out =
      add_option(*command, "--out", o->out, "Write tables and pictures to DIR")->type_name("DIR");
  add_option(*command, "--markdown", o->markdown, "Also write the document to this file")
      ->type_name("FILE")
      ->needs(out);
  add_option(*command, "--save", o->save,
             "Train boosted trees on all cells, and write them to FILE")
      ->type_name("FILE");
  add_predict_to(*command, run);
  command->callback([command, o, &run] {
    if (!command->asked_for("predict")) run = [o] { return surrogate(*o); };
  });
}

}  // namespace joule::cli

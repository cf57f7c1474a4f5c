// SPDX-License-Identifier: MIT
#include "joule/cli/evolve/evolve.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule evolve --out runs/evolve
      the quick preset: Fashion-MNIST, minutes on two cores, for accuracy alone
  joule evolve --config published.json --data fashion-mnist --seed 3 --workers 2
      a configuration of one's own (docs/evolution.md; examples/evolve has some)
  joule evolve --preset energize --meter nvml --out runs/energize
      the published fitness, rates and times, in the watts that a GPU draws
  joule evolve --epochs 2 --generations 5 --out runs/exact
      budgets in epochs: interrupted or not, the same nets bit for bit
  joule evolve grammar default
  joule evolve draw --seed 7 > individual.json
  joule evolve decode individual.json --save-net net.json

The same command goes on where it was interrupted.  DIR gets study.html (a page
for a browser), table.md with its pictures, results.json, generations.csv,
trials.csv, study.db and the weights of the nets that are left.)";

}  // namespace

void add_evolve(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("evolve", "Evolve nets whose inference takes little power");
  command->footer(kExamples);
  add_evolve_grammar(*command, run);
  add_evolve_draw(*command, run);
  add_evolve_decode(*command, run);
  add_evolve_run(*command, run);
}

}  // namespace joule::cli

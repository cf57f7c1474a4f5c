// SPDX-License-Identifier: MIT
#include "joule/cli/evolve/evolve.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule evolve grammar default
  joule evolve draw --seed 7 > individual.json
  joule evolve decode individual.json --save-net net.json

Grammars, genes and operators: docs/evolution.md.)";

}  // namespace

void add_evolve(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("evolve", "Evolve nets whose inference takes little power");
  command->footer(kExamples);
  command->require_subcommand();
  add_evolve_grammar(*command, run);
  add_evolve_draw(*command, run);
  add_evolve_decode(*command, run);
}

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <memory>

#include "joule/cli/evolve/evolve.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule evolve grammar default
  joule evolve grammar my.grammar

It is printed as it was read.  What is wrong with it is one line: where, what
was expected and what is there.)";

}  // namespace

void add_evolve_grammar(Command& evolve, Run& run) {
  Command* const command = evolve.add_subcommand("grammar", "Check a grammar of nets and print it");
  command->footer(kExamples);
  const auto which = std::make_shared<std::string>("default");
  add_option(*command, "GRAMMAR", *which, "A file, or default, fast-denser, zero-aware")
      ->capture_default_str();
  command->callback([which, &run] {
    run = [which] {
      const evolution::Grammar grammar = grammar_of(*which);
      evolution::check_words(grammar);
      fmt::print("{}", to_text(grammar));
      return 0;
    };
  });
}

}  // namespace joule::cli

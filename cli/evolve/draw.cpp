// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <memory>

#include "joule/cli/evolve/evolve.h"
#include "joule/core/error.h"
#include "joule/evolution/operators.h"
#include "joule/io/input_file.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule evolve draw --seed 7 > individual.json
  joule evolve draw --grammar zero-aware --mutations 5 --seed 7
  joule evolve draw --phenotype seed.txt > individual.json
      the genes of a net that is given as text

The same arguments give the same individual.)";

struct DrawOptions {
  GenesOptions genes;
  std::string phenotype;
  std::uint64_t seed = 1;
  int mutations = 0;
};

/// Without its line ends, which a phenotype may have between its words.
std::string words_of_file(const std::string& path) {
  std::string text = read_file(path);
  for (char& c : text) c = c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  return text;
}

int draw(const DrawOptions& options) {
  const evolution::Grammar grammar = grammar_of(options.genes.grammar);
  const evolution::Settings settings = settings_of(options.genes.settings, grammar);
  evolution::Individual individual =
      options.phenotype.empty()
          ? evolution::random_individual(grammar, settings.structure, 0, options.seed)
          : evolution::seed_individual(words_of_file(options.phenotype), grammar,
                                       settings.structure, 0);
  for (int i = 1; i <= options.mutations; ++i) {
    individual = evolution::mutate(individual, i, i, grammar, settings, evolution::ModuleArchive(),
                                   options.seed);
  }
  fmt::print("{}", to_json(individual));
  return 0;
}

}  // namespace

void add_evolve_draw(Command& evolve, Run& run) {
  Command* const command = evolve.add_subcommand("draw", "Draw the genes of a net");
  command->footer(kExamples);
  const auto options = std::make_shared<DrawOptions>();
  options->genes.add_to(*command);
  add_option(
      *command, "--phenotype", options->phenotype,
      "Encode the net of this text (as joule evolve decode prints it) instead of drawing one")
      ->type_name("FILE");
  add_option(*command, "--seed", options->seed, "Of what is drawn")->capture_default_str();
  add_option(*command, "--mutations", options->mutations, "How often it is then mutated")
      ->capture_default_str();
  command->callback([options, &run] {
    run = [options] {
      require(options->mutations >= 0, "--mutations: must not be negative, got ",
              options->mutations);
      return draw(*options);
    };
  });
}

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <memory>

#include "joule/cli/evolve/evolve.h"
#include "joule/core/error.h"
#include "joule/evolution/individual.h"
#include "joule/evolution/phenotype.h"
#include "joule/io/atomic_file.h"
#include "joule/io/input_file.h"
#include "joule/measure/image_size.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule evolve decode individual.json
  joule evolve decode individual.json --input 32x32x3 --save-net net.json
  joule summary --net net.json

Prints the phenotype, how it is trained, and the net, or why there is none.
What the genes lack is drawn, by --seed.)";

struct DecodeOptions {
  GenesOptions genes;
  std::string individual, input = "28x28x1", save_net;
  std::int64_t classes = 10;
  std::uint64_t seed = 1;
};

std::string text_of(const evolution::Learning& l) {
  std::string text = fmt::format("{}, lr {}", l.optimizer, l.lr);
  const auto add = [&](const char* name, double value) {
    text += fmt::format(", {} {}", name, value);
  };
  if (l.optimizer == "lars") add("of biases", l.lr_biases);
  if (l.momentum > 0) add("momentum", l.momentum);
  if (l.nesterov) text += " (Nesterov's)";
  if (l.optimizer == "adam") {
    add("beta1", l.beta1);
    add("beta2", l.beta2);
  }
  if (l.optimizer == "rmsprop") add("alpha", l.alpha);
  if (l.weight_decay > 0) add("weight decay", l.weight_decay);
  if (l.decay > 0) add("decay of the rate", l.decay);
  if (l.l0_lambda > 0) add("lambda of the L0 penalty", l.l0_lambda);
  return text + fmt::format("; batch {}, at most {} epochs, stops after {} without gain", l.batch,
                            l.epochs, l.early_stop);
}

int decode(const DecodeOptions& options) {
  const evolution::Grammar grammar = grammar_of(options.genes.grammar);
  const evolution::Settings settings = settings_of(options.genes.settings, grammar);
  const auto [image, channels] = measure::parse_input(options.input);
  evolution::Individual individual =
      evolution::parse_individual(read_file(options.individual), options.individual);
  evolution::Draws draws(options.seed);
  complete(individual.genotype, grammar, settings.structure, draws);
  const std::string phenotype = phenotype_of(individual.genotype, grammar, settings.structure);
  const evolution::Decoded decoded = evolution::decode(
      phenotype, {.image = {image.h, image.w, channels}, .classes = options.classes},
      settings.nets);
  fmt::print("{}\n\n{}\n\n", phenotype, text_of(decoded.learning));
  if (!decoded.net.graph) {
    fmt::print("no net: {}\n", decoded.net.reason);
    require(options.save_net.empty(), "--save-net: there is no net: ", decoded.net.reason);
    return 0;
  }
  fmt::print("{}\n{} parameters, {} MACs per image\n", nn::to_text(*decoded.net.graph),
             decoded.net.parameters, decoded.net.macs);
  if (!options.save_net.empty()) {
    write_file_atomically(options.save_net, nn::to_json(*decoded.net.graph));
  }
  return 0;
}

}  // namespace

void add_evolve_decode(Command& evolve, Run& run) {
  Command* const command = evolve.add_subcommand("decode", "Print the net that genes are");
  command->footer(kExamples);
  const auto options = std::make_shared<DecodeOptions>();
  add_option(*command, "INDIVIDUAL", options->individual, "A file, as joule evolve draw prints it")
      ->required();
  options->genes.add_to(*command);
  add_option(*command, "--input", options->input, "Size of the images")
      ->type_name("HxWxC")
      ->capture_default_str();
  add_option(*command, "--classes", options->classes, "Of the data")->capture_default_str();
  add_option(*command, "--seed", options->seed, "Of what is drawn")->capture_default_str();
  add_option(*command, "--save-net", options->save_net,
             "Write the net, as joule train --net takes it")
      ->type_name("FILE");
  command->callback([options, &run] { run = [options] { return decode(*options); }; });
}

}  // namespace joule::cli

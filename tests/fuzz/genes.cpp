// SPDX-License-Identifier: MIT
#include "joule/core/error.h"
#include "joule/evolution/individual.h"
#include "joule/evolution/phenotype.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"

namespace joule::fuzz {
namespace {

using namespace evolution;

const Grammar& grammar() {
  static const Grammar read = parse_grammar(grammar_text("zero-aware"), "zero-aware");
  return read;
}

const Settings& settings() {
  static const Settings preset = evolution::preset("energize");
  return preset;
}

/// What genes derive is decoded or has a reason, and is derived by what is encoded from it.
void check_genes(const Genotype& genes) {
  const std::string text = phenotype_of(genes, grammar(), settings().structure);
  const Decoded decoded = decode(text, {.image = {9, 8, 1}, .classes = 10}, settings().nets);
  require(decoded.net.graph.has_value() == decoded.net.reason.empty(), "no net and no reason");
  const Genotype again = encode(text, grammar(), settings().structure);
  require(phenotype_of(again, grammar(), settings().structure) == text, "another phenotype");
}

void read_individual(std::string_view bytes) {
  Individual individual;
  try {
    individual = parse_individual(bytes, "individual.json");
  } catch (const DataError&) {
    return;
  }
  require(parse_individual(to_json(individual), "again") == individual, "another individual");
  try {
    Draws draws(1);
    complete(individual.genotype, grammar(), settings().structure, draws);
  } catch (const ArgumentError&) {
    return;  // genes of another grammar
  }
  check_genes(individual.genotype);
}

void read_phenotype(std::string_view bytes) {
  Genotype genes;
  const std::string text(bytes);
  try {
    decode(text, {.image = {9, 8, 1}, .classes = 10}, {.merge = Merge::concatenate});
  } catch (const ArgumentError&) {
  }
  try {
    genes = encode(text, grammar(), settings().structure);
  } catch (const ArgumentError&) {
    return;
  }
  check_genes(genes);
}

void read_grammar(std::string_view bytes) {
  Grammar read;
  try {
    read = parse_grammar(bytes, "a.grammar");
  } catch (const DataError&) {
    return;
  }
  require(parse_grammar(to_text(read), "again") == read, "another grammar");
  try {
    check_words(read);
  } catch (const ArgumentError&) {
  }
}

void read_settings(std::string_view bytes) {
  try {
    const Settings read = parse_settings(bytes, "settings.json");
    require(parse_settings(to_json(read), "again") == read, "other settings");
    check(read, grammar());
  } catch (const DataError&) {
  } catch (const ArgumentError&) {
  }
}

constexpr const char* kPhenotypeSeed =
    "layer:conv out_channels:8 kernel_size:2 stride:2 padding:same act:relu threshold:0.25 "
    "bias:True "
    "input:-1 layer:pool_avg kernel_size:2 stride:1 padding:same input:0 layer:batch_norm "
    "input:1,0,-1 "
    "| layer:fc act:sigmoid out_features:32 bias:False input:2 "
    "| layer:fc act:softmax out_features:10 bias:True input:3 "
    "| learning:lars lr_weights:0.1 lr_biases:0.01 momentum:0.8 weight_decay:0.00001 l0_lambda:0.5 "
    "early_stop:8 batch_size:64 epochs:10000 | model_partition:_ partition_point:1";

std::vector<std::string> phenotypes() { return {kPhenotypeSeed}; }

std::vector<std::string> individuals() {
  Individual one;
  one.genotype = encode(kPhenotypeSeed, grammar(), settings().structure);
  Individual lacking;
  lacking.history = {{"add_layer", 3, {{"module", "0"}}}};
  lacking.genotype.modules = {{.start = "features", .layers = {{5, {-1}}, {5, {0}}}}};
  lacking.genotype.layers[5] = {};
  return {to_json(one), to_json(lacking), "{\"genotype\":" + test::nested_json(80) + "}"};
}

std::vector<std::string> grammars() {
  std::vector<std::string> all;
  for (const std::string& name : grammar_names()) all.emplace_back(grammar_text(name));
  all.emplace_back(
      "<a> ::= layer:conv [k,int_power2,2,-1,5] <b> | [q,inv_power2,1,0,_]\n<b> ::= x:1");
  return all;
}

std::vector<std::string> settings_seeds() {
  return {to_json(evolution::preset("fast-denser")),
          R"({"preset":"energize","rates":{"floats":"gaussian"}})"};
}

}  // namespace

const Reader kGrammar{.name = "grammar", .read = read_grammar, .seeds = grammars};
const Reader kIndividual{.name = "individual", .read = read_individual, .seeds = individuals};
const Reader kPhenotype{.name = "phenotype", .read = read_phenotype, .seeds = phenotypes};
const Reader kSettings{.name = "settings", .read = read_settings, .seeds = settings_seeds};

}  // namespace joule::fuzz

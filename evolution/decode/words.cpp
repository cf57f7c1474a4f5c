// SPDX-License-Identifier: MIT
#include "joule/evolution/decode/words.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "joule/core/error.h"
#include "joule/evolution/phenotype.h"
#include "joule/io/nearest.h"
#include "joule/io/parse_number.h"

namespace joule::evolution {
namespace {

struct Known {
  std::string_view name;
  Word word;
};

constexpr std::array kWords{
    Known{"layer", Word::layer},
    Known{"learning", Word::learning},
    Known{"model_partition", Word::model_partition},
    Known{"kernel_size", Word::kernel},
    Known{"kernel-size", Word::kernel},
    Known{"filter-shape", Word::kernel},
    Known{"stride", Word::stride},
    Known{"out_channels", Word::channels},
    Known{"num-filters", Word::channels},
    Known{"out_features", Word::units},
    Known{"num-units", Word::units},
    Known{"padding", Word::padding},
    Known{"act", Word::activation},
    Known{"bias", Word::bias},
    Known{"rate", Word::rate},
    Known{"threshold", Word::threshold},
    Known{"input", Word::inputs},
    Known{"lr", Word::lr},
    Known{"lr_weights", Word::lr},
    Known{"lr_biases", Word::lr_biases},
    Known{"momentum", Word::momentum},
    Known{"nesterov", Word::nesterov},
    Known{"weight_decay", Word::weight_decay},
    Known{"decay", Word::decay},
    Known{"beta1", Word::beta1},
    Known{"beta2", Word::beta2},
    Known{"amsgrad", Word::amsgrad},
    Known{"alpha", Word::alpha},
    Known{"rho", Word::alpha},
    Known{"batch_size", Word::batch},
    Known{"epochs", Word::epochs},
    Known{"early_stop", Word::early_stop},
    Known{"l0_lambda", Word::l0_lambda},
    Known{"partition_point", Word::partition_point},
};

using Synonyms = std::vector<std::pair<std::string, std::string>>;

const Synonyms& layers() {
  static const Synonyms all{{"conv", "conv"},
                            {"batch_norm", "batch_norm"},
                            {"pool_avg", "pool_avg"},
                            {"pool_max", "pool_max"},
                            {"dropout", "dropout"},
                            {"fc", "fc"},
                            {"batch-norm", "batch_norm"},
                            {"pool-avg", "pool_avg"},
                            {"pool-max", "pool_max"}};
  return all;
}

const Synonyms& optimizers() {
  static const Synonyms all{{"gradient_descent", "sgd"},
                            {"gradient-descent", "sgd"},
                            {"adam", "adam"},
                            {"rmsprop", "rmsprop"},
                            {"lars", "lars"}};
  return all;
}

std::string meaning(const char* what, const std::string& name, const Synonyms& known) {
  std::vector<std::string> names;
  for (const auto& [synonym, kind] : known) {
    if (synonym == name) return kind;
    names.push_back(synonym);
  }
  require_one_of(what, name, names);
  return {};
}

}  // namespace

Word word_of(std::string_view name) {
  std::vector<std::string> names;
  for (const Known& known : kWords) {
    if (known.name == name) return known.word;
    names.emplace_back(known.name);
  }
  throw ArgumentError(
      str("phenotype: no layer and no optimiser knows '", name, "'", did_you_mean(name, names)));
}

std::string layer_kind(const std::string& name) { return meaning("layer", name, layers()); }
std::string optimizer_kind(const std::string& name) {
  return meaning("learning", name, optimizers());
}

void Words::set(Word word, const std::string& name, const std::string& value) {
  require(values_.try_emplace(word, Value{name, value}).second, "phenotype: '", name, ":", value,
          "' is there twice");
}

const Words::Value& Words::value(Word word) const {
  const auto found = values_.find(word);
  if (found != values_.end()) return found->second;
  const auto known = std::ranges::find(kWords, word, &Known::word);
  throw ArgumentError(str("phenotype: '", known->name, "' is missing"));
}

const std::string& Words::text(Word word) const { return value(word).text; }

std::int64_t Words::integer(Word word) const {
  return parse_number<std::int64_t>(value(word).name, value(word).text);
}

double Words::number(Word word) const {
  return parse_number<double>(value(word).name, value(word).text);
}

bool Words::flag(Word word) const {
  require_one_of(value(word).name, value(word).text, {"True", "False"});
  return value(word).text == "True";
}

std::vector<std::int64_t> Words::integers(Word word) const {
  std::vector<std::int64_t> all;
  std::istringstream list(value(word).text);
  for (std::string each; std::getline(list, each, ',');) {
    all.push_back(parse_number<std::int64_t>(value(word).name, each));
  }
  return all;
}

std::vector<std::string> words_in(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> parts_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> parts;
  for (std::string part; std::getline(stream, part, '|');) parts.push_back(part);
  return parts;
}

std::pair<std::string, std::string> name_and_value(const std::string& word) {
  const std::size_t colon = word.find(':');
  require(colon != std::string::npos && colon > 0 && colon + 1 < word.size(),
          "phenotype: expected name:value, got '", word, "'");
  return {word.substr(0, colon), word.substr(colon + 1)};
}

void check_word(const std::string& name, const std::string& value) {
  const Word word = word_of(name);
  if (value.empty()) return;
  Words alone;
  alone.set(word, name, value);
  switch (word) {
    case Word::layer:
      layer_kind(value);
      break;
    case Word::learning:
      optimizer_kind(value);
      break;
    case Word::padding:
      require_one_of(name, value, {"same", "valid"});
      break;
    case Word::activation:
      require_one_of(name, value, {"linear", "relu", "sigmoid", "softmax"});
      break;
    case Word::bias:
    case Word::amsgrad:
    case Word::nesterov:
      alone.flag(word);
      break;
    case Word::model_partition:
      break;
    case Word::inputs:
      throw ArgumentError("phenotype: a grammar does not say a layer's input");
    default:
      alone.number(word);
  }
}

}  // namespace joule::evolution

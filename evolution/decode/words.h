// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// The words of a phenotype, "name:value": private to this folder.
namespace joule::evolution {

/// The possible words; the two published grammars have different names for some.
enum class Word {
  layer,
  learning,
  model_partition,  // which begin something; the last says nothing more
  kernel,
  stride,
  channels,
  units,
  padding,
  activation,
  bias,
  rate,
  threshold,
  inputs,
  lr,
  lr_biases,
  momentum,
  nesterov,
  weight_decay,
  decay,
  beta1,
  beta2,
  amsgrad,
  alpha,
  batch,
  epochs,
  early_stop,
  l0_lambda,
  partition_point
};

/// Errors    ArgumentError that names an unknown word and suggests a similar one.
Word word_of(std::string_view name);

/// The values of one layer or macro, by word.
class Words {
 public:
  void set(Word word, const std::string& name, const std::string& value);
  bool has(Word word) const { return values_.contains(word); }
  /// Errors for all of these: ArgumentError if the word is missing or its value malformed.
  const std::string& text(Word word) const;
  std::int64_t integer(Word word) const;
  double number(Word word) const;
  bool flag(Word word) const;
  std::vector<std::int64_t> integers(Word word) const;

 private:
  struct Value {
    std::string name, text;
  };
  const Value& value(Word word) const;

  std::map<Word, Value> values_;
};

/// Splits at spaces.
std::vector<std::string> words_in(const std::string& text);
/// The parts between '|'.
std::vector<std::string> parts_of(const std::string& text);
/// Errors    ArgumentError if there is no ':' within.
std::pair<std::string, std::string> name_and_value(const std::string& word);

/// "conv", "batch_norm", "pool_avg", "pool_max", "dropout", "fc" of either grammar's name.
/// Errors    ArgumentError if there is no such layer.
std::string layer_kind(const std::string& name);
/// "sgd", "adam", "rmsprop", "lars" of either grammar's name.
/// Errors    ArgumentError if there is no such optimiser.
std::string optimizer_kind(const std::string& name);

}  // namespace joule::evolution

// SPDX-License-Identifier: MIT
#include "joule/evolution/phenotype.h"

#include <algorithm>
#include <utility>

#include "joule/core/error.h"
#include "joule/evolution/decode/net_builder.h"
#include "joule/evolution/decode/words.h"
#include "joule/io/nearest.h"
#include "joule/layers/graph/kinds.h"

namespace joule::evolution {
namespace {

/// A phenotype's text, read.
struct Parts {
  std::vector<LayerWords> layers;                     // the output is the last one
  std::vector<std::pair<std::string, Words>> macros;  // by their first word's name
  std::string optimizer;
};

/// Reads what a layer of its kind needs, so that a text which lacks it is not taken for a net that
/// does not work.
void check_layer(LayerWords& layer, std::size_t number) {
  const bool convolution = layer.kind == "conv", linear = layer.kind == "fc";
  const Words& words = layer.words;
  if (convolution || layer.kind.starts_with("pool")) {
    for (const Word word : {Word::kernel, Word::stride}) {
      const std::int64_t size = words.integer(word);
      require(size >= 1 && size <= kMostOfWindow,
              "phenotype: expected a kernel and a stride from 1 to ", kMostOfWindow, ", got ",
              size);
    }
    require_one_of("padding", words.text(Word::padding), {"same", "valid"});
  }
  if (convolution) words.integer(Word::channels);
  if (linear) words.integer(Word::units);
  if (convolution || linear) {
    words.flag(Word::bias);
    require_one_of("act", words.text(Word::activation), {"linear", "relu", "sigmoid", "softmax"});
    if (words.has(Word::threshold)) words.number(Word::threshold);
  }
  if (layer.kind == "dropout") words.number(Word::rate);
  layer.inputs = words.integers(Word::inputs);
  for (const std::int64_t input : layer.inputs) {
    require(input >= -1 && input < static_cast<std::int64_t>(number), "phenotype: input:", input,
            " is no earlier layer");
  }
}

/// Reads word after word; each layer: and learning: begins something.
Parts parts_in(const std::string& text) {
  Parts parts;
  std::int64_t module = -1;
  for (const std::string& part : parts_of(text)) {
    ++module;
    Words* open = nullptr;
    for (const std::string& word : words_in(part)) {
      const auto [name, value] = name_and_value(word);
      const Word meaning = word_of(name);
      if (meaning == Word::layer) {
        parts.layers.push_back({.kind = layer_kind(value), .scope = str("module", module)});
        open = &parts.layers.back().words;
      } else if (meaning == Word::learning || meaning == Word::model_partition) {
        parts.macros.emplace_back(name, Words());
        open = &parts.macros.back().second;
        if (meaning == Word::learning) parts.optimizer = optimizer_kind(value);
      } else {
        require(open != nullptr,
                "phenotype: expected layer:, learning: or model_partition: before '", word, "'");
        open->set(meaning, name, value);
      }
    }
  }
  for (std::size_t i = 0; i < parts.layers.size(); ++i) check_layer(parts.layers[i], i);
  return parts;
}

Words macro(const Parts& parts, const std::string& name) {
  Words found;
  for (const auto& [each, words] : parts.macros) {
    if (each == name) found = words;
  }
  return found;
}

Learning learning_of(const Parts& parts) {
  require(!parts.optimizer.empty(), "phenotype: 'learning' is missing");
  const Words words = macro(parts, "learning");
  Learning read{.optimizer = parts.optimizer};
  const auto number = [&](Word word, double& into) {
    if (words.has(word)) into = words.number(word);
  };
  const auto integer = [&](Word word, std::int64_t& into) {
    if (words.has(word)) into = words.integer(word);
  };
  number(Word::lr, read.lr);
  number(Word::lr_biases, read.lr_biases);
  number(Word::decay, read.decay);
  number(Word::momentum, read.momentum);
  number(Word::weight_decay, read.weight_decay);
  if (words.has(Word::nesterov)) read.nesterov = words.flag(Word::nesterov);
  if (words.has(Word::amsgrad)) read.amsgrad = words.flag(Word::amsgrad);
  number(Word::beta1, read.beta1);
  number(Word::beta2, read.beta2);
  number(Word::alpha, read.alpha);
  number(Word::l0_lambda, read.l0_lambda);
  integer(Word::batch, read.batch);
  integer(Word::epochs, read.epochs);
  integer(Word::early_stop, read.early_stop);
  return read;
}

/// What no training can do with; empty if there is nothing.
std::string fault_of(const Learning& l) {
  const auto below_one = [](const char* name, double value) {
    return value >= 0 && value < 1 ? std::string() : str(name, " must be in [0, 1), got ", value);
  };
  for (const std::string& fault :
       {below_one("beta1", l.beta1), below_one("beta2", l.beta2), below_one("alpha", l.alpha),
        below_one("momentum", l.momentum)}) {
    if (!fault.empty()) return "learning: " + fault;
  }
  if (!(l.lr > 0)) return str("learning: lr must be positive, got ", l.lr);
  if (l.batch < 1 || l.epochs < 1 || l.early_stop < 1) {
    return str("learning: expected a batch, epochs and early_stop of at least 1, got ", l.batch,
               ", ", l.epochs, " and ", l.early_stop);
  }
  return {};
}

bool is_buffer(const std::string& name) { return name == "running_mean" || name == "running_var"; }

/// Of layers that multiply with their first weight at every place of their output.  In double: more
/// than the limit is a reason, whatever it is.
void count(const nn::Graph& graph, DecodedNet& net) {
  const auto shapes = nn::shapes_of(graph);
  double parameters = 0, macs = 0;
  for (const nn::Node& node : graph.nodes) {
    const nn::Kind& kind = nn::kind_of(node.kind);
    const std::vector<nn::WeightRule> weights = nn::weights_of(kind, node.attributes);
    for (const auto& [name, shape] : weights) {
      if (!is_buffer(name)) parameters += static_cast<double>(shape.numel());
    }
    if (kind.zeros != nn::ReadZeros::save) continue;
    const Shape& y = shapes.at(node.name);
    macs += static_cast<double>(y.numel() / y[-1]) * static_cast<double>(weights[0].shape.numel());
  }
  constexpr double kMost = 0x1p62;
  net.parameters = static_cast<std::int64_t>(std::min(parameters, kMost));
  net.macs = static_cast<std::int64_t>(std::min(macs, kMost));
}

/// Checks the graph that `build` makes, and its size.
template <class Build>
DecodedNet built(const NetRules& rules, const Build& build) {
  DecodedNet net;
  try {
    net.graph = nn::checked(build());
    count(*net.graph, net);
  } catch (const ArgumentError& error) {
    net.reason = error.what();
  }
  const auto limit = [&](const char* what, std::int64_t most, std::int64_t got) {
    if (net.reason.empty() && got > most) {
      net.reason = str("too large: ", got, " ", what, ", at most ", most, " are allowed");
    }
  };
  limit("parameters", rules.most_parameters, net.parameters);
  limit("MACs per image", rules.most_macs, net.macs);
  if (net.reason.empty() && net.parameters == 0) net.reason = "no parameters";
  if (!net.reason.empty()) net.graph.reset();
  return net;
}

void check_image(const Shape& image) {
  require(image.rank() == 3, "decode: expected an image [H,W,C], got ", image);
}

}  // namespace

Decoded decode(const std::string& phenotype, const NetEnds& ends, const NetRules& rules) {
  check_image(ends.image);
  const Parts parts = parts_in(phenotype);
  require(!parts.layers.empty(), "phenotype: there is no layer");
  const LayerWords& output = parts.layers.back();
  require(output.kind == "fc" && output.inputs.size() == 1,
          "phenotype: expected the last layer to be fc with one input, got ", output.kind);
  const std::int64_t units = output.words.integer(Word::units);
  require(units == ends.classes, "phenotype: the output has ", units, " units, the data has ",
          ends.classes, " classes");

  Decoded decoded{.learning = learning_of(parts)};
  const auto last = static_cast<std::int64_t>(parts.layers.size()) - 2;
  if (const Words partition = macro(parts, "model_partition");
      partition.has(Word::partition_point)) {
    decoded.partition_point = partition.integer(Word::partition_point);
    require(*decoded.partition_point >= 0 &&
                *decoded.partition_point <= std::max<std::int64_t>(last, 0),
            "phenotype: partition_point: expected 0 to ", last, ", got ", *decoded.partition_point);
    if (last < 0) decoded.partition_point.reset();  // nothing to part
  }
  decoded.net = built(rules, [&] {
    NetBuilder builder(ends.image, rules);
    for (const LayerWords& layer : std::span(parts.layers).first(parts.layers.size() - 1)) {
      builder.add(layer);
    }
    builder.add_head(output, output.inputs[0], "output");
    if (decoded.partition_point) builder.add_head(output, *decoded.partition_point, "partition");
    return std::move(builder).graph();
  });
  if (const std::string fault = fault_of(decoded.learning); !fault.empty()) {
    decoded.net.graph.reset();
    if (decoded.net.reason.empty()) decoded.net.reason = fault;
  }
  return decoded;
}

DecodedNet decode_module(const std::string& phenotype, const Shape& input, const NetRules& rules) {
  check_image(input);
  const Parts parts = parts_in(phenotype);
  if (parts.layers.empty()) return {.reason = "no layers"};
  return built(rules, [&] {
    NetBuilder builder(input, rules);
    for (const LayerWords& layer : parts.layers) builder.add(layer);
    builder.end();
    return std::move(builder).graph();
  });
}

}  // namespace joule::evolution

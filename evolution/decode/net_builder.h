// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/core/shape.h"
#include "joule/evolution/decode/words.h"
#include "joule/evolution/phenotype.h"
#include "joule/layers/graph/graph.h"

namespace joule::evolution {

/// One layer of a phenotype, parsed.
struct LayerWords {
  std::string kind;   // layer_kind()
  std::string scope;  // "module0": its nodes' names begin with this
  Words words;
  std::vector<std::int64_t> inputs;
};

/// Builds the graph of a net, layer by layer.
class NetBuilder {
 public:
  NetBuilder(const Shape& image, const NetRules& rules);

  /// Adds the next layer.
  /// Errors    ArgumentError if it does not fit its input, unless such layers are skipped.
  void add(const LayerWords& layer);
  /// Adds the net's last layer, or a head, as an output of the graph: a linear layer with the words
  /// of `layer`, which reads the output of layer `from` as features.
  void add_head(const LayerWords& layer, std::int64_t from, const std::string& scope);
  /// Makes the last layer's output an output of the graph.
  void end();

  std::int64_t layers() const { return static_cast<std::int64_t>(values_.size()); }
  nn::Graph graph() && { return std::move(graph_); }

 private:
  struct Value {
    std::string name;
    Shape shape;           // without the batch
    bool skipped = false;  // the layer did not fit; this is the previous layer's output
  };

  Value apply(const std::string& name, const std::string& kind, const nn::Attributes& attributes,
              const std::vector<Value>& inputs);
  const Value& value(std::int64_t layer) const;
  Value layer(const LayerWords& layer, const std::string& suffix, Value x);
  Value merged(const LayerWords& layer, const std::string& suffix);
  Value summed(std::vector<Value> inputs, const std::string& scope, const std::string& suffix);
  Value concatenated(std::vector<Value> inputs, const std::string& scope,
                     const std::string& suffix);
  Value fitted(const Value& x, const Shape& target, const std::string& name);
  Value convolution(const LayerWords& layer, const std::string& suffix, Value x);
  Value pooling(const LayerWords& layer, const std::string& suffix, const Value& x);
  Value linear(const LayerWords& layer, const std::string& suffix, Value x);
  Value activated(const LayerWords& layer, const std::string& suffix, Value x);

  NetRules rules_;
  Value image_;
  std::vector<Value> values_;  // of the layers
  nn::Graph graph_;
};

}  // namespace joule::evolution

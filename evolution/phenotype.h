// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "joule/core/shape.h"
#include "joule/evolution/settings.h"
#include "joule/layers/graph/graph.h"
#include "joule/optim/optimizer.h"

// From the text of a phenotype to a net that can be trained.
namespace joule::evolution {

/// How a net is trained, by its genes.  Members that the optimiser does not use keep their
/// defaults.
struct Learning {
  std::string optimizer = "sgd";  // sgd, adam, rmsprop, lars
  double lr = 0.01;               // for lars: of the weights
  double lr_biases = 0.001;       // of lars
  double decay = 0;               // lr / (1 + decay step), as in Fast-DENSER's optimisers
  double momentum = 0, weight_decay = 0;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999;
  bool amsgrad = false;
  double alpha = 0.99;  // of rmsprop
  std::int64_t batch = 128;
  std::int64_t epochs = 10'000;  // at most
  std::int64_t early_stop = 10;  // epochs without a better validation loss before it stops
  double l0_lambda = 0;          // of the L0 penalty
  friend bool operator==(const Learning&, const Learning&) = default;
};

/// The optimiser that the genes specify.
/// Errors    as the optimiser's.
std::unique_ptr<Optimizer> make_optimizer(const Learning& learning,
                                          std::vector<NamedTensor> parameters);
/// lr / (1 + decay step) for step 0, 1, ...
double learning_rate_at(const Learning& learning, std::int64_t step);

/// A net, or why it is invalid.
struct DecodedNet {
  std::optional<nn::Graph> graph{};  // checked; empty if it is invalid
  std::string reason{};              // why it is invalid
  std::int64_t parameters = 0;
  std::int64_t macs = 0;  // per image, of convolutions and linear layers, padding included
};

/// The meaning of a phenotype.
struct Decoded {
  DecodedNet net{};  // outputs: logits; with a partition point also the head's
  Learning learning{};
  /// The layer after which a second head is attached, counted through all modules.
  std::optional<std::int64_t> partition_point{};
};

/// The inputs and outputs of nets.
struct NetEnds {
  Shape image;  // [H,W,C]
  std::int64_t classes = 10;
};

/// Its input is "input"; the nodes of layer 3, in the second module, are "module1.conv3",
/// "module1.relu3", ..., the output's is "output.fc", the second head's "partition.fc".  A softmax
/// at the output is left to the loss: the graph's outputs are logits.
///
/// Reasons for an invalid net: a shape that vanishes, images after features, more parameters or
/// MACs than NetRules allow, a number that its optimiser cannot have.
///
/// Errors    ArgumentError for a text that is not a phenotype: a word without ':', an unknown name
///           or value, something missing; or for an output that does not have `classes` units.
Decoded decode(const std::string& phenotype, const NetEnds& ends, const NetRules& rules);

/// A module alone: its text, as phenotype_of(genotype, module, grammar) gives it, read as a net.
/// Also invalid if it has no layer or no parameter.
DecodedNet decode_module(const std::string& phenotype, const Shape& input, const NetRules& rules);

/// Errors    ArgumentError if the name or the value is not in any vocabulary; `value` is empty for
///           numbers.
void check_word(const std::string& name, const std::string& value);

}  // namespace joule::evolution

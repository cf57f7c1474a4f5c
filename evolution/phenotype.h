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

// From the text of a phenotype to what is trained.
namespace joule::evolution {

/// How a net is trained, as its genes say.  What the optimiser does not know stays as it is here.
struct Learning {
  std::string optimizer = "sgd";  // sgd, adam, rmsprop, lars
  double lr = 0.01;               // of lars: of the weights
  double lr_biases = 0.001;       // of lars
  double decay = 0;               // lr / (1 + decay step), as Fast-DENSER's optimisers have it
  double momentum = 0, weight_decay = 0;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999;
  bool amsgrad = false;
  double alpha = 0.99;  // of rmsprop
  std::int64_t batch = 128;
  std::int64_t epochs = 10'000;  // at most
  std::int64_t early_stop = 10;  // epochs without a better validation loss, then it stops
  double l0_lambda = 0;          // of the L0 penalty
  friend bool operator==(const Learning&, const Learning&) = default;
};

/// The optimiser that the genes ask for.
/// Errors    as the optimiser's.
std::unique_ptr<Optimizer> make_optimizer(const Learning& learning,
                                          std::vector<NamedTensor> parameters);
/// lr / (1 + decay step): of step 0, 1, ...
double learning_rate_at(const Learning& learning, std::int64_t step);

/// A net, or why there is none.
struct DecodedNet {
  std::optional<nn::Graph> graph{};  // checked; none if it is invalid
  std::string reason{};              // then why
  std::int64_t parameters = 0;
  std::int64_t macs = 0;  // per image, of convolutions and linear layers, padding included
};

/// What a phenotype says.
struct Decoded {
  DecodedNet net{};  // outputs: logits; with a partition point also those of the head there
  Learning learning{};
  /// The layer after which a second head reads, counted through all modules.
  std::optional<std::int64_t> partition_point{};
};

/// What nets read and put out.
struct NetEnds {
  Shape image;  // [H,W,C]
  std::int64_t classes = 10;
};

/// Input "input"; the nodes of layer 3, in the second module, are "module1.conv3",
/// "module1.relu3" ..., the output's "output.fc", the second head's "partition.fc".  A softmax at
/// the output is left to the loss: the graph's outputs are logits.
///
/// Invalid nets have a reason: a shape that vanishes, images after features, more parameters or
/// MACs than NetRules allow, an optimiser's number that it cannot have.
///
/// Errors    ArgumentError for a text that is no phenotype: a word without ':', a name or a value
///           that is not known, something missing; for an output that has not `classes` units.
Decoded decode(const std::string& phenotype, const NetEnds& ends, const NetRules& rules);

/// The module alone: its text as phenotype_of(genotype, module, grammar) gives it, read as a net.
/// Invalid also if it has no layer or no parameter.
DecodedNet decode_module(const std::string& phenotype, const Shape& input, const NetRules& rules);

/// Errors    ArgumentError if the name or the value is in no vocabulary; `value` is empty for a
///           number.
void check_word(const std::string& name, const std::string& value);

}  // namespace joule::evolution

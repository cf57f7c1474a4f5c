// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/shape.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/layers/graph/attributes.h"
#include "joule/layers/module.h"

namespace joule::nn {

/// The rule for one attribute.
struct AttributeRule {
  std::string name;
  Attribute preset;                                         // its type and default value
  bool required = false;                                    // if true, `preset` gives only the type
  double least = -std::numeric_limits<double>::infinity();  // of numbers, also of those in a list
  double most = std::numeric_limits<double>::infinity();
  std::size_t length = 0;              // of a list; 0: any
  std::vector<std::string> choices{};  // of a text; empty: any
};

/// A parameter or buffer of a layer, by the name under which its module registers it.
struct WeightRule {
  std::string name;
  Shape shape;
};

/// What a layer does with zeros in its input.
enum class ReadZeros {
  unknown,
  save,  // where zeros are skipped, each zero saves the MACs that it would take part in
  pass,  // an output is zero where all the inputs it is made from are zero
  lost,  // its outputs are not zero there
};

/// A kind of node: all that is known about it, in one place.  If a function is missing, its
/// question cannot be answered for this kind, and asking it is an error that names the kind.
struct Kind {
  std::string name;
  std::vector<AttributeRule> attributes{};
  std::size_t least_inputs = 1, most_inputs = 1;
  /// Makes a new module of this kind.  Its spec() must give the same kind and attributes.
  std::function<std::shared_ptr<Module>(const Attributes&)> make{};
  /// The output's shape from the inputs' shapes, all with the batch first.  Throws ArgumentError
  /// (expected, got) if they do not fit.  If missing, the shape is found by running one image
  /// through make(attributes).
  std::function<Shape(const Attributes&, std::span<const Shape>)> shape{};
  /// Parameters, then buffers.  If missing, those of make(attributes).
  std::function<std::vector<WeightRule>(const Attributes&)> weights{};
  /// The number of operations that the accelerator models count for output y of input x, both with
  /// the batch first; see training/energy/asic_counts.h.
  std::function<std::int64_t(const Attributes&, const Shape& x, const Shape& y)> operations{};
  ReadZeros zeros = ReadZeros::unknown;
};

/// Registers a kind with everything that reads graphs, for the rest of the process.
///
/// Errors    ArgumentError if the name is empty or taken, or `make` is missing.
void register_kind(Kind kind);

/// The kind of that name, or null.
const Kind* find_kind(std::string_view name);
/// Errors    ArgumentError that names the kind and lists the existing ones.
const Kind& kind_of(std::string_view name);
/// The names of all kinds, sorted.
std::vector<std::string> kind_names();

/// The attributes, with the missing ones at their defaults.
///
/// Errors    ArgumentError if an attribute is unknown to the kind, required and missing, of another
///           type, or out of range.
Attributes completed(const Kind& kind, const Attributes& attributes);

/// The parameters and buffers of a node of this kind.
std::vector<WeightRule> weights_of(const Kind& kind, const Attributes& attributes);

/// The parameters of a Conv2d.
ConvParams conv_params(const Attributes& attributes);

/// Joule's own layers.
std::vector<Kind> built_in_kinds();
/// Of these: Sub, Mul, Div and Clip.
std::vector<Kind> merge_kinds();

}  // namespace joule::nn

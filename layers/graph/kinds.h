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

/// What an attribute may be.
struct AttributeRule {
  std::string name;
  Attribute preset;       // its value unless it is given, and its type
  bool required = false;  // then the preset is only the type
  double least = -std::numeric_limits<double>::infinity();  // of numbers, and of those in a list
  double most = std::numeric_limits<double>::infinity();
  std::size_t length = 0;              // of a list; 0: any
  std::vector<std::string> choices{};  // of a text; empty: any
};

/// A parameter or buffer of a layer: the name under which its module registers it.
struct WeightRule {
  std::string name;
  Shape shape;
};

/// What becomes of the zeros that a layer reads.
enum class ReadZeros {
  unknown,
  save,  // the MACs that each of them would meet are saved where zeros are skipped
  pass,  // what it puts out is zero where all that it is made of is
  lost,  // what it puts out is not
};

/// A kind of node: everything that is known of it, in one place.  What a
/// missing function would say cannot be asked of this kind: an error names it.
struct Kind {
  std::string name;
  std::vector<AttributeRule> attributes{};
  std::size_t least_inputs = 1, most_inputs = 1;
  /// A fresh module of this kind.  Its spec() must say the same kind and attributes.
  std::function<std::shared_ptr<Module>(const Attributes&)> make{};
  /// The output's shape from those of the inputs, all with the batch in front.  Throws
  /// ArgumentError (expected, got) if they do not fit.  Unless given: found by running one image
  /// through make(attributes).
  std::function<Shape(const Attributes&, std::span<const Shape>)> shape{};
  /// Parameters, then buffers.  Unless given: those of make(attributes).
  std::function<std::vector<WeightRule>(const Attributes&)> weights{};
  /// How many operations the accelerator models count for an output y of an input x, both with the
  /// batch in front; see training/energy/asic_counts.h.
  std::function<std::int64_t(const Attributes&, const Shape& x, const Shape& y)> operations{};
  ReadZeros zeros = ReadZeros::unknown;
};

/// Makes a kind known to everything that reads graphs, for the rest of the process.
///
/// Errors    ArgumentError if there is one of that name, the name is empty, or there is no make.
void register_kind(Kind kind);

/// The kind of that name, or null.
const Kind* find_kind(std::string_view name);
/// Errors    ArgumentError that names the kind and lists those that there are.
const Kind& kind_of(std::string_view name);
/// The names of all of them, sorted.
std::vector<std::string> kind_names();

/// The attributes with what was left out at its preset.
///
/// Errors    ArgumentError: an attribute that the kind has not, or lacks; of another type; out of
///           range.
Attributes completed(const Kind& kind, const Attributes& attributes);

/// The parameters and buffers of a node of that kind.
std::vector<WeightRule> weights_of(const Kind& kind, const Attributes& attributes);

/// Of a Conv2d.
ConvParams conv_params(const Attributes& attributes);

/// Joule's own layers.
std::vector<Kind> built_in_kinds();
/// Of these Sub, Mul, Div and Clip.
std::vector<Kind> merge_kinds();

}  // namespace joule::nn

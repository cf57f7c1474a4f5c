// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/state.h"
#include "joule/layers/graph/graph.h"

namespace joule::exchange {

/// An input or output of an ONNX file, and how its values map to the net's.
struct OnnxPort {
  std::string name;                 // in the file
  std::vector<std::int64_t> dims;   // in the file, without the batch: [C,H,W]
  std::vector<std::int64_t> order;  // the net's value i of an image is the file's value order[i]
};

/// A net from an ONNX file.
struct OnnxNet {
  nn::Graph graph;  // named after the file
  State weights{};  // of nn::Net(graph)
  std::vector<OnnxPort> inputs{}, outputs{};
  std::map<std::string, std::string> metadata{};
};

/// Whether Joule treats a path as an ONNX file: "resnet18.onnx".
bool is_onnx_path(std::string_view path);
/// The operator sets of the domain ONNX that can be read.
inline constexpr int kOldestOpset = 11, kNewestOpset = 25;

/// Reads an ONNX file as a net of Joule's kinds, with its weights; external data is read from
/// beside it.  Images [N,C,H,W] become [N,H,W,C] once, at the inputs, and weights accordingly, also
/// the columns of a layer behind a flattened image.  An input that is only ever transposed to
/// [N,C,H,W] is treated as [N,H,W,C] already.  The first dimension is the batch and becomes free.
/// Values computed only from constants and shapes are folded.  docs/onnx.md lists the operators and
/// what each becomes.
///
/// Cost      the file twice in memory; allocates nothing on the file's word alone.
/// Errors    DataError (path, node, operator, what is wrong): no such file, not ONNX, an
///           unsupported operator set or operator, an attribute or shape that no kind has, a cycle,
///           a value that no node produces, missing data, more than kMostNodes nodes;
///           DataError if Joule was built without ONNX.
/// Numerics  f16 and bf16 are widened, exactly; f64 is refused unless it is cast.  Constants
///           are folded in double and rounded once per operator.
/// Source    github.com/onnx/onnx, docs/Operators.md and docs/IR.md.
OnnxNet import_onnx(const std::string& path);

/// The same for a file's bytes; `path` is for error messages and for finding external data.
OnnxNet parse_onnx(std::string_view bytes, const std::string& path);

}  // namespace joule::exchange

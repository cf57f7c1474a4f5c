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

/// An input or output of an ONNX file, and where its values lie in the net's.
struct OnnxPort {
  std::string name;                 // in the file
  std::vector<std::int64_t> dims;   // there, without the batch: [C,H,W]
  std::vector<std::int64_t> order;  // the net's value i of an image is the file's value order[i]
};

/// A net from an ONNX file.
struct OnnxNet {
  nn::Graph graph;  // named after the file
  State weights{};  // of nn::Net(graph)
  std::vector<OnnxPort> inputs{}, outputs{};
  std::map<std::string, std::string> metadata{};
};

/// What Joule takes for a file of ONNX: "resnet18.onnx".
bool is_onnx_path(std::string_view path);
/// The domain ONNX's own operator sets that are read.
inline constexpr int kOldestOpset = 11, kNewestOpset = 25;

/// Reads an ONNX file as a net of Joule's kinds, with its weights; external data lies beside it.
/// Images [N,C,H,W] become [N,H,W,C] once, at the inputs, weights accordingly, the columns of a
/// layer behind a flattened image too; an input that is only ever transposed to [N,C,H,W] is one
/// already.  The first dimension is the batch and becomes free.  What is computed from constants
/// and shapes alone is folded.  docs/onnx.md lists the operators and what each becomes.
///
/// Cost      the file twice in memory; nothing is allocated by the file's own claim.
/// Errors    DataError (path, node, operator, what is wrong): no such file, not ONNX, an operator
///           set or operator that is not read, an attribute or a shape that no kind has, a cycle,
///           a value that nothing makes, data that is not there, more than kMostNodes nodes;
///           DataError if Joule was built without ONNX.
/// Numerics  f16 and bf16 are widened, exactly; f64 is refused where it is not cast.  Constants
///           are folded in double and rounded once per operator.
/// Source    github.com/onnx/onnx, docs/Operators.md and docs/IR.md.
OnnxNet import_onnx(const std::string& path);

/// The same of a file's bytes; `path` is for the messages, and external data lies beside it.
OnnxNet parse_onnx(std::string_view bytes, const std::string& path);

}  // namespace joule::exchange

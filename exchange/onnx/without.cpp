// SPDX-License-Identifier: MIT
//
// In place of all other files here where ONNX's library was not found.
#include "joule/core/error.h"
#include "joule/exchange/onnx/export.h"
#include "joule/exchange/onnx/import.h"

namespace joule::exchange {
namespace {

constexpr const char* kWithout =
    "this Joule was built without ONNX: install libonnx-dev and libprotobuf-dev, and build it "
    "again";

}  // namespace

bool is_onnx_path(std::string_view path) { return path.ends_with(".onnx"); }

OnnxNet parse_onnx(std::string_view, const std::string& path) {
  throw DataError(str(path, ": ", kWithout));
}

OnnxNet import_onnx(const std::string& path) { return parse_onnx({}, path); }

std::string to_onnx(const nn::Graph& graph, const State&,
                    const std::map<std::string, std::string>&) {
  throw DataError(str(graph.name, ": ", kWithout));
}

}  // namespace joule::exchange

// SPDX-License-Identifier: MIT
#include "joule/layers/graph/graph.h"

#include "joule/core/error.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) {
  nn::Graph graph;
  try {
    graph = nn::parse_graph(bytes, "net.json");
  } catch (const DataError&) {
    return;
  }
  // What was accepted has shapes and weights, and is the same when it is written and read again.
  require(!shapes_of(graph).empty(), "no shapes");
  for (const auto& [name, shape] : weights_of(graph)) require(shape.numel() > 0, "no weights");
  require(nn::parse_graph(to_json(graph), "net.json") == graph, "another graph");
}

std::vector<std::string> seeds() {
  const std::string head = R"({"format":"joule net","version":1,"name":"n","inputs":)";
  return {head + R"([{"name":"x","shape":[4,4,2]}],"nodes":[{"name":"c","kind":"Conv2d","inputs":)"
                 R"(["x"],"attributes":{"in":2,"out":3,"kernel":[3,3],"padding":[1,1]}},)"
                 R"({"name":"b","kind":"BatchNorm","inputs":["c"],"attributes":{"channels":3,)"
                 R"("epsilon":1e-05}},{"name":"a","kind":"Add","inputs":["c","b"]},{"name":"f",)"
                 R"("kind":"Flatten","inputs":["a"]}],"outputs":["f","b"]})",
          head + R"([{"name":"x","shape":[9]},{"name":"y","shape":[9]}],"nodes":[{"name":"p.q",)"
                 R"("kind":"Concat","inputs":["y","r","x"]},{"name":"r","kind":"Dropout","inputs":)"
                 R"(["x"],"attributes":{"probability":0.5}},{"name":"l","kind":"Linear","inputs":)"
                 R"(["p.q"],"attributes":{"in":27,"out":1,"bias":false,"init":"xavier_normal"}}],)"
                 R"("outputs":["l"]})",
          head +
              R"([{"name":"x","shape":[4,4,1]}],"nodes":[{"name":"p","kind":"MaxPool2d",)"
              R"("inputs":["x"],"attributes":{"kernel":[2,2],"stride":[2,2]}}],"outputs":["p"]})",
          head + test::nested_json(80) + "}"};
}

}  // namespace

const Reader kGraph{.name = "graph", .read = read, .seeds = seeds};

}  // namespace joule::fuzz

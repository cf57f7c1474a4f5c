// SPDX-License-Identifier: MIT
#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_text.h"
#include "joule/layers/graph/graph.h"
#include "joule/layers/graph/kinds.h"

namespace joule::nn {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "joule net";
constexpr int kVersion = 1;

ordered_json json_of(const Attribute& attribute) {
  return std::visit([](const auto& value) { return ordered_json(value); }, attribute);
}

ordered_json json_of(const Node& node) {
  const Kind& kind = kind_of(node.kind);
  ordered_json json{{"name", node.name}, {"kind", node.kind}, {"inputs", node.inputs}};
  ordered_json attributes;
  for (const AttributeRule& rule : kind.attributes) {
    const Attribute& value = *node.attributes.find(rule.name);
    if (rule.required || value != rule.preset) attributes[rule.name] = json_of(value);
  }
  if (!attributes.is_null()) json["attributes"] = std::move(attributes);
  return json;
}

/// Reads one file.  `where` in messages is the node or part that is read.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  Graph graph(const ordered_json& json) const {
    require_members("the file", json, {"format", "version", "name", "inputs", "nodes", "outputs"},
                    {});
    if (json["format"] != kFormat || json["version"] != kVersion) {
      fail(str("expected format '", kFormat, "', version ", kVersion, ", got ",
               json["format"].dump(), ", ", json["version"].dump()));
    }
    Graph graph{.name = text("the file", json, "name")};
    for (const ordered_json& input : array("the file", json, "inputs")) {
      require_members("an input", input, {"name", "shape"}, {});
      const std::string name = text("an input", input, "name");
      const auto extents = integers(str("input '", name, "'"), "shape", input["shape"]);
      if (extents.size() >= Shape::kMaxRank ||
          std::ranges::any_of(extents, [](auto d) { return d < 1 || d > kMostExtent; })) {
        fail(str("input '", name, "': 'shape' cannot be ", input["shape"].dump()));
      }
      graph.inputs.push_back({name, Shape(extents)});
    }
    for (const ordered_json& node : array("the file", json, "nodes")) {
      graph.nodes.push_back(this->node(node));
    }
    graph.outputs = texts("the file", json, "outputs");
    return graph;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw DataError(str(path_, ": ", what)); }

  void require_members(const std::string& where, const ordered_json& json,
                       std::initializer_list<std::string_view> needed,
                       std::initializer_list<std::string_view> allowed) const {
    if (!json.is_object()) fail(str(where, ": expected a JSON object, got ", start_of(json)));
    for (const std::string_view name : needed) {
      if (!json.contains(name)) fail(str(where, ": '", name, "' is missing"));
    }
    for (const auto& [name, value] : json.items()) {
      if (!std::ranges::count(needed, name) && !std::ranges::count(allowed, name)) {
        fail(str(where, ": there is no '", name, "'"));
      }
    }
  }

  /// Of what may be long.
  static std::string start_of(const ordered_json& json) {
    constexpr std::size_t kMost = 60;
    const std::string text = json.dump();
    return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
  }

  const ordered_json& array(const std::string& where, const ordered_json& json,
                            const char* name) const {
    if (!json[name].is_array()) {
      fail(str(where, ": '", name, "' must be a list, got ", start_of(json[name])));
    }
    if (json[name].size() > kMostNodes) {
      fail(
          str(where, ": '", name, "': expected at most ", kMostNodes, ", got ", json[name].size()));
    }
    return json[name];
  }

  std::string text(const std::string& where, const ordered_json& json, const char* name) const {
    if (!json[name].is_string()) {
      fail(str(where, ": '", name, "' must be a text, got ", start_of(json[name])));
    }
    return json[name].get<std::string>();
  }

  std::vector<std::string> texts(const std::string& where, const ordered_json& json,
                                 const char* name) const {
    std::vector<std::string> all;
    for (const ordered_json& each : array(where, json, name)) {
      if (!each.is_string()) fail(str(where, ": '", name, "': not a name: ", start_of(each)));
      all.push_back(each.get<std::string>());
    }
    return all;
  }

  std::int64_t integer(const std::string& where, const std::string& name,
                       const ordered_json& json) const {
    const bool large =
        json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    if (!json.is_number_integer() || large) {
      fail(str(where, ": '", name, "': expected a whole number, got ", start_of(json)));
    }
    return json.get<std::int64_t>();
  }

  std::vector<std::int64_t> integers(const std::string& where, const std::string& name,
                                     const ordered_json& json) const {
    if (!json.is_array() || json.size() > kMostNodes) {
      fail(str(where, ": '", name, "': expected a list of whole numbers, got ", start_of(json)));
    }
    std::vector<std::int64_t> all;
    for (const ordered_json& each : json) all.push_back(integer(where, name, each));
    return all;
  }

  Attribute attribute(const std::string& where, const AttributeRule& rule,
                      const ordered_json& json) const {
    switch (rule.preset.index()) {
      case 0:
        return integer(where, rule.name, json);
      case 1:
        if (json.is_number()) return json.get<double>();
        break;
      case 2:
        if (json.is_boolean()) return json.get<bool>();
        break;
      case 3:
        if (json.is_string()) return json.get<std::string>();
        break;
      default:
        return integers(where, rule.name, json);
    }
    fail(str(where, ": '", rule.name, "': expected ", type_of(rule.preset), ", got ",
             start_of(json)));
  }

  Node node(const ordered_json& json) const {
    require_members("a node", json, {"name", "kind", "inputs"}, {"attributes"});
    Node node{.name = text("a node", json, "name"), .kind = text("a node", json, "kind")};
    const std::string where = str("node '", node.name, "', ", node.kind);
    node.inputs = texts(where, json, "inputs");
    const Kind* const kind = find_kind(node.kind);
    if (!kind || !json.contains("attributes")) return node;  // checked() says which kinds there are
    const ordered_json& attributes = json["attributes"];
    if (!attributes.is_object()) {
      fail(str(where, ": 'attributes' must be a JSON object, got ", start_of(attributes)));
    }
    for (const auto& [name, value] : attributes.items()) {
      const auto rule = std::ranges::find(kind->attributes, name, &AttributeRule::name);
      if (rule == kind->attributes.end()) fail(str(where, ": there is no attribute '", name, "'"));
      node.attributes.set(name, attribute(where, *rule, value));
    }
    return node;
  }

  const std::string& path_;
};

std::string lines(const std::vector<ordered_json>& each) {
  std::string text = "[";
  for (const ordered_json& json : each)
    text += (text.size() > 1 ? ",\n    " : "\n    ") + json.dump();
  return text + "\n  ]";
}

}  // namespace

std::string to_json(const Graph& graph) {
  const Graph complete = checked(graph);
  std::vector<ordered_json> inputs, nodes;
  for (const auto& [name, shape] : complete.inputs) {
    inputs.push_back(
        {{"name", name}, {"shape", std::vector<std::int64_t>(shape.begin(), shape.end())}});
  }
  for (const Node& node : complete.nodes) {
    require(find_kind(node.kind) != nullptr, "graph: node '", node.name, "' is a ", node.kind,
            ", of no registered kind: a file could not be read again");
    nodes.push_back(json_of(node));
  }
  return str("{\n  \"format\": ", ordered_json(kFormat).dump(), ",\n  \"version\": ", kVersion,
             ",\n  \"name\": ", ordered_json(graph.name).dump(), ",\n  \"inputs\": ", lines(inputs),
             ",\n  \"nodes\": ", lines(nodes),
             ",\n  \"outputs\": ", ordered_json(complete.outputs).dump(), "\n}\n");
}

Graph parse_graph(std::string_view text, const std::string& path) {
  if (const std::string fault = fault_of_json(text); !fault.empty()) {
    throw DataError(str(path, ": ", fault));
  }
  const Graph graph = Reader(path).graph(ordered_json::parse(text));
  try {
    return checked(graph);
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
}

}  // namespace joule::nn

// SPDX-License-Identifier: MIT
#include "joule/layers/graph/net.h"

#include <algorithm>
#include <map>

#include "joule/core/error.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/modes_kept.h"

namespace joule::nn {
namespace {

/// Where the modules lie whose names begin alike; it is never run itself.
class Group final : public Module {
 public:
  std::string describe() const override { return "Group()"; }

 private:
  Tensor forward(Tensor) override {
    throw ArgumentError(str(name(), ": a group of layers cannot run alone"));
  }
};

/// "block1.main.conv1" -> "block1.main", "conv1"
std::pair<std::string, std::string> split(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {"", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

}  // namespace

Module& Net::group_of(const std::string& path) {
  Module* group = this;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const auto& children = group->children();
    const auto found =
        std::ranges::find_if(children, [&](const auto& child) { return child->name() == part; });
    if (found == children.end()) {
      group->adopt(part, std::make_shared<Group>());
      group = group->children().back().get();
    } else {
      group = found->get();
    }
    begin = end + 1;
  }
  return *group;
}

void Net::place(const Graph& graph, std::size_t node, const std::shared_ptr<Module>& module) {
  const std::string& name = graph.nodes[node].name;
  const std::string prefix = name + ".";
  const bool is_group = std::ranges::any_of(
      graph.nodes, [&](const Node& other) { return other.name.starts_with(prefix); });
  if (!is_group) {
    const auto [path, last] = split(name);
    group_of(path).adopt(last, module);
    return;
  }
  require(module->parameters().empty() && module->buffers().empty(), "graph: node '", name, "', ",
          graph.nodes[node].kind, ": it has weights, so no other node's name can begin with '",
          name, ".'");
  group_of(name).adopt("=", module);
}

Net::Net(const Graph& graph) {
  const Graph complete = checked(graph);
  std::map<std::string, std::size_t> values;
  for (const GraphInput& input : complete.inputs) values.emplace(input.name, values.size());
  built_.inputs = values.size();
  for (std::size_t i = 0; i < complete.nodes.size(); ++i) {
    const Node& node = complete.nodes[i];
    const std::shared_ptr<Module> module = kind_of(node.kind).make(node.attributes);
    place(complete, i, module);
    BuiltGraph::BuiltNode built{
        .name = node.name, .spec = {node.kind, node.attributes}, .module = module.get()};
    for (const std::string& input : node.inputs) built.inputs.push_back(values.at(input));
    built_.nodes.push_back(std::move(built));
    values.emplace(node.name, values.size());
  }
  for (const std::string& output : complete.outputs) built_.outputs.push_back(values.at(output));
  executor_ = std::make_shared<const GraphExecutor>(built_);
}

Net::Net(Sequential net) : built_(GraphBuilder::build(net)) {
  for (const std::shared_ptr<Module>& child : net.children()) adopt(child->name(), child);
  {
    const ModesKept kept(net);
    train(net.training());
  }
  executor_ = std::make_shared<const GraphExecutor>(built_);
}

Value Net::add_to(GraphBuilder& graph, Value x) { return graph.splice(built_, x); }

std::vector<Tensor> Net::run(std::vector<Tensor> inputs) {
  require(executor_ != nullptr, "net: it is empty");
  return executor_->run(std::move(inputs));
}

std::vector<Tensor> Net::run(Tensor x) {
  std::vector<Tensor> values;
  values.push_back(std::move(x));
  if (outputs() != 1) return run(std::move(values));
  values[0] = (*this)(std::move(values[0]));
  return values;
}

Tensor Net::forward(Tensor x) {
  require(executor_ != nullptr, "net: it is empty");
  return executor_->run(std::move(x));
}

}  // namespace joule::nn

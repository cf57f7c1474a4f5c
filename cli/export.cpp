// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/core/error.h"
#include "joule/exchange/onnx/export.h"
#include "joule/exchange/pytorch/export.h"
#include "joule/io/atomic_file.h"
#include "joule/io/json_dump.h"
#include "joule/io/safetensors.h"
#include "joule/layers/graph/builder.h"
#include "joule/measure/open_net.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule export --model runs/first --onnx first.onnx
      the trained net for ONNX Runtime, PyTorch, Netron and the like: operator
      set 17, images [N,C,H,W], any batch
  joule export --model anyone.onnx --onnx again.onnx
      as Joule read it: batch dimension free, constants folded
  joule export --model runs/first --pytorch first.py
      a PyTorch module, first.py with the class Net, and first.safetensors with
      the weights that it loads

The images that the net takes are normalised as the metadata joule.mean and
joule.deviation (of a module, its docstring) say: (pixel / 255 - mean) /
deviation.  A kind of layer that the other program does not have is an error
that names it.)";

constexpr std::string_view kPython = ".py";

struct Options {
  std::string model, onnx, pytorch;
};

/// What the net's own files say of it.
std::map<std::string, std::string> metadata_of(const training::Model& model) {
  std::map<std::string, std::string> metadata{{"joule.model", model.spec.name}};
  const auto add = [&](const char* key, const nlohmann::ordered_json& value) {
    if (!value.empty()) metadata[key] = dumped(value);
  };
  if (!model.data.empty()) metadata["joule.data"] = model.data;
  add("joule.mean", model.mean);
  add("joule.deviation", model.deviation);
  add("joule.class_names", model.class_names);
  if (model.fit) metadata["joule.fit"] = name(*model.fit);
  return metadata;
}

void write_onnx(const std::string& path, const nn::Graph& graph, training::Model& model) {
  const std::string bytes = exchange::to_onnx(graph, model.net.state(), metadata_of(model));
  write_file_atomically(path, bytes);
  fmt::print("{}: {} with {} layers and {} parameters, ONNX operator set {}, {} bytes\n", path,
             graph.name, graph.nodes.size(), model.net.parameter_count(), exchange::kWrittenOpset,
             bytes.size());
}

void write_pytorch(const std::string& path, const nn::Graph& graph, training::Model& model) {
  const exchange::PytorchNet net =
      exchange::to_pytorch(graph, model.net.state(), metadata_of(model));
  const std::string weights = path.substr(0, path.size() - kPython.size()) + ".safetensors";
  save_safetensors(weights, net.weights, net.save);
  write_file_atomically(path, net.source);
  fmt::print("{}: {} as a PyTorch module of {} layers; {}: its {} parameters\n", path, graph.name,
             graph.nodes.size(), weights, model.net.parameter_count());
}

int export_net(const Options& o) {
  require(!o.onnx.empty() || !o.pytorch.empty(),
          "export: give --onnx F.onnx, --pytorch F.py, or both");
  require(o.pytorch.empty() || (o.pytorch.ends_with(kPython) && o.pytorch.size() > kPython.size()),
          "--pytorch: expected the name of a Python file, F.py, got '", o.pytorch, "'");
  training::Model model = measure::open_model(o.model);
  const ModelSpec& spec = model.spec;
  const nn::Graph graph =
      nn::graph_of(model.net, {spec.image.h, spec.image.w, spec.channels}, spec.name);
  if (!o.onnx.empty()) write_onnx(o.onnx, graph, model);
  if (!o.pytorch.empty()) write_pytorch(o.pytorch, graph, model);
  return 0;
}

}  // namespace

void add_export(Command& app, Run& run) {
  Command* const command = app.add_subcommand("export", "Write a trained net for other programs");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  add_option(*command, "--model,model", o->model,
             "Folder of a run, a model.safetensors, or an ONNX file")
      ->required()
      ->type_name("DIR|FILE");
  add_option(*command, "--onnx", o->onnx, "ONNX file to write")->type_name("F.onnx");
  add_option(*command, "--pytorch", o->pytorch,
             "PyTorch module to write, with its weights beside it in F.safetensors")
      ->type_name("F.py");
  command->callback([o, &run] { run = [o] { return export_net(*o); }; });
}

}  // namespace joule::cli

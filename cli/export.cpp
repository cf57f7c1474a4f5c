// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/exchange/onnx/export.h"
#include "joule/io/atomic_file.h"
#include "joule/io/json_dump.h"
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

The images that the net takes are normalised as the metadata joule.mean and
joule.deviation say: (pixel / 255 - mean) / deviation.  A kind of layer that
ONNX has no operators for is an error that names it.)";

struct Options {
  std::string model, onnx;
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

int export_net(const Options& o) {
  training::Model model = measure::open_model(o.model);
  const ModelSpec& spec = model.spec;
  const nn::Graph graph =
      nn::graph_of(model.net, {spec.image.h, spec.image.w, spec.channels}, spec.name);
  const std::string bytes = exchange::to_onnx(graph, model.net.state(), metadata_of(model));
  write_file_atomically(o.onnx, bytes);
  fmt::print("{}: {} with {} layers and {} parameters, ONNX operator set {}, {} bytes\n", o.onnx,
             spec.name, graph.nodes.size(), model.net.parameter_count(), exchange::kWrittenOpset,
             bytes.size());
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
  add_option(*command, "--onnx", o->onnx, "ONNX file to write")->required()->type_name("F.onnx");
  command->callback([o, &run] { run = [o] { return export_net(*o); }; });
}

}  // namespace joule::cli

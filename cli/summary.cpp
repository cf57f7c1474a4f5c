// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/energy/ledger.h"
#include "joule/io/atomic_file.h"
#include "joule/io/json_dump.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/net.h"
#include "joule/layers/uninitialised.h"
#include "joule/measure/image_size.h"
#include "joule/measure/open_net.h"
#include "joule/models/models.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  joule summary --model small-cnn
  joule summary --model resnet18 --input 32x32x3 --classes 10
  joule summary --model vgg16 --input 64x64x3 --classes 43 --json
  joule summary --model ds-cnn
      a net of MLPerf Tiny, on what it was made for: 49x10x1, 12 classes
  joule summary --model small-cnn --save-net mine.json
      writes the net as data, as joule train --net takes it
  joule summary --net mine.json
  joule summary anyone.onnx

The figures are those of a real forward pass of one image.  A MAC is one
multiply-accumulate whose tap falls inside the image: padding is free.)";

struct Row {
  std::string layer, description;
  Shape output;
  std::int64_t parameters = 0;
  energy::Totals work{};
};

std::int64_t own_parameters(const nn::Module& module) {
  std::int64_t own = module.parameter_count();
  for (const auto& child : module.children()) own -= child->parameter_count();
  return own;
}

/// A net and what it says of itself.
struct Subject {
  nn::Net net;
  nn::Graph graph;
};

/// Runs one image through the net: a row for every layer that computes something of its own.
std::vector<Row> trace(Subject& subject) {
  energy::Ledger ledger;
  std::vector<Row> rows;
  {
    std::vector<Tensor> inputs;
    for (const nn::GraphInput& input : subject.graph.inputs) {
      std::vector<std::int64_t> shape{1};
      shape.insert(shape.end(), input.shape.begin(), input.shape.end());
      inputs.push_back(Tensor::zeros(Shape(shape)));
    }
    const auto subscription = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
      if (event.layer.empty()) return;
      rows.push_back({.layer = std::string(event.layer),
                      .description = event.module.describe(),
                      .output = event.output.shape(),
                      .parameters = own_parameters(event.module)});
    });
    const NoGrad no_grad;
    const energy::Recording recording(ledger);
    subject.net.eval();
    subject.net.run(std::move(inputs));
  }
  for (Row& row : rows) {
    row.work = ledger.total([&](const auto& line) { return line.run.scope.layer == row.layer; });
  }
  return rows;
}

/// One input [H,W,C], one output [K].
bool is_classifier(const nn::Graph& graph) {
  return graph.inputs.size() == 1 && graph.inputs[0].shape.rank() == 3 &&
         graph.outputs.size() == 1 && shapes_of(graph).at(graph.outputs[0]).rank() == 1;
}

/// "28x28x1"
std::string extents_text(std::span<const std::int64_t> extents) {
  std::string text;
  for (const std::int64_t extent : extents) text += (text.empty() ? "" : "x") + str(extent);
  return text;
}

std::string image_text(const Shape& output) {
  return extents_text({output.begin() + 1, output.end()});
}

/// 1,234,567
std::string with_commas(std::int64_t n) {
  const std::string digits = std::to_string(n);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

/// "28x28x1, 10 classes"; of a net of several inputs or outputs each with its name.
std::string ends_text(const nn::Graph& graph) {
  const auto shapes = shapes_of(graph);
  if (is_classifier(graph)) {
    return str("images ", extents_text(graph.inputs[0].shape), ", ", shapes.at(graph.outputs[0])[0],
               " classes");
  }
  std::string text;
  for (const nn::GraphInput& input : graph.inputs) {
    text += str(text.empty() ? "reads " : ", ", input.name, " ", extents_text(input.shape));
  }
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    text += str(i == 0 ? "; puts out " : ", ", graph.outputs[i], " ",
                extents_text(shapes.at(graph.outputs[i])));
  }
  return text;
}

void print_table(const nn::Graph& graph, const std::vector<Row>& rows, const Row& total) {
  report::TextTable table{.head = {"layer", "kind", "output", "parameters", "MACs"}, .names = 2};
  for (const Row& row : rows) {
    table.rows.push_back({row.layer, row.description, image_text(row.output),
                          with_commas(row.parameters), with_commas(row.work.work.macs)});
  }
  table.rows.push_back(
      {"total", "", "", with_commas(total.parameters), with_commas(total.work.work.macs)});
  fmt::print("{}: {}\n\n{}", graph.name, ends_text(graph),
             text_of(table, columns_of(STDOUT_FILENO)));
  if (std::ranges::any_of(graph.nodes, [](const auto& n) { return n.kind == "BatchNorm"; })) {
    fmt::print("\n{}", report::wrapped("Batch norms are counted here; inference (profile, eval, "
                                       "predict) folds those behind a convolution into it.",
                                       columns_of(STDOUT_FILENO)) +
                           "\n");
  }
}

ordered_json list(const Shape& shape) {
  return std::vector<std::int64_t>(shape.begin(), shape.end());
}

ordered_json to_json(const nn::Graph& graph, const std::vector<Row>& rows, const Row& total) {
  const auto shapes = shapes_of(graph);
  ordered_json json{{"model", graph.name}};
  if (is_classifier(graph)) {
    json["input"] = list(graph.inputs[0].shape);
    json["classes"] = shapes.at(graph.outputs[0])[0];
  } else {
    for (const nn::GraphInput& input : graph.inputs) json["inputs"][input.name] = list(input.shape);
    for (const std::string& output : graph.outputs) {
      json["outputs"][output] = list(shapes.at(output));
    }
  }
  json["parameters"] = total.parameters;
  json["macs"] = total.work.work.macs;
  json["layers"] = ordered_json::array();
  for (const Row& row : rows) {
    json["layers"].push_back(
        {{"layer", row.layer},
         {"kind", row.description.substr(0, row.description.find('('))},
         {"description", row.description},
         {"output", std::vector<std::int64_t>(row.output.begin() + 1, row.output.end())},
         {"parameters", row.parameters},
         {"macs", row.work.work.macs}});
  }
  return json;
}

struct Options {
  std::string model = "small-cnn";
  std::string input;                    // empty: what the net is for
  std::optional<std::int64_t> classes;  // as `input`
  std::string net, save_net;
  bool json = false;
};

Subject open(const Options& options) {
  const UninitialisedWeights not_computed_with;
  if (!options.net.empty()) {
    measure::OpenedNet opened = measure::open_net(options.net);
    return {std::move(opened.net), std::move(opened.graph)};
  }
  std::error_code ignored;
  require(is_model_name(options.model) || !std::filesystem::exists(options.model, ignored),
          "--model: expected the name of a net, got the path ", options.model,
          "; joule profile --model tells of a trained one");
  ModelSpec spec = usual_spec(options.model);
  if (!options.input.empty()) {
    const auto [image, channels] = measure::parse_input(options.input);
    spec.image = image;
    spec.channels = channels;
  }
  spec.classes = options.classes.value_or(spec.classes);
  Subject subject{.net = make_model(spec)};
  subject.graph = nn::graph_of(subject.net, {spec.image.h, spec.image.w, spec.channels}, spec.name);
  return subject;
}

int summary(const Options& options) {
  Subject subject = open(options);
  if (!options.save_net.empty()) {
    write_file_atomically(options.save_net, nn::to_json(subject.graph));
  }
  const std::vector<Row> rows = trace(subject);
  Row total{.parameters = subject.net.parameter_count()};
  for (const Row& row : rows) total.work += row.work;
  if (options.json) {
    const ordered_json json = to_json(subject.graph, rows, total);
    fmt::print("{}\n", dumped(with_schema("joule.summary", 1, json), 2));
  } else {
    print_table(subject.graph, rows, total);
  }
  return 0;
}

}  // namespace

void add_summary(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("summary", "Show a net's layers, shapes, parameters and MACs");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  auto* const model = add_option(*command, "--model", options->model, "Net")->capture_default_str();
  auto* const input =
      add_option(
          *command, "--input", options->input,
          "Height, width and channels of the images (default: those that the net is made for)")
          ->type_name("HxWxC");
  auto* const classes = add_option(*command, "--classes", options->classes,
                                   "Classes (default: those that the net is made for)");
  add_option(*command, "--net,net", options->net, "Net as data, or an ONNX file")
      ->type_name("FILE")
      ->excludes(model)
      ->excludes(input)
      ->excludes(classes);
  add_option(*command, "--save-net", options->save_net, "Write the net as data to FILE")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options, &run] { run = [options] { return summary(*options); }; });
}

}  // namespace joule::cli

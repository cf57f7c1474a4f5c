// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/energy/ledger.h"
#include "joule/measure/image_size.h"
#include "joule/models/models.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  joule summary --model small-cnn
  joule summary --model resnet18 --input 32x32x3 --classes 10
  joule summary --model vgg16 --input 64x64x3 --classes 43 --json

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

/// Runs one image through the net: a row for every layer that computes something of its own.
std::vector<Row> trace(nn::Sequential& net, const ModelSpec& spec) {
  energy::Ledger ledger;
  std::vector<Row> rows;
  std::set<std::string> containers;
  {
    const auto subscription = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
      if (event.layer.empty()) return;
      rows.push_back({.layer = std::string(event.layer),
                      .description = event.module.describe(),
                      .output = event.output.shape(),
                      .parameters = own_parameters(event.module)});
      if (!event.module.children().empty()) containers.insert(rows.back().layer);
    });
    const NoGrad no_grad;
    const energy::Recording recording(ledger);
    net.eval();
    net(Tensor::zeros({1, spec.image.h, spec.image.w, spec.channels}));
  }
  for (Row& row : rows) {
    row.work = ledger.total([&](const auto& line) { return line.run.scope.layer == row.layer; });
  }
  std::erase_if(rows,
                [&](const Row& row) { return containers.count(row.layer) && !row.work.calls; });
  return rows;
}

std::string image_text(const Shape& output) {
  std::string text;
  for (int i = 1; i < output.rank(); ++i) text += str(i > 1 ? "x" : "", output[i]);
  return text;
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

void print_table(const ModelSpec& spec, const std::vector<Row>& rows, const Row& total) {
  report::TextTable table{.head = {"layer", "kind", "output", "parameters", "MACs"}, .names = 2};
  for (const Row& row : rows) {
    table.rows.push_back({row.layer, row.description, image_text(row.output),
                          with_commas(row.parameters), with_commas(row.work.work.macs)});
  }
  table.rows.push_back(
      {"total", "", "", with_commas(total.parameters), with_commas(total.work.work.macs)});
  fmt::print("{}: images {}x{}, {} classes\n\n{}", spec.name, str(spec.image), spec.channels,
             spec.classes, text_of(table, columns_of(STDOUT_FILENO)));
}

ordered_json to_json(const ModelSpec& spec, const std::vector<Row>& rows, const Row& total) {
  ordered_json layers = ordered_json::array();
  for (const Row& row : rows) {
    layers.push_back(
        {{"layer", row.layer},
         {"kind", row.description.substr(0, row.description.find('('))},
         {"description", row.description},
         {"output", std::vector<std::int64_t>(row.output.begin() + 1, row.output.end())},
         {"parameters", row.parameters},
         {"macs", row.work.work.macs}});
  }
  return {{"model", spec.name},           {"input", {spec.image.h, spec.image.w, spec.channels}},
          {"classes", spec.classes},      {"parameters", total.parameters},
          {"macs", total.work.work.macs}, {"layers", layers}};
}

struct Options {
  std::string model = "small-cnn", input = "28x28x1";
  std::int64_t classes = 10;
  bool json = false;
};

int summary(const Options& options) {
  const auto [image, channels] = measure::parse_input(options.input);
  const ModelSpec spec{
      .name = options.model, .image = image, .channels = channels, .classes = options.classes};
  nn::Sequential net = make_model(spec);
  const std::vector<Row> rows = trace(net, spec);
  Row total{.parameters = net.parameter_count()};
  for (const Row& row : rows) total.work += row.work;
  if (options.json) {
    fmt::print("{}\n", to_json(spec, rows, total).dump(2));
  } else {
    print_table(spec, rows, total);
  }
  return 0;
}

}  // namespace

void add_summary(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("summary", "Show a net's layers, shapes, parameters and MACs");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  add_option(*command, "--model", options->model, "Net")->capture_default_str();
  add_option(*command, "--input", options->input, "Height, width and channels of the images")
      ->capture_default_str()
      ->type_name("HxWxC");
  add_option(*command, "--classes", options->classes, "Classes")->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options, &run] { run = [options] { return summary(*options); }; });
}

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/options/option.h"
#include "joule/core/error.h"
#include "joule/exchange/pytorch/match.h"
#include "joule/io/input_file.h"
#include "joule/io/stored_tensors.h"
#include "joule/layers/flattened_inputs.h"
#include "joule/layers/graph/builder.h"
#include "joule/measure/image_size.h"
#include "joule/measure/open_net.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule import --pytorch resnet18.safetensors --model resnet18 \
      --mean 0.491,0.482,0.447 --deviation 0.247,0.243,0.262 \
      --out r18.safetensors
      weights of PyTorch for one of Joule's nets; the names are matched, and
      shown in a table
  joule import --pytorch w.safetensors --net mine.json --map names.json \
      --mean 0.5 --deviation 0.5 --out mine.safetensors
      names.json gives names of the file and of the net, of tensors or of
      layers: {"features.0": "conv1", "classifier": "fc"}
  joule eval --model r18.safetensors --data cifar-10

In PyTorch, safetensors.torch.save_file(net.state_dict(), F) writes such a file.
A name that could be any of several is an error. A net that has no description
here is better exported from PyTorch to ONNX: every command of Joule reads that.)";

struct Options {
  std::string pytorch, model, net, map, out, input, data;
  std::optional<std::int64_t> classes;
  bool in_order = false, ignore_rest = false;
  measure::Normalization normalization;
};

training::Model new_model(const Options& o) {
  if (!o.net.empty()) {
    require(measure::is_net_path(o.net), "--net: expected a net as data, F.json, got '", o.net,
            "'");
    return measure::fresh_model(o.net);
  }
  ModelSpec spec = usual_spec(o.model);
  if (!o.input.empty()) {
    const auto [image, channels] = measure::parse_input(o.input);
    spec.image = image;
    spec.channels = channels;
  }
  spec.classes = o.classes.value_or(spec.classes);
  return {.spec = spec, .net = make_model(spec)};
}

std::map<std::string, std::string> given_names(const std::string& path) {
  if (path.empty()) return {};
  const auto fail = [&](const std::string& what) {
    throw DataError(str(path, ": ", what, R"(: expected {"name in the file": "name in the net"})"));
  };
  const auto json = nlohmann::json::parse(read_file(path), nullptr, false);
  if (!json.is_object()) fail("is no JSON object");
  std::map<std::string, std::string> names;
  for (const auto& [from, to] : json.items()) {
    if (!to.is_string()) fail(str("the value of '", from, "' is no text"));
    names[from] = to.get<std::string>();
  }
  return names;
}

/// In PyTorch's layout.
Shape channels_first(const Shape& shape) {
  return shape.rank() == 4 ? Shape{shape[0], shape[3], shape[1], shape[2]} : shape;
}

/// Which layers of the net read a flattened image in PyTorch's order: as the file states it, or
/// all.
FlattenedInputs flattened_in(const LoadOptions& stated,
                             const std::vector<exchange::WeightMatch>& matches, nn::Module& net,
                             const Shape& image) {
  if (!stated.flattened) return nn::flattened_inputs(net, image);
  FlattenedInputs flattened;
  for (const exchange::WeightMatch& match : matches) {
    const auto found = stated.flattened->find(match.file.substr(0, match.file.rfind('.')));
    if (found != stated.flattened->end()) {
      flattened[match.net.substr(0, match.net.rfind('.'))] = found->second;
    }
  }
  return flattened;
}

void print_table(const std::vector<exchange::WeightMatch>& matches) {
  std::size_t file = 4, net = 3;
  for (const auto& match : matches) {
    file = std::max(file, match.file.size());
    net = std::max(net, match.net.size());
  }
  fmt::print("{:<{}}  {:<{}}  {:<16}  {}\n", "file", file, "net", net, "shape", "matched by");
  for (const auto& match : matches) {
    fmt::print("{:<{}}  {:<{}}  {:<16}  {}\n", match.file, file, match.net, net, str(match.shape),
               exchange::name(match.by));
  }
}

int import_weights(const Options& o) {
  require(o.model.empty() != o.net.empty(), "import: give either --model or --net");
  training::Model model = new_model(o);
  const ModelSpec& spec = model.spec;
  measure::set_normalization(model, o.normalization);
  model.data = o.data;

  StoredTensors stored = read_stored_tensors(o.pytorch);
  const LoadOptions stated = stated_layout(o.pytorch, stored);
  if (stated.layout == WeightLayout::ohwi) {
    throw DataError(str(
        o.pytorch, ": states that its weights are in Joule's layout, ohwi: it needs no import"));
  }
  const Shape image{spec.image.h, spec.image.w, spec.channels};
  std::vector<std::pair<std::string, Shape>> expected;
  for (const auto& [name, shape] : weights_of(nn::graph_of(model.net, image, spec.name))) {
    expected.emplace_back(name, channels_first(shape));
  }
  std::map<std::string, Shape> found;
  for (const auto& [name, tensor] : stored.tensors) found[name] = tensor.shape();
  const auto matches = exchange::match_weights(
      spec.name, expected, found,
      {.given = given_names(o.map), .in_order = o.in_order, .ignore_rest = o.ignore_rest});
  StoredTensors renamed;
  for (const auto& match : matches) renamed.tensors[match.net] = stored.tensors.at(match.file);
  model.net.load_state(state_of(o.pytorch, std::move(renamed),
                                {.layout = WeightLayout::oihw,
                                 .flattened = flattened_in(stated, matches, model.net, image)}));
  training::save_model(o.out, model);
  print_table(matches);
  for (const auto& [name, shape] : found) {
    if (std::ranges::count(matches, name, &exchange::WeightMatch::file) == 0) {
      fmt::print("left out: {} {}\n", name, str(shape));
    }
  }
  fmt::print("{}: {} with {} parameters\n", o.out, spec.name, model.net.parameter_count());
  return 0;
}

}  // namespace

void add_import(Command& app, Run& run) {
  Command* const command = app.add_subcommand("import", "Read weights that PyTorch trained");
  command->footer(kExamples);
  const auto o = std::make_shared<Options>();
  add_option(*command, "--pytorch", o->pytorch, "safetensors file of a module's state_dict()")
      ->required()
      ->type_name("F.safetensors");
  Option* const model =
      add_option(*command, "--model", o->model, "Net by name (joule train --help lists them)");
  Option* const net = add_option(*command, "--net", o->net, "Net as data (docs/nets.md)")
                          ->type_name("F.json")
                          ->excludes(model);
  add_option(*command, "--input", o->input,
             "Height, width and channels of the images (default: those that the net is made for)")
      ->type_name("HxWxC")
      ->excludes(net);
  add_option(*command, "--classes", o->classes, "Classes (default: those that the net is made for)")
      ->excludes(net);
  add_option(*command, "--map", o->map, "Names in the file and in the net, as a JSON object")
      ->type_name("F.json");
  command->add_flag("--in-order", o->in_order,
                    "Match layers of the same shapes in the order of the net and of the file's "
                    "names");
  command->add_flag("--ignore-rest", o->ignore_rest,
                    "Leave out tensors of the file that the net does not have");
  add_option(*command, "--data", o->data, "Data set that the net was trained on, if Joule has it");
  add_option(*command, "--mean", o->normalization.mean,
             "Channel means of the pixels (0 to 1) with which the net's images were normalised; 0: "
             "none")
      ->type_name("R,...")
      ->required();
  add_option(*command, "--deviation", o->normalization.deviation,
             "Channel standard deviations, likewise; 1: none")
      ->type_name("R,...")
      ->required();
  add_option(*command, "--out", o->out, "Model file to write, for the other commands")
      ->type_name("F.safetensors")
      ->required();
  command->callback([o, &run] { run = [o] { return import_weights(*o); }; });
}

}  // namespace joule::cli

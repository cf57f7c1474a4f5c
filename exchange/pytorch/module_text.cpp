// SPDX-License-Identifier: MIT
#include "joule/exchange/pytorch/module_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "joule/core/error.h"

namespace joule::exchange {
namespace {

/// Words of Python, and names that the module's source uses.
constexpr std::array kReserved{
    "and",    "as",    "assert", "async",  "await",  "break",   "class",    "continue",
    "def",    "del",   "elif",   "else",   "except", "finally", "for",      "from",
    "global", "if",    "import", "in",     "is",     "lambda",  "nonlocal", "not",
    "or",     "pass",  "raise",  "return", "try",    "while",   "with",     "yield",
    "F",      "layer", "nn",     "self",   "torch"};
/// Attributes of every torch.nn.Module, which no layer's name may begin with.
constexpr std::array kOfModule{"add_module",
                               "apply",
                               "bfloat16",
                               "buffers",
                               "call_super_init",
                               "children",
                               "compile",
                               "cpu",
                               "cuda",
                               "double",
                               "dump_patches",
                               "eval",
                               "extra_repr",
                               "float",
                               "forward",
                               "get_buffer",
                               "get_extra_state",
                               "get_parameter",
                               "get_submodule",
                               "half",
                               "ipu",
                               "load_state_dict",
                               "modules",
                               "mtia",
                               "named_buffers",
                               "named_children",
                               "named_modules",
                               "named_parameters",
                               "parameters",
                               "register_backward_hook",
                               "register_buffer",
                               "register_forward_hook",
                               "register_module",
                               "register_parameter",
                               "requires_grad_",
                               "set_extra_state",
                               "set_submodule",
                               "share_memory",
                               "state_dict",
                               "to",
                               "to_empty",
                               "train",
                               "training",
                               "type",
                               "xpu",
                               "zero_grad"};

bool contains(auto&& list, std::string_view name) {
  return std::ranges::any_of(list, [&](std::string_view entry) { return entry == name; });
}

/// A text of Python in quotes.
std::string python_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

ModuleText::ModuleText(const nn::Graph& graph, const std::map<std::string, Shape>& shapes,
                       const ChannelOrder& order)
    : graph_(graph), shapes_(shapes), order_(order) {
  name_values();
}

/// Letters, digits and underscores of its name; a number behind where that is taken.
void ModuleText::name_values() {
  std::set<std::string> taken;
  const auto give = [&](const std::string& value) {
    std::string name;
    for (const char c : value) {
      name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    }
    if (std::isdigit(static_cast<unsigned char>(name[0])) || contains(kReserved, name)) {
      name = "x_" + name;
    }
    std::string unique = name;
    for (int number = 2; !taken.insert(unique).second; ++number) unique = str(name, '_', number);
    variables_[value] = unique;
  };
  for (const nn::GraphInput& input : graph_.inputs) give(input.name);
  for (const nn::Node& layer : graph_.nodes) give(layer.name);
}

std::string ModuleText::module(const nn::Node& layer, const std::string& constructor,
                               const std::string& x) {
  const std::string first = layer.name.substr(0, layer.name.find('.'));
  require(!contains(kOfModule, first), "pytorch: layer '", layer.name,
          "': a torch.nn.Module has an attribute '", first, "': rename the layer");
  require(!layer.name.starts_with('.') && !layer.name.ends_with('.') &&
              layer.name.find("..") == std::string::npos,
          "pytorch: layer '", layer.name, "': expected names between its dots");
  modules_.push_back(str(python_text(layer.name), ": ", constructor, ","));
  return str("layer(", python_text(layer.name), ")(", x, ")");
}

std::string ModuleText::text() {
  std::string forward;
  for (const nn::Node& layer : graph_.nodes) {
    const std::string expression = kind_text(layer)(*this, layer);
    forward += str("        ", variable(layer.name), " = ", expression, "\n");
  }
  std::string inputs, outputs;
  for (const nn::GraphInput& input : graph_.inputs) inputs += ", " + variable(input.name);
  for (const std::string& output : graph_.outputs) {
    outputs += str(outputs.empty() ? "" : ", ", variable(output));
  }
  std::string text =
      "class Net(nn.Module):\n"
      "    def __init__(self):\n"
      "        super().__init__()\n"
      "        layers = {\n";
  for (const std::string& line : modules_) text += str("            ", line, "\n");
  return text + str("        }\n"
                    "        for path, layer in layers.items():\n"
                    "            *folders, name = path.split(\".\")\n"
                    "            at = self\n"
                    "            for folder in folders:\n"
                    "                if folder not in at._modules:\n"
                    "                    at.add_module(folder, nn.Module())\n"
                    "                at = at.get_submodule(folder)\n"
                    "            at.add_module(name, layer)\n"
                    "\n"
                    "    def forward(self",
                    inputs,
                    "):\n"
                    "        layer = self.get_submodule\n",
                    forward, "        return ", outputs, "\n");
}

}  // namespace joule::exchange

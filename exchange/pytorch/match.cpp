// SPDX-License-Identifier: MIT
#include "joule/exchange/pytorch/match.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "joule/core/error.h"

namespace joule::exchange {
namespace {

/// "block1.conv" and "weight".
std::pair<std::string, std::string> split(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {"", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

std::string full(const std::string& layer, const std::string& last) {
  return layer.empty() ? last : str(layer, '.', last);
}

/// Numbers by their value, everything else by its bytes.
bool natural_less(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  while (!a.empty() && !b.empty()) {
    if (digit(a[0]) && digit(b[0])) {
      const auto number = [&](std::string_view& text) {
        while (text.size() > 1 && text[0] == '0' && digit(text[1])) text.remove_prefix(1);
        std::size_t length = 0;
        while (length < text.size() && digit(text[length])) ++length;
        const std::string_view number = text.substr(0, length);
        text.remove_prefix(length);
        return number;
      };
      const std::string_view left = number(a), right = number(b);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
    } else {
      if (a[0] != b[0]) return a[0] < b[0];
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

/// The layer of Joule's resnet18 under the name that torchvision gives it; empty for others.
std::string torchvision_layer(const std::string& layer) {
  if (layer == "conv1") return "conv1";
  if (layer == "norm1") return "bn1";
  if (layer == "linear") return "fc";
  constexpr std::string_view kBlock = "block";
  if (!layer.starts_with(kBlock) || layer.size() < kBlock.size() + 2) return {};
  const int number = layer[kBlock.size()] - '1';  // 0 to 7
  const std::string inside = layer.substr(kBlock.size() + 2);
  const std::map<std::string, std::string> parts{
      {"main.conv1", "conv1"},           {"main.norm1", "bn1"},
      {"main.conv2", "conv2"},           {"main.norm2", "bn2"},
      {"shortcut.conv", "downsample.0"}, {"shortcut.norm", "downsample.1"}};
  const auto part = parts.find(inside);
  if (part == parts.end()) return {};
  return str("layer", number / 2 + 1, '.', number % 2, '.', part->second);
}

using Shapes = std::map<std::string, Shape>;  // by name
using Layer = std::map<std::string, Shape>;   // by last name

/// What is left of a side, and what has been found.
class Matching {
 public:
  Matching(const std::vector<std::pair<std::string, Shape>>& net, const Shapes& file)
      : net_(net), file_(file) {}

  bool is_left(const std::string& net) const { return !of_net_.contains(net); }
  bool in_file(const std::string& file) const {
    return file_.contains(file) && !taken_.contains(file);
  }

  void match(const std::string& net, const std::string& file, MatchedBy by) {
    const Shape &expected = shape_of(net), &got = file_.at(file);
    require(expected == got, "pytorch: '", file, "' of the file has the shape ", got, ", '", net,
            "' of the net ", expected);
    of_net_[net] = {.file = file, .net = net, .shape = got, .by = by};
    taken_.insert(file);
  }

  const Shape& shape_of(const std::string& net) const {
    return std::ranges::find(net_, net, &std::pair<std::string, Shape>::first)->second;
  }
  bool in_net(const std::string& net) const {
    return std::ranges::count(net_, net, &std::pair<std::string, Shape>::first) == 1;
  }

  /// The layers that are left, the net's in its order.
  std::vector<std::pair<std::string, Layer>> net_layers() const {
    std::vector<std::pair<std::string, Layer>> layers;
    for (const auto& [name, shape] : net_) {
      if (!is_left(name)) continue;
      const auto [layer, last] = split(name);
      auto found = std::ranges::find(layers, layer, &std::pair<std::string, Layer>::first);
      if (found == layers.end()) found = layers.insert(layers.end(), {layer, {}});
      found->second[last] = shape;
    }
    return layers;
  }
  std::vector<std::pair<std::string, Layer>> file_layers() const {
    std::map<std::string, Layer> by_name;
    for (const auto& [name, shape] : file_) {
      if (!taken_.contains(name)) by_name[split(name).first][split(name).second] = shape;
    }
    std::vector<std::pair<std::string, Layer>> layers(by_name.begin(), by_name.end());
    std::ranges::stable_sort(
        layers, [](const auto& a, const auto& b) { return natural_less(a.first, b.first); });
    return layers;
  }

  std::vector<WeightMatch> result(bool ignore_rest) const {
    std::string lacking, over;
    std::vector<WeightMatch> matches;
    for (const auto& [name, shape] : net_) {
      if (is_left(name)) {
        lacking += str(lacking.empty() ? "" : ", ", name, ' ', shape);
      } else {
        matches.push_back(of_net_.at(name));
      }
    }
    for (const auto& [name, shape] : file_) {
      if (!taken_.contains(name)) over += str(over.empty() ? "" : ", ", name, ' ', shape);
    }
    require(lacking.empty(), "pytorch: the file has nothing for ", lacking, " of the net",
            over.empty() ? "" : "; not matched in it: ", over);
    require(over.empty() || ignore_rest, "pytorch: the net has nothing for ", over, " of the file");
    return matches;
  }

 private:
  const std::vector<std::pair<std::string, Shape>>& net_;
  const Shapes& file_;
  std::map<std::string, WeightMatch> of_net_;
  std::set<std::string> taken_;
};

/// Tensors, or all tensors of a layer.
void match_given(Matching& matching, const Shapes& file,
                 const std::map<std::string, std::string>& given) {
  const auto match = [&](const std::string& from, const std::string& to) {
    require(matching.in_net(to), "pytorch: the net has no weight '", to, "', which '", from,
            "' is given for");
    require(matching.is_left(to), "pytorch: '", to, "' of the net is given twice");
    matching.match(to, from, MatchedBy::given);
  };
  for (const auto& [from, to] : given) {
    if (file.contains(from)) {
      match(from, to);
      continue;
    }
    bool any = false;
    for (const auto& [name, shape] : file) {
      const auto [layer, last] = split(name);
      if (layer != from) continue;
      any = true;
      match(name, full(to, last));
    }
    require(any, "pytorch: the file has neither a tensor nor a layer '", from, "'");
  }
}

void match_names(Matching& matching, const std::vector<std::pair<std::string, Shape>>& net) {
  for (const auto& [name, shape] : net) {
    if (matching.is_left(name) && matching.in_file(name)) {
      matching.match(name, name, MatchedBy::name);
    }
  }
}

void match_torchvision(Matching& matching, const std::vector<std::pair<std::string, Shape>>& net) {
  for (const auto& [name, shape] : net) {
    if (!matching.is_left(name)) continue;
    const auto [layer, last] = split(name);
    const std::string there = torchvision_layer(layer);
    if (there.empty() || !matching.in_file(full(there, last))) continue;
    matching.match(name, full(there, last), MatchedBy::torchvision);
  }
}

/// Layers of both sides that have the same parameters.
struct Alike {
  std::vector<std::string> net, file, last_names;
};

void require_one_way(const Alike& alike, bool in_order) {
  if (in_order || (alike.net.size() == 1 && alike.file.size() == 1)) return;
  const bool many_in_file = alike.net.size() == 1;
  const std::string& which = many_in_file ? alike.net[0] : alike.file[0];
  const std::vector<std::string>& either = many_in_file ? alike.file : alike.net;
  throw ArgumentError(str("pytorch: '", which, "' of the ", many_in_file ? "net" : "file",
                          " could be '", either[0], "', '", either[1],
                          either.size() > 2 ? "', ..." : "'", " of the ",
                          many_in_file ? "file" : "net",
                          ": give the names (--map), or say that they come in order "
                          "(--in-order)"));
}

void match_layers(Matching& matching, bool in_order) {
  std::map<std::string, Alike> all;  // by their last names and shapes
  const auto of = [&](const Layer& layer) -> Alike& {
    std::string key;
    for (const auto& [last, shape] : layer) key += str(last, ' ', shape, '\n');
    Alike& alike = all[key];
    if (alike.last_names.empty()) {
      for (const auto& [last, shape] : layer) alike.last_names.push_back(last);
    }
    return alike;
  };
  for (const auto& [name, layer] : matching.net_layers()) of(layer).net.push_back(name);
  for (const auto& [name, layer] : matching.file_layers()) of(layer).file.push_back(name);
  for (const auto& [key, alike] : all) {
    if (alike.net.empty() || alike.file.empty()) continue;  // result() names them
    require_one_way(alike, in_order);
    require(alike.net.size() == alike.file.size(), "pytorch: the net has ", alike.net.size(),
            " layers like '", alike.net[0], "', the file ", alike.file.size(), " like '",
            alike.file[0], "'");
    const MatchedBy by = alike.net.size() == 1 ? MatchedBy::shape : MatchedBy::order;
    for (std::size_t i = 0; i < alike.net.size(); ++i) {
      for (const std::string& last : alike.last_names) {
        matching.match(full(alike.net[i], last), full(alike.file[i], last), by);
      }
    }
  }
}

}  // namespace

std::string_view name(MatchedBy by) {
  switch (by) {
    case MatchedBy::given:
      return "given";
    case MatchedBy::name:
      return "name";
    case MatchedBy::torchvision:
      return "torchvision's name";
    case MatchedBy::shape:
      return "shape";
    case MatchedBy::order:
      break;
  }
  return "order";
}

std::vector<WeightMatch> match_weights(const std::string& net_name,
                                       const std::vector<std::pair<std::string, Shape>>& net,
                                       const std::map<std::string, Shape>& file,
                                       const MatchOptions& options) {
  Matching matching(net, file);
  match_given(matching, file, options.given);
  match_names(matching, net);
  if (net_name == "resnet18") match_torchvision(matching, net);
  match_layers(matching, options.in_order);
  return matching.result(options.ignore_rest);
}

}  // namespace joule::exchange

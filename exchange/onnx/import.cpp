// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/import.h"

#include <algorithm>
#include <filesystem>
#include <queue>
#include <set>

#include "joule/core/error.h"
#include "joule/exchange/onnx/read/fold.h"
#include "joule/exchange/onnx/read/patterns.h"
#include "joule/exchange/onnx/read/reading.h"
#include "joule/exchange/onnx/tensor_proto.h"
#include "joule/io/input_file.h"
#include "joule/io/nearest.h"
#include "joule/layers/graph/kinds.h"

namespace joule::exchange {
namespace {

using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;
using ::onnx::ValueInfoProto;

constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 31) - 1;  // of a message of protobuf
constexpr int kMostFileNodes = 100'000;

std::string label(const NodeProto& node) {
  const std::string& name =
      node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
  return str("node '", name.substr(0, nn::kMostName), "', ", node.op_type().substr(0, 64));
}

/// The whole of an import.
class Import {
 public:
  Import(const ModelProto& model, const std::string& path, std::int64_t numbers)
      : model_(model),
        graph_(model.graph()),
        path_(path),
        folded_left_(numbers + (std::int64_t{1} << 24)),
        reading_(path, 4 * numbers + (std::int64_t{1} << 22)) {}

  OnnxNet run() {
    check_opset();
    require(graph_.node_size() <= kMostFileNodes, "expected at most ", kMostFileNodes,
            " nodes, got ", graph_.node_size());
    require(graph_.sparse_initializer_size() == 0, "sparse initialisers are not read");
    for (const TensorProto& tensor : graph_.initializer()) {
      require(initialisers_.emplace(tensor.name(), &tensor).second,
              "there are two initialisers named '", tensor.name(), "'");
    }
    const std::vector<int> order = in_order();
    count_readers();
    activations_ = find_activations(
        graph_, [this](const std::string& name) { return scalar(name); },
        [this](const std::string& name) { return reading_.readers(name); });
    read_inputs();
    for (const int at : order) in_node(graph_.node(at), [&] { read(at); });
    read_outputs();
    return finish();
  }

 private:
  template <class Do>
  void in_node(const NodeProto& node, Do&& what) {
    try {
      what();
    } catch (const ArgumentError& error) {
      throw ArgumentError(str(label(node), ": ", error.what()));
    }
  }

  void check_opset() {
    for (const auto& set : model_.opset_import()) {
      if (set.domain().empty() || set.domain() == "ai.onnx") opset_ = set.version();
    }
    require(opset_ >= kOldestOpset && opset_ <= kNewestOpset, "expected ONNX's operator set ",
            kOldestOpset, " to ", kNewestOpset, ", got ", opset_);
  }

  /// Nodes in an order in which all that they read is there.
  std::vector<int> in_order() {
    std::map<std::string, int> makers;
    std::set<std::string> given{""};
    for (const auto& [name, tensor] : initialisers_) given.insert(name);
    for (const ValueInfoProto& input : graph_.input()) given.insert(input.name());
    for (int i = 0; i < graph_.node_size(); ++i) {
      for (const std::string& output : graph_.node(i).output()) {
        if (output.empty()) continue;
        require(!given.contains(output) && makers.emplace(output, i).second,
                "there are two values named '", output, "'");
      }
    }
    std::vector<std::vector<int>> readers(static_cast<std::size_t>(graph_.node_size()));
    std::vector<int> waits(readers.size(), 0);
    for (int i = 0; i < graph_.node_size(); ++i) {
      for (const std::string& input : graph_.node(i).input()) {
        if (given.contains(input)) continue;
        const auto maker = makers.find(input);
        require(maker != makers.end(), label(graph_.node(i)), ": its input '", input,
                "' is neither an initialiser, nor an input, nor made by a node");
        readers[static_cast<std::size_t>(maker->second)].push_back(i);
        ++waits[static_cast<std::size_t>(i)];
      }
    }
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (int i = 0; i < graph_.node_size(); ++i) {
      if (waits[static_cast<std::size_t>(i)] == 0) ready.push(i);
    }
    std::vector<int> order;
    while (!ready.empty()) {
      order.push_back(ready.top());
      ready.pop();
      for (const int reader : readers[static_cast<std::size_t>(order.back())]) {
        if (--waits[static_cast<std::size_t>(reader)] == 0) ready.push(reader);
      }
    }
    for (std::size_t i = 0; i < waits.size(); ++i) {
      require(waits[i] == 0, label(graph_.node(static_cast<int>(i))),
              ": it waits for itself: a cycle");
    }
    return order;
  }

  void count_readers() {
    for (const NodeProto& node : graph_.node()) {
      for (const std::string& input : node.input()) reading_.count_reader(input);
    }
    for (const ValueInfoProto& output : graph_.output()) reading_.count_reader(output.name());
  }

  /// The only value of an initialiser or of a node Constant.
  std::optional<float> scalar(const std::string& name) {
    const TensorProto* tensor = nullptr;
    if (const auto found = initialisers_.find(name); found != initialisers_.end()) {
      tensor = found->second;
    } else {
      if (constants_.empty()) {
        constants_.emplace("", nullptr);
        for (const NodeProto& node : graph_.node()) {
          if (node.op_type() != "Constant" || node.output_size() != 1) continue;
          for (const auto& attribute : node.attribute()) {
            if (attribute.has_t()) constants_[node.output(0)] = &attribute.t();
          }
        }
      }
      const auto made = constants_.find(name);
      if (made != constants_.end()) tensor = made->second;
    }
    if (!tensor || tensor->dims_size() > 4) return {};
    for (const std::int64_t dim : tensor->dims()) {
      if (dim != 1) return {};
    }
    if (tensor->data_type() != TensorProto::FLOAT) return {};
    return decode(*tensor, path_).floats[0];
  }

  /// Whether every reader is the transposition of images [N,H,W,C] to [N,C,H,W].
  bool is_channels_last(const std::string& name) const {
    bool any = false;
    for (const NodeProto& node : graph_.node()) {
      for (const std::string& input : node.input()) {
        if (input != name) continue;
        any = true;
        if (node.op_type() != "Transpose" || node.attribute_size() != 1) return false;
        const auto& perm = node.attribute(0).ints();
        if (!std::ranges::equal(perm, std::vector<std::int64_t>{0, 3, 1, 2})) return false;
      }
    }
    return any && std::ranges::none_of(graph_.output(), [&](const ValueInfoProto& output) {
             return output.name() == name;
           });
  }

  void read_inputs() {
    for (const ValueInfoProto& input : graph_.input()) {
      if (initialisers_.contains(input.name())) continue;  // with a value: a constant
      try {
        read_input(input);
      } catch (const ArgumentError& error) {
        throw ArgumentError(str("input '", input.name(), "': ", error.what()));
      }
    }
    require(!net_.inputs.empty(), "it has no input");
  }

  void read_input(const ValueInfoProto& input) {
    require(input.type().has_tensor_type() && input.type().tensor_type().has_shape() &&
                input.type().tensor_type().elem_type() == TensorProto::FLOAT,
            "expected a tensor of float32 with a shape");
    const auto& shape = input.type().tensor_type().shape();
    require(shape.dim_size() >= 2, "expected a batch in front and more, got ", shape.dim_size(),
            " dimensions");
    if (shape.dim(0).has_dim_value()) reading_.set_batch(shape.dim(0).dim_value());
    Dims dims;
    for (int i = 1; i < shape.dim_size(); ++i) {
      require(shape.dim(i).has_dim_value() && shape.dim(i).dim_value() >= 1 &&
                  shape.dim(i).dim_value() <= nn::kMostExtent,
              "dimension ", i, ": expected a number from 1 to ", nn::kMostExtent,
              " (only the batch is free)",
              shape.dim(i).has_dim_value() ? str(", got ", shape.dim(i).dim_value()) : "");
      dims.push_back(shape.dim(i).dim_value());
    }
    std::string name = input.name();
    std::ranges::replace(name, '/', '_');
    View view = input_view(name, dims);
    if (dims.size() == 3 && is_channels_last(input.name())) {
      view.shape = Shape(dims);
      view.axes = {{0}, {1}, {2}};
    }
    if (reading_.readers(input.name()) == 0) return;  // nothing depends on it
    net_.inputs.push_back({.name = input.name(), .dims = dims, .order = order_of(view)});
    reading_.charge_order(net_.inputs.back().order.size());
    reading_.graph().inputs.push_back({.name = name, .shape = view.shape});
    reading_.set(input.name(), view);
  }

  const OnnxValue* value(const std::string& name) {
    if (const OnnxValue* const known = reading_.find(name)) return known;
    const auto found = initialisers_.find(name);
    if (found == initialisers_.end()) return nullptr;
    try {
      reading_.set(name, std::make_shared<Constant>(decode(*found->second, path_)));
    } catch (const ArgumentError& error) {
      throw ArgumentError(str("initialiser '", name, "': ", error.what()));
    }
    return reading_.find(name);
  }

  void read(int at) {
    const NodeProto& node = graph_.node(at);
    if (activations_.inner.contains(at)) return;
    require(node.domain().empty() || node.domain() == "ai.onnx", "of the operator set '",
            node.domain(), "': only ONNX's own are read");
    require(node.output_size() >= 1, "it has no output");
    std::vector<OnnxValue> inputs;
    for (const std::string& input : node.input()) {
      const OnnxValue* const known = input.empty() ? nullptr : value(input);
      inputs.push_back(known ? *known : OnnxValue{});
    }
    const OnnxNode read(node, static_cast<int>(opset_), std::move(inputs), path_);
    if (const auto whole = activations_.last.find(at); whole != activations_.last.end()) {
      const OnnxValue* const x = reading_.find(whole->second.x);
      require(x && x->view, "its input is a constant");
      const View view = *x->view;
      return reading_.set(node.output(0), reading_.add(read, whole->second.kind, {}, view));
    }
    if (auto constant = folded(read)) {
      folded_left_ -= elements(*constant);
      require(folded_left_ >= 0, "the constants that are computed are too large");
      return reading_.set(node.output(0), std::make_shared<Constant>(std::move(*constant)));
    }
    const auto found = operators().find(node.op_type());
    if (found == operators().end()) fail_unknown(node.op_type());
    const Operator& op = found->second;
    read.require_attributes(op.attributes);
    for (std::size_t i = op.outputs; i < read.outputs(); ++i) {
      require(reading_.readers(read.output(i)) == 0 || read.output(i).empty(), "its output ", i,
              " is read: Joule has only ", op.outputs);
    }
    op.read(reading_, read);
  }

  [[noreturn]] static void fail_unknown(const std::string& name) {
    std::vector<std::string> known;
    for (const auto& [op, rest] : operators()) known.emplace_back(op);
    std::string hint = did_you_mean(name, known);
    if (hint.empty()) hint = "; there are " + listed(known);
    throw ArgumentError(str("the operator '", name.substr(0, 64), "' is not read", hint));
  }

  void read_outputs() {
    for (const ValueInfoProto& output : graph_.output()) {
      const OnnxValue* const known = reading_.find(output.name());
      const auto& view = known ? known->view : std::nullopt;
      require(view.has_value(), "output '", output.name(), "' is a constant, or made by nothing");
      require(view->groups == 0, "output '", output.name(),
              "' is an image that was reshaped to groups of channels");
      const Dims dims = view->dims();
      check_stated(output, dims);
      net_.outputs.push_back({.name = output.name(), .dims = dims, .order = order_of(*view)});
      reading_.charge_order(net_.outputs.back().order.size());
      reading_.graph().outputs.push_back(view->value);
    }
  }

  /// The shape that the file says an output has.
  void check_stated(const ValueInfoProto& output, const Dims& dims) const {
    if (!output.type().has_tensor_type() || !output.type().tensor_type().has_shape()) return;
    const auto& shape = output.type().tensor_type().shape();
    Dims stated;
    bool fits = shape.dim_size() == std::ssize(dims) + 1;
    for (int i = 1; i < shape.dim_size(); ++i) {
      const bool known = shape.dim(i).has_dim_value();
      stated.push_back(known ? shape.dim(i).dim_value() : -1);
      fits = fits && (!known || stated.back() == dims[static_cast<std::size_t>(i) - 1]);
    }
    require(fits, "output '", output.name(), "': the file says ", dims_text(stated),
            " behind the batch, its nodes make ", dims_text(dims));
  }

  /// Without what leads to no output.
  OnnxNet finish() {
    nn::Graph& graph = reading_.graph();
    std::set<std::string> needed(graph.outputs.begin(), graph.outputs.end());
    std::vector<nn::Node> nodes;
    for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
      if (!needed.contains(node->name)) {
        for (const auto& weight : nn::weights_of(nn::kind_of(node->kind), node->attributes)) {
          reading_.weights().tensors.erase(node->name + "." + weight.name);
        }
        continue;
      }
      needed.insert(node->inputs.begin(), node->inputs.end());
      nodes.push_back(std::move(*node));
    }
    std::ranges::reverse(nodes);
    require(!nodes.empty(), "it has no layers: its nodes only give values other names or shapes");
    graph.nodes = std::move(nodes);
    const auto unread = [&](std::size_t i) { return !needed.contains(graph.inputs[i].name); };
    for (std::size_t i = graph.inputs.size(); i-- > 0;) {
      if (!unread(i)) continue;
      graph.inputs.erase(graph.inputs.begin() + static_cast<std::ptrdiff_t>(i));
      net_.inputs.erase(net_.inputs.begin() + static_cast<std::ptrdiff_t>(i));
    }
    graph.name = std::filesystem::path(path_).filename().string();
    for (const auto& entry : model_.metadata_props()) net_.metadata[entry.key()] = entry.value();
    net_.graph = nn::checked(std::move(graph));
    net_.weights = std::move(reading_.weights());
    return std::move(net_);
  }

  const ModelProto& model_;
  const GraphProto& graph_;
  const std::string& path_;
  std::int64_t opset_ = 0, folded_left_;
  Reading reading_;
  Activations activations_;
  std::map<std::string, const TensorProto*> initialisers_, constants_;
  OnnxNet net_;
};

/// As many numbers as the file's bytes, and those of its external data, can hold.
std::int64_t numbers_in(const ModelProto& model, const std::string& path, std::size_t bytes) {
  std::set<std::string> beside;
  for (const TensorProto& tensor : model.graph().initializer()) {
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") beside.insert(entry.value());
    }
  }
  auto numbers = static_cast<std::int64_t>(bytes / 2);
  for (const std::string& file : beside) {
    std::error_code none;
    const auto size =
        std::filesystem::file_size(std::filesystem::path(path).parent_path() / file, none);
    if (!none) numbers += static_cast<std::int64_t>(std::min<std::uintmax_t>(size / 2, 1ull << 40));
  }
  return numbers;
}

}  // namespace

bool is_onnx_path(std::string_view path) { return path.ends_with(".onnx"); }

OnnxNet parse_onnx(std::string_view bytes, const std::string& path) {
  if (bytes.size() > kMostBytes) {
    throw DataError(str(path, ": a file of ONNX has at most ", kMostBytes, " bytes"));
  }
  ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw DataError(str(path, ": not a file of ONNX, or not all of one"));
  }
  try {
    return Import(model, path, numbers_in(model, path, bytes.size())).run();
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
}

OnnxNet import_onnx(const std::string& path) {
  return parse_onnx(read_file(path, kMostBytes, "a file of ONNX"), path);
}

}  // namespace joule::exchange

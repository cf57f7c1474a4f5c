// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/export.h"

#include <map>
#include <set>

#include "joule/core/version.h"
#include "joule/exchange/onnx/import.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/net.h"
#include "joule/models/models.h"
#include "joule/tests/support/every_kind.h"
#include "joule/tests/support/onnx_run.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;
using exchange::OnnxNet;
using exchange::parse_onnx;
using exchange::to_onnx;

/// Images [N,H,W,C] as [N,C,H,W].
Tensor channels_first(const Tensor& x) {
  const Shape& s = x.shape();
  const Tensor y({s[0], s[3], s[1], s[2]});
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const std::int64_t c = i % s[3], pixel = i / s[3] % (s[1] * s[2]), n = i / (x.numel() / s[0]);
    y.mutable_data<float>()[(n * s[3] + c) * s[1] * s[2] + pixel] = x.data<float>()[i];
  }
  return y;
}

void expect_near(const Tensor& got, const Tensor& expected, const std::string& what) {
  ASSERT_EQ(got.numel(), expected.numel()) << what;
  float largest = 1;
  for (const float v : expected.values<float>()) largest = std::max(largest, std::abs(v));
  for (std::int64_t i = 0; i < got.numel(); ++i) {
    ASSERT_NEAR(got.data<float>()[i], expected.data<float>()[i], 1e-5f * largest) << what << i;
  }
}

TEST(OnnxExport, EveryNamedNetComesBack) {
  for (const std::string& name : model_names()) {
    const ModelSpec spec = usual_spec(name);
    const Shape image{spec.image.h, spec.image.w, spec.channels};
    manual_seed(3);
    nn::Sequential net = make_model(spec);
    randomise(net);
    net.eval();
    const nn::Graph graph = nn::graph_of(net, image, name);
    const OnnxNet read = parse_onnx(to_onnx(graph, net.state()), "net.onnx");
    nn::Graph again = read.graph;
    again.name = name;
    EXPECT_EQ(again.nodes.size(), graph.nodes.size()) << name;
    std::vector<std::string> had, has;
    for (const auto& [weight, shape] : weights_of(graph)) had.push_back(str(weight, shape));
    for (const auto& [weight, shape] : weights_of(again)) has.push_back(str(weight, shape));
    EXPECT_EQ(has, had) << name;
    const Tensor x = random_tensor({2, image[0], image[1], image[2]}, 1);
    const NoGrad guard;
    const Tensor logits = net(x);
    expect_near(run_onnx(read, {channels_first(x)})[0], logits, name);
    for (const auto& [weight, tensor] : net.state().tensors) {
      expect_same_bits(read.weights.tensors.at(weight), tensor);
    }
  }
}

TEST(OnnxExport, EveryKindComesBack) {
  const nn::Graph graph = nn::checked(every_kind());
  std::set<std::string> kinds;
  for (const nn::Node& node : graph.nodes) kinds.insert(node.kind);
  for (const nn::Kind& kind : nn::built_in_kinds()) {
    EXPECT_TRUE(kinds.contains(kind.name)) << kind.name;
  }
  nn::Net net(graph);
  randomise(net);
  net.eval();
  const OnnxNet read = parse_onnx(to_onnx(graph, net.state()), "net.onnx");
  const Tensor x = random_tensor({2, 9, 8, 3}, 1);
  const NoGrad guard;
  const auto expected = net.run({x});
  const auto got = run_onnx(read, {channels_first(x)});
  ASSERT_EQ(got.size(), 3u);
  expect_near(got[0], expected[0], "head");
  expect_near(got[1], channels_first(expected[1]), "small");
  expect_near(got[2], expected[2], "own_softmax");
  // The layers have their names, kinds and attributes again, but for those that are written as
  // several nodes.
  const std::set<std::string> alike{"conv", "norm", "relu",    "max",   "groups", "layer",
                                    "some", "clip", "leaky",   "up",    "small",  "flat_norm",
                                    "gelu", "silu", "dropped", "swish", "gated",  "less",
                                    "elu",  "erf",  "taller"};
  std::map<std::string, std::string> had;
  const auto text = [](nn::Node node) {
    if (node.attributes.find("init")) node.attributes.set("init", std::string("he_normal"));
    return to_text(node);
  };
  for (const nn::Node& node : graph.nodes) had[node.name] = text(node);
  std::size_t found = 0;
  for (const nn::Node& node : read.graph.nodes) {
    if (!alike.contains(node.name)) continue;
    EXPECT_EQ(text(node), had.at(node.name));
    ++found;
  }
  EXPECT_EQ(found, alike.size());
}

TEST(OnnxExport, MetadataSaysWhatItIs) {
  nn::Sequential net{nn::Linear(2, 2)};
  net.state().tensors.at("0.weight").mutable_data<float>()[1] = 0;
  const nn::Graph graph = nn::graph_of(net, {2}, "tiny");
  const OnnxNet read =
      parse_onnx(to_onnx(graph, net.state(), {{"joule.data", "digits"}}), "t.onnx");
  EXPECT_EQ(read.metadata.at("joule.version"), version());
  EXPECT_EQ(read.metadata.at("joule.layout"), "oihw");
  EXPECT_EQ(read.metadata.at("joule.data"), "digits");
  EXPECT_EQ(read.metadata.at("joule.densities"), R"({"0.weight":0.75})");
}

TEST(OnnxExport, AKindThatOnnxHasNotIsNamed) {
  nn::Kind own = nn::kind_of("ReLU");
  own.name = "Rectifier";
  if (!nn::find_kind(own.name)) nn::register_kind(own);
  const nn::Graph graph{.name = "g",
                        .inputs = {{"x", {4}}},
                        .nodes = {{"r", "Rectifier", {}, {"x"}}},
                        .outputs = {"r"}};
  EXPECT_EQ(error_of([&] { to_onnx(graph, {}); }),
            "onnx: layer 'r': ONNX has no operators for kind Rectifier");
  nn::Sequential net{nn::Linear(2, 2)};
  EXPECT_EQ(error_of([&] { to_onnx(nn::graph_of(net, {2}, "t"), {}); }),
            "onnx: the weights lack 0.weight");
}

}  // namespace
}  // namespace joule

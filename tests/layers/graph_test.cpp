// SPDX-License-Identifier: MIT
#include "joule/layers/graph/graph.h"

#include <set>

#include "joule/layers/containers.h"
#include "joule/layers/graph/builder.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/graph/merge.h"
#include "joule/layers/graph/net.h"
#include "joule/layers/graph/shapes.h"
#include "joule/models/models.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/runs.h"

namespace joule {
namespace {

using namespace test;
using nn::Attributes;
using nn::Graph;

/// Two inputs, two outputs, a residual and a branch that is read three times.
Graph branching() {
  return {
      .name = "branching",
      .inputs = {{"image", {6, 6, 2}}, {"other", {6, 6, 3}}},
      .nodes = {{"stem",
                 "Conv2d",
                 {{"in", std::int64_t{2}},
                  {"out", std::int64_t{3}},
                  {"kernel", nn::list(3)},
                  {"padding", nn::list(1)}},
                 {"image"}},
                {"stem.relu", "ReLU", {}, {"stem"}},
                {"block", "Add", {}, {"stem.relu", "block.inner.conv", "other"}},
                {"block.inner.conv",
                 "Conv2d",
                 {{"in", std::int64_t{3}}, {"out", std::int64_t{3}}, {"kernel", nn::list(1)}},
                 {"stem.relu"}},
                {"both", "Concat", {}, {"block", "stem.relu"}},
                {"pool", "GlobalAvgPool", {}, {"both"}},
                {"head", "Linear", {{"in", std::int64_t{6}}, {"out", std::int64_t{4}}}, {"pool"}}},
      .outputs = {"head", "block"}};
}

Graph without_clash(Graph graph) {
  for (nn::Node& node : graph.nodes) {
    if (node.name == "stem.relu") node.name = "rectified";
    for (std::string& input : node.inputs) {
      if (input == "stem.relu") input = "rectified";
    }
  }
  return graph;
}

void load(nn::Module& to, nn::Module& from) {
  const NoGrad guard;
  to.load_state(from.state());
}

TEST(Graph, EveryKindIsWhatItsModuleIs) {
  const std::map<std::string, std::pair<Attributes, Shape>> examples{
      {"Add", {{}, {1, 4, 4, 2}}},
      {"AvgPool2d",
       {{{"kernel", nn::list(2)}, {"stride", nn::list({2, 1})}, {"count_include_pad", false}},
        {1, 5, 5, 2}}},
      {"BatchNorm", {{{"channels", std::int64_t{3}}, {"momentum", 0.25}}, {1, 4, 4, 3}}},
      {"Clip", {{{"min", -1.0}, {"max", 0.7}}, {1, 4, 4, 2}}},
      {"Concat", {{}, {1, 4, 4, 2}}},
      {"Conv2d",
       {{{"in", std::int64_t{4}},
         {"out", std::int64_t{6}},
         {"kernel", nn::list({3, 2})},
         {"stride", nn::list({2, 1})},
         {"dilation", nn::list({1, 2})},
         {"groups", std::int64_t{2}},
         {"bias", false},
         {"init", std::string("xavier_uniform")}},
        {1, 9, 9, 4}}},
      {"ConvTranspose2d",
       {{{"in", std::int64_t{4}},
         {"out", std::int64_t{6}},
         {"kernel", nn::list({3, 2})},
         {"stride", nn::list({3, 2})},
         {"padding", nn::list({1, 0})},
         {"output_padding", nn::list({2, 1})},
         {"dilation", nn::list({1, 2})},
         {"groups", std::int64_t{2}},
         {"init", std::string("he_normal_out")}},
        {1, 5, 4, 4}}},
      {"Div", {{}, {1, 4, 4, 2}}},
      {"Dropout", {{{"probability", 0.1}}, {1, 7}}},
      {"ELU", {{{"alpha", 0.7}}, {1, 4}}},
      {"Erf", {{}, {1, 3, 4}}},
      {"ResizeNearest",
       {{{"rows", nn::Attribute(std::vector<std::int64_t>{2})},
         {"columns", nn::Attribute(std::vector<std::int64_t>{0, 3, 1})}},
        {1, 4, 3, 2}}},
      {"Slice", {{{"first", std::int64_t{1}}, {"count", std::int64_t{2}}}, {1, 4, 4, 5}}},
      {"Flatten", {{}, {1, 4, 3, 2}}},
      {"GELU", {{}, {1, 4}}},
      {"GlobalAvgPool", {{}, {1, 4, 4, 5}}},
      {"GroupNorm",
       {{{"groups", std::int64_t{2}}, {"channels", std::int64_t{6}}, {"epsilon", 0.001}},
        {1, 4, 4, 6}}},
      {"HardSwish", {{}, {1, 3, 2, 4}}},
      {"LayerNorm", {{{"channels", std::int64_t{5}}, {"epsilon", 0.001}}, {1, 4, 5}}},
      {"LeakyReLU", {{{"slope", -0.3}}, {1, 4}}},
      {"Linear", {{{"in", std::int64_t{5}}, {"out", std::int64_t{3}}}, {1, 5}}},
      {"MaxPool2d",
       {{{"kernel", nn::list(3)},
         {"stride", nn::list(2)},
         {"padding", nn::list(1)},
         {"ceil_mode", true}},
        {1, 6, 6, 2}}},
      {"Mul", {{}, {1, 4, 4, 2}}},
      {"Pad2d", {{{"padding", std::vector<std::int64_t>{1, -2, 0, 3}}}, {1, 4, 3, 2}}},
      {"ReLU", {{{"threshold", 0.3}}, {1, 4}}},
      {"SiLU", {{}, {1, 4}}},
      {"Sigmoid", {{}, {1, 4}}},
      {"Softmax", {{}, {1, 3, 4}}},
      {"Sub", {{}, {1, 4}}},
      {"Tanh", {{}, {1, 4}}}};
  for (const nn::Kind& kind : nn::built_in_kinds()) {
    const auto example = examples.find(kind.name);
    ASSERT_NE(example, examples.end()) << kind.name;
    const auto& [given, x] = example->second;
    const Attributes attributes = completed(kind, given);
    const auto module = kind.make(attributes);
    EXPECT_EQ(module->spec().kind, kind.name);
    EXPECT_FALSE(module->spec().own);
    EXPECT_EQ(module->spec().attributes, attributes) << kind.name;
    std::vector<std::string> said, owned;
    for (const auto& [name, shape] : kind.weights(attributes)) said.push_back(str(name, shape));
    for (const auto& named : {module->parameters(), module->buffers()}) {
      for (const auto& [name, tensor] : named) owned.push_back(str(name, tensor.shape()));
    }
    EXPECT_EQ(said, owned) << kind.name;
    const std::vector<Shape> xs(std::max<std::size_t>(kind.least_inputs, 1), x);
    EXPECT_EQ(kind.shape(attributes, xs), nn::output_shape(*module, xs)) << kind.name;
  }
}

TEST(Graph, EveryNamedNetIsTheSameFromItsJson) {
  for (const std::string& name : model_names()) {
    const ModelSpec spec = usual_spec(name);
    const Shape image{spec.image.h, spec.image.w, spec.channels};
    manual_seed(3);
    nn::Sequential net = make_model(spec);
    const Graph graph = nn::graph_of(net, image, name);
    const std::string json = to_json(graph);
    const Graph read = nn::parse_graph(json, "net.json");
    EXPECT_EQ(difference(read, graph), "") << name;
    EXPECT_EQ(to_json(read), json) << name;
    manual_seed(3);
    nn::Net again(read);
    // The same seed starts both with the same weights, by the same names in the same order.
    const auto had = net.parameters(), has = again.parameters();
    ASSERT_EQ(had.size(), has.size()) << name;
    for (std::size_t i = 0; i < had.size(); ++i) {
      EXPECT_EQ(had[i].name, has[i].name);
      expect_same_bits(had[i].tensor, has[i].tensor);
    }
    EXPECT_EQ(nn::graph_of(again, image, name), graph) << name;
    std::map<std::string, Shape> weights;
    for (const auto& [weight, shape] : weights_of(graph)) weights[weight] = shape;
    EXPECT_EQ(weights.size(), net.state().tensors.size());
    for (const auto& [weight, tensor] : net.state().tensors) {
      EXPECT_EQ(weights[weight], tensor.shape()) << weight;
    }
    const Tensor x = random_tensor({2, image[0], image[1], image[2]}, 1);
    const NoGrad guard;
    for (const bool training : {true, false}) {
      net.train(training);
      again.train(training);
      manual_seed(4);  // of dropout
      const Tensor logits = net(x);
      manual_seed(4);
      const Tensor others = again(x);
      expect_same_bits(logits, others);
    }
  }
}

TEST(Graph, SeveralInputsOutputsAndABranch) {
  const Graph graph = without_clash(branching());
  const auto shapes = shapes_of(graph);
  EXPECT_EQ(shapes.at("both"), (Shape{6, 6, 6}));
  EXPECT_EQ(shapes.at("head"), (Shape{4}));
  nn::Net net(graph);
  nn::Net again(nn::parse_graph(to_json(graph), "net.json"));
  load(again, net);
  const Tensor image = random_tensor({2, 6, 6, 2}, 1), other = random_tensor({2, 6, 6, 3}, 2);
  const NoGrad guard;
  const auto outputs = net.run({image, other});
  ASSERT_EQ(outputs.size(), 2u);
  const auto others = again.run({image, other});
  expect_same_bits(outputs[0], others[0]);
  expect_same_bits(outputs[1], others[1]);
  const State state = net.state();
  const auto of = [&](const char* name) { return state.tensors.at(name); };
  const Tensor stem = relu(conv2d(image, of("stem.weight"), of("stem.bias"), {.padding = 1}));
  const Tensor block =
      stem + conv2d(stem, of("block.inner.conv.weight"), of("block.inner.conv.bias")) + other;
  expect_same_bits(outputs[1], block);
  const std::vector<Tensor> both{block, stem};
  expect_same_bits(outputs[0],
                   linear(global_avg_pool(concat(both)), of("head.weight"), of("head.bias")));
  EXPECT_EQ(error_of([&] { net(image); }),
            "net: expected one input and one output, but it has 2 and 2");
  EXPECT_EQ(error_of([&] { net.run({image}); }), "net: expected 2 inputs, got 1");
}

TEST(Graph, IsReadableText) {
  EXPECT_EQ(to_text(nn::checked(without_clash(branching()))),
            "branching\n"
            "  input image [6,6,2]\n"
            "  input other [6,6,3]\n"
            "  stem = Conv2d(image; in=2, out=3, kernel=3x3, padding=1x1)\n"
            "  rectified = ReLU(stem)\n"
            "  block.inner.conv = Conv2d(rectified; in=3, out=3, kernel=1x1)\n"
            "  block = Add(rectified, block.inner.conv, other)\n"
            "  both = Concat(block, rectified)\n"
            "  pool = GlobalAvgPool(both)\n"
            "  head = Linear(pool; in=6, out=4)\n"
            "  output head\n"
            "  output block\n");
}

TEST(Graph, ErrorsNameTheNodeAndWhatWasExpected) {
  const auto broken = [](const std::function<void(Graph&)>& change) {
    Graph graph = without_clash(branching());
    change(graph);
    return error_of([&] { validate(graph); });
  };
  std::string known;
  for (const std::string& name : nn::kind_names()) known += (known.empty() ? "" : ", ") + name;
  EXPECT_NO_THROW(validate(without_clash(branching())));
  EXPECT_EQ(broken([](Graph& g) { g.nodes[1].kind = "Relu"; }),
            "graph: node 'rectified', Relu: there is no kind 'Relu'; there are " + known);
  EXPECT_EQ(broken([](Graph& g) { g.nodes[3].inputs = {"both"}; }),
            "graph: a cycle: block -> both -> block.inner.conv -> block");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[1].inputs = {"rectified"}; }),
            "graph: node 'stem', Conv2d: it leads to no output");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[1].inputs = {"steam"}; }),
            "graph: node 'rectified', ReLU: its input 'steam' is no value");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[6].attributes.set("in", std::int64_t{5}); }),
            "graph: node 'head', Linear: expected 5 features, got 6");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[0].attributes.set("in", std::int64_t{1}); }),
            "graph: node 'stem', Conv2d: expected 1 channels, got 2");
  EXPECT_EQ(broken([](Graph& g) {
              g.nodes[5].inputs = {"pool"};
              g.nodes[5].name = "p";
            }),
            "graph: node 'p', GlobalAvgPool: its input 'pool' is no value");
  EXPECT_EQ(broken([](Graph& g) {
              g.inputs[1].shape = {6, 6, 4};
            }),
            "graph: node 'block', Add: expected inputs of one shape, got [1,6,6,3] and [1,6,6,4] "
            "(with the batch in front)");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[2].inputs = {"other"}; }),
            "graph: node 'block.inner.conv', Conv2d: it leads to no output");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[5].inputs.push_back("block"); }),
            "graph: node 'pool', GlobalAvgPool: expected 1 input, got 2");
  EXPECT_EQ(
      broken([](Graph& g) { g.nodes[0].attributes.set("stride", nn::list(0)); }),
      "graph: node 'stem', Conv2d: attribute 'stride': expected from 1 to 2.14748e+09, got 0");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[0].attributes.set("init", std::string("zeros")); }),
            "graph: node 'stem', Conv2d: attribute 'init': expected one of he_normal, "
            "he_normal_out, he_uniform, xavier_normal, xavier_uniform, got 'zeros'");
  EXPECT_EQ(
      broken([](Graph& g) { g.nodes[0].attributes.set("bias", 1.0); }),
      "graph: node 'stem', Conv2d: attribute 'bias': expected true or false, got a number, 1");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[0].attributes.set("pad", std::int64_t{1}); }),
            "graph: node 'stem', Conv2d: there is no attribute 'pad'");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[0].attributes = {}; }),
            "graph: node 'stem', Conv2d: attribute 'in' is missing");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[0].attributes.set("kernel", nn::list(30)); }),
            "graph: node 'stem', Conv2d: conv2d: the output would be empty: image 6x6, kernel "
            "30x30, padding 1x1, dilation 1x1");
  EXPECT_EQ(broken([](Graph& g) { g.outputs = {"tail"}; }), "graph: output 'tail' is no value");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[4].name = "stem"; }),
            "graph: there are two values named 'stem'");
  EXPECT_EQ(broken([](Graph& g) { g.nodes[4].name = "a..b"; }),
            "graph: a node cannot be named 'a..b': expected up to 256 characters, parts with dots "
            "between");
  EXPECT_EQ(broken([](Graph& g) {
              g.inputs[0].shape = {6, 0, 2};
            }),
            "graph: input 'image': expected one to three extents from 1 to 65536, got [6,0,2]");
  EXPECT_EQ(broken([](Graph& g) { g.nodes.clear(); }),
            "graph: expected inputs, nodes and outputs, got 2, 0 and 2");
  EXPECT_EQ(error_of([] { nn::Net net(branching()); }),
            "graph: node 'stem', Conv2d: it has weights, so no other node's name can begin with "
            "'stem.'");
}

TEST(Graph, FilesAreReadStrictly) {
  const auto broken = [](const std::string& from, const std::string& to) {
    std::string json = to_json(without_clash(branching()));
    const std::size_t at = json.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    json.replace(at, from.size(), to);
    return error_of<DataError>([&] { nn::parse_graph(json, "net.json"); });
  };
  EXPECT_EQ(broken("joule net", "other net"),
            "net.json: expected format 'joule net', version 1, got \"other net\", 1");
  EXPECT_EQ(broken("\"version\": 1", "\"version\": 2"),
            "net.json: expected format 'joule net', version 1, got \"joule net\", 2");
  EXPECT_EQ(broken("\"outputs\"", "\"output\""), "net.json: the file: 'outputs' is missing");
  EXPECT_EQ(broken("\"kind\":\"ReLU\"", "\"kind\":\"ReLU\",\"more\":1"),
            "net.json: a node: there is no 'more'");
  EXPECT_EQ(broken("\"in\":2", "\"in\":2.5"),
            "net.json: node 'stem', Conv2d: 'in': expected a whole number, got 2.5");
  EXPECT_EQ(broken("\"in\":2", "\"in\":18446744073709551615"),
            "net.json: node 'stem', Conv2d: 'in': expected a whole number, got "
            "18446744073709551615");
  EXPECT_EQ(broken("\"in\":2", "\"inn\":2"),
            "net.json: node 'stem', Conv2d: there is no attribute 'inn'");
  EXPECT_EQ(broken("\"in\":2", "\"in\":2,\"in\":2"), "net.json: the member \"in\" is there twice");
  EXPECT_EQ(broken("[6,6,2]", "[6,6,2,1,1]"),
            "net.json: input 'image': 'shape' cannot be [6,6,2,1,1]");
  EXPECT_EQ(broken("[6,6,2]", "6"),
            "net.json: input 'image': 'shape': expected a list of whole numbers, got 6");
  EXPECT_TRUE(broken("\"ReLU\"", "\"Rlu\"")
                  .starts_with("net.json: graph: node 'rectified', Rlu: there is no kind 'Rlu'; "
                               "there are Add, AvgPool2d, "));
  EXPECT_EQ(error_of<DataError>([] { nn::parse_graph("[1]", "net.json"); }),
            "net.json: the file: expected a JSON object, got [1]");
}

/// Two layers whose outputs lie beside the input: a module of a user's.
class DenseLayer final : public nn::Composite {
 public:
  DenseLayer(std::int64_t in, std::int64_t growth)
      : conv_(add_child("conv", nn::Conv2d({.in = in, .out = growth, .padding = 1}))),
        relu_(add_child("relu", nn::ReLU())) {}
  std::string describe() const override { return "DenseLayer()"; }
  nn::Value add_to(nn::GraphBuilder& graph, nn::Value x) override {
    return graph.apply("Concat", {x, graph.add(*relu_, graph.add(*conv_, x))});
  }

 private:
  std::shared_ptr<nn::Conv2d> conv_;
  std::shared_ptr<nn::ReLU> relu_;
};

/// Forgets to give its layer to add_child().
class Unowned final : public nn::Composite {
 public:
  std::string describe() const override { return "Unowned()"; }
  nn::Value add_to(nn::GraphBuilder& graph, nn::Value x) override {
    return graph.add(linear_, graph.add(relu_, x));
  }

 private:
  nn::Linear linear_{3, 4};
  nn::ReLU relu_;  // which has no weights, so that nothing is lost
};

TEST(Composite, AModuleWithWeightsMustBeAChild) {
  nn::Sequential net(nn::Linear(2, 3), Unowned());
  EXPECT_EQ(test::error_of([&] {
              net(Tensor::zeros({1, 2}));
            }),
            "graph: Linear(3, 4): it is no child of the module that adds it, so that its weights "
            "would be neither trained nor saved: give it to add_child()");
}

TEST(Graph, AModuleOfAUsersFusesAndIsData) {
  nn::Sequential net(DenseLayer(2, 3), nn::Flatten(), nn::Linear(6 * 6 * 5, 4));
  const Tensor x = random_tensor({2, 6, 6, 2}, 1);
  EXPECT_EQ(runs_of(net, x), (std::vector<std::string>{"0.conv conv2d", "0 concat", "2 linear"}));
  const Graph graph = nn::graph_of(net, {6, 6, 2}, "dense");
  EXPECT_EQ(to_text(graph),
            "dense\n"
            "  input input [6,6,2]\n"
            "  0.conv = Conv2d(input; in=2, out=3, kernel=3x3, padding=1x1)\n"
            "  0.relu = ReLU(0.conv)\n"
            "  0 = Concat(input, 0.relu)\n"
            "  1 = Flatten(0)\n"
            "  2 = Linear(1; in=180, out=4)\n"
            "  output 2\n");
  nn::Net again(graph);
  load(again, net);
  expect_same_bits(again(x), net(x));
  // Observed, each layer is seen, and what is around them.
  std::vector<std::string> seen;
  const auto subscription = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
    seen.push_back(str(event.layer, " ", event.module.describe(), " ", event.inputs.size()));
  });
  net(x);
  EXPECT_EQ(seen,
            (std::vector<std::string>{"0.conv Conv2d(2, 3, kernel=3x3, padding=1x1) 1",
                                      "0.relu ReLU() 1", "0 Concat() 2", "0 DenseLayer() 1",
                                      "1 Flatten() 1", "2 Linear(180, 4) 1", " Sequential() 1"}));
}

TEST(Graph, AReluKeepsItsThresholdInTheConvolutionsPass) {
  nn::Sequential net(nn::Conv2d({.in = 2, .out = 3, .padding = 1}), nn::ReLU(0.4f));
  const Tensor x = random_tensor({2, 6, 6, 2}, 1);
  EXPECT_EQ(runs_of(net, x), (std::vector<std::string>{"0 conv2d"}));
  const Tensor fused = net(x);
  Tensor apart;  // as an observed net runs
  const auto subscription = nn::forward_observers().add([&](const nn::ForwardEvent& event) {
    if (event.layer == "1") apart = event.output.clone();
  });
  net(x);
  ASSERT_TRUE(apart);
  expect_same_bits(fused, apart);
  std::int64_t cut_off = 0;
  for (const float y : relu(net.children()[0]->operator()(x)).values<float>()) {
    cut_off += y > 0 && y <= 0.4f;
  }
  EXPECT_GT(cut_off, 0);
  EXPECT_EQ(fused.nonzeros(), relu(net.children()[0]->operator()(x)).nonzeros() - cut_off);
  EXPECT_EQ(net.children()[1]->describe(), "ReLU(threshold=0.4)");
}

/// A layer of which nothing is known but what it computes.
class Halves final : public nn::Module {
 public:
  std::string describe() const override { return "Halves(2)"; }

 private:
  Tensor forward(Tensor x) override { return max_pool2d(std::move(x), 2, 2); }
};

TEST(Graph, ALayerOfItsOwnKindIsRunToFindItsShape) {
  nn::Sequential net(Halves(), nn::Flatten(), nn::Linear(18, 4));
  const Graph graph = nn::graph_of(net, {6, 6, 2}, "mine");
  EXPECT_EQ(graph.nodes[0].kind, "Halves");
  EXPECT_EQ(graph.nodes[0].output, (Shape{3, 3, 2}));
  EXPECT_EQ(shapes_of(graph).at("1"), (Shape{18}));
  EXPECT_EQ(error_of([&] { to_json(graph); }),
            "graph: node '0' is a Halves, of no registered kind: a file could not be read again");
  EXPECT_TRUE(net.training());
}

/// Calls itself what it does not say that it is.
class NotAConvolution final : public nn::Module {
 public:
  std::string describe() const override { return "Conv2d(mine)"; }

 private:
  Tensor forward(Tensor x) override { return x; }
};

TEST(Graph, NamesOfKindsAreNotForEverybody) {
  nn::Sequential net{NotAConvolution(), nn::ReLU()};
  EXPECT_EQ(error_of([&] {
              nn::graph_of(net, {6, 6, 2}, "mine");
            }),
            "graph: node '0' calls itself a Conv2d, but is a layer of its own: override spec()");
  EXPECT_EQ(runs_of(net, random_tensor({1, 6, 6, 2}, 1)), (std::vector<std::string>{"1 relu"}));
}

/// A kind of a user's.
class Doubled final : public nn::Module {
 public:
  explicit Doubled(std::int64_t times) : times_(times) {}
  std::string describe() const override { return "Doubled()"; }
  nn::LayerSpec spec() const override { return {"Doubled", {{"times", times_}}}; }

 private:
  Tensor forward(Tensor x) override {
    for (std::int64_t i = 0; i < times_; ++i) {
      const std::vector<Tensor> both{x, x};
      x = concat(both);
    }
    return x;
  }
  std::int64_t times_;
};

TEST(Graph, KindsOfUsersAreReadFromFiles) {
  nn::register_kind(
      {.name = "Doubled",
       .attributes = {{.name = "times", .preset = std::int64_t{1}, .least = 1, .most = 8}},
       .make = [](const Attributes& a) { return std::make_shared<Doubled>(a.integer("times")); }});
  EXPECT_EQ(
      error_of([] { nn::register_kind({.name = "Doubled", .make = nn::find_kind("Add")->make}); }),
      "register_kind: there is a kind 'Doubled' already");
  EXPECT_EQ(error_of([] { nn::register_kind({.name = "Nothing"}); }),
            "register_kind: a kind needs a name and make, got 'Nothing'");
  nn::Sequential net(Doubled(2), nn::GlobalAvgPool(), nn::Linear(8, 2));
  const Graph graph = nn::graph_of(net, {4, 4, 2}, "doubled");
  nn::Net again(nn::parse_graph(to_json(graph), "net.json"));
  load(again, net);
  const Tensor x = random_tensor({2, 4, 4, 2}, 1);
  expect_same_bits(again(x), net(x));
  EXPECT_EQ(shapes_of(graph).at("0"), (Shape{4, 4, 8}));
}

TEST(Graph, ValuesThatAreReadAgainAreNotOverwritten) {
  // Both ReLUs would write into what they read if nobody else did.
  const Graph graph{.name = "twice",
                    .inputs = {{"x", {4}}},
                    .nodes = {{"a", "ReLU", {}, {"x"}},
                              {"b", "Add", {}, {"x", "x"}},
                              {"c", "ReLU", {}, {"b"}},
                              {"d", "Add", {}, {"a", "b", "c"}}},
                    .outputs = {"d", "a"}};
  nn::Net net(graph);
  const NoGrad guard;
  const auto outputs = net.run({Tensor::from(std::vector<float>{-1, 2, -3, 4}, {1, 4})});
  EXPECT_EQ(outputs[0].values<float>()[0], -2);
  EXPECT_EQ(outputs[0].values<float>()[1], 2 + 4 + 4);
  EXPECT_EQ(outputs[1].values<float>()[3], 4);
}

TEST(Graph, AChildThatIsAddedLaterRuns) {
  nn::Sequential net{nn::Flatten()};
  const Tensor x = random_tensor({2, 2, 2, 1}, 1);
  EXPECT_EQ(net(x).shape(), (Shape{2, 4}));
  net.add("head", nn::Linear(4, 3));
  EXPECT_EQ(net(x).shape(), (Shape{2, 3}));
}

}  // namespace
}  // namespace joule

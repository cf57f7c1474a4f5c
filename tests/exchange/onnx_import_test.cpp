// SPDX-License-Identifier: MIT
#include <cmath>
#include <fstream>
#include <functional>

#include "joule/exchange/onnx/import.h"
#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/pointwise/pointwise.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/onnx_bytes.h"
#include "joule/tests/support/onnx_run.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;
using exchange::OnnxNet;
using exchange::parse_onnx;

void expect_near(const Floats& got, const Floats& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5) << i;
}

TEST(OnnxImport, AConvolutionReadsImagesAndWeightsInOnnxOrder) {
  // y = sum over channels c and taps of w[c,r,s] x[c,...]; w = 1, 10 per channel at tap (0, 1).
  OnnxFile file;
  file.input("x", {-1, 2, 2, 3})
      .floats("conv.weight", {1, 2, 1, 2}, {0, 1, 0, 10})
      .floats("conv.bias", {1}, {0.5})
      .node("Conv", {"x", "conv.weight", "conv.bias"}, {"y"}, {}, "/conv/Conv")
      .output("y", {-1, 1, 2, 2});
  const OnnxNet net = read(file);
  EXPECT_EQ(net.graph.nodes[0].name, "conv");  // after its weights
  EXPECT_EQ(net.graph.inputs[0].shape, (Shape{2, 3, 2}));
  EXPECT_EQ(outputs(file, counting(12), kShape), (Floats{71.5, 82.5, 104.5, 115.5}));
}

TEST(OnnxImport, PaddingThatDiffersFromSideToSideIsALayer) {
  OnnxFile file;
  file.input("x", {-1, 1, 2, 2})
      .floats("w", {1, 1, 2, 2}, {1, 2, 4, 8})
      .node("Conv", {"x", "w"}, {"y"},
            {onnx_attribute("auto_pad", "SAME_UPPER"), onnx_attribute("kernel_shape", Ints{2, 2})})
      .output("y");
  EXPECT_EQ(layers(read(file)), "Pad2d Conv2d");
  EXPECT_EQ(outputs(file, {1, 2, 3, 4}, {1, 1, 2, 2}), (Floats{1 + 4 + 12 + 32, 2 + 16, 3 + 8, 4}));
}

TEST(OnnxImport, ATransposedConvolutionIsCutWherePaddingDiffers) {
  OnnxFile file;
  file.input("x", {-1, 1, 1, 2})
      .floats("w", {1, 1, 1, 2}, {1, 10})
      .node("ConvTranspose", {"x", "w"}, {"y"},
            {onnx_attribute("strides", Ints{1, 2}), onnx_attribute("pads", Ints{0, 1, 0, 0})})
      .output("y");
  EXPECT_EQ(layers(read(file)), "ConvTranspose2d Pad2d");
  EXPECT_EQ(outputs(file, {3, 4}, {1, 1, 1, 2}), (Floats{30, 4, 40}));
}

/// Ten classes from a flattened image, by each of the ways that exporters write it.
TEST(OnnxImport, ColumnsBehindAFlattenedImageMove) {
  const Floats weight = counting(24, 1);  // [2,12]
  Floats expected;
  for (int o = 0; o < 2; ++o) {
    float sum = 0;
    for (std::size_t i = 0; i < 12; ++i)
      sum += weight[12 * static_cast<std::size_t>(o) + i] * kX[i];
    expected.push_back(sum);
  }
  const auto gemm = [&](OnnxFile file) {
    return file.floats("w", {2, 12}, weight)
        .node("Gemm", {"flat", "w"}, {"y"}, {onnx_attribute("transB", std::int64_t{1})})
        .output("y", {-1, 2});
  };
  const OnnxFile input = OnnxFile().input("x", {-1, 2, 2, 3});
  const OnnxFile flatten = gemm(OnnxFile(input).node("Flatten", {"x"}, {"flat"}));
  const OnnxFile reshape =
      gemm(OnnxFile(input).integers("shape", {-1, 12}).node("Reshape", {"x", "shape"}, {"flat"}));
  const OnnxFile chain =
      gemm(OnnxFile(input)  // x.view(x.size(0), -1)
               .node("Shape", {"x"}, {"s"})
               .tensor(onnx_integers("zero", {}, {0}))
               .node("Gather", {"s", "zero"}, {"n"})
               .integers("axes", {0})
               .node("Unsqueeze", {"n", "axes"}, {"n1"})
               .integers("rest", {-1})
               .node("Concat", {"n1", "rest"}, {"shape"}, {onnx_attribute("axis", std::int64_t{0})})
               .node("Reshape", {"x", "shape"}, {"flat"}));
  for (const OnnxFile& file : {flatten, reshape, chain}) {
    EXPECT_EQ(layers(read(file)), "Flatten Linear");
    EXPECT_EQ(outputs(file, kX, kShape), expected);
  }
  // In the order of the net's own images nothing moves.
  const OnnxFile last =
      gemm(OnnxFile(input)
               .node("Transpose", {"x"}, {"t"}, {onnx_attribute("perm", Ints{0, 2, 3, 1})})
               .node("Flatten", {"t"}, {"flat"}));
  EXPECT_EQ(read(last).weights.tensors.begin()->second.data<float>()[1], 2);
}

TEST(OnnxImport, AProductAndASumAreOneLayer) {
  OnnxFile file;
  file.input("x", {-1, 2})
      .floats("w", {2, 3}, counting(6))
      .floats("b", {3}, {100, 200, 300})
      .node("MatMul", {"x", "w"}, {"p"})
      .node("Add", {"b", "p"}, {"y"})
      .output("y", {-1, 3});
  EXPECT_EQ(layers(read(file)), "Linear");
  EXPECT_EQ(outputs(file, {1, 10}, {1, 2}), (Floats{130, 241, 352}));
  EXPECT_EQ(layers(read(OnnxFile(file).output("p"))), "Linear BatchNorm");  // p is read, too
}

TEST(OnnxImport, GemmHasFactorsAndOneBiasForAll) {
  OnnxFile file;
  file.input("x", {-1, 2})
      .floats("w", {2, 1}, {3, 4})
      .floats("c", {}, {10})
      .node("Gemm", {"x", "w", "c"}, {"y"},
            {onnx_attribute("alpha", 0.5f), onnx_attribute("beta", 2.0f)})
      .output("y");
  EXPECT_EQ(outputs(file, {1, 2}, {1, 2}), Floats{0.5f * 11 + 20});
}

TEST(OnnxImport, ConstantsPerChannelAreNorms) {
  OnnxFile file;
  file.input("x", {-1, 2, 2, 3})
      .floats("mean", {2, 1, 1}, {1, -2})
      .floats("scale", {1, 2, 1, 1}, {2, 4})
      .node("Sub", {"x", "mean"}, {"d"})
      .node("Div", {"d", "scale"}, {"y"})
      .output("y");
  EXPECT_EQ(layers(read(file)), "BatchNorm BatchNorm");
  EXPECT_EQ(outputs(file, kX, kShape),
            (Floats{-3, -2.5, -2, -1.5, -1, -0.5, 0.75, 1, 1.25, 1.5, 1.75, 2}));
  OnnxFile refused;
  refused.input("x", {-1, 2, 2, 3})
      .floats("c", {2, 3}, counting(6))
      .node("Add", {"x", "c"}, {"y"}, {}, "sum")
      .output("y");
  EXPECT_EQ(
      refusal(refused),
      "net.onnx: node 'sum', Add: its constant [2,3]: expected one number, or one per channel "
      "of [2,2,3]");
}

TEST(OnnxImport, ABatchNormHasOnnxsMomentum) {
  OnnxFile file;
  file.input("x", {-1, 2, 2, 3})
      .floats("g", {2}, {2, 3})
      .floats("b", {2}, {1, 0})
      .floats("m", {2}, {0.5, 1})
      .floats("v", {2}, {4, 1})
      .node("BatchNormalization", {"x", "g", "b", "m", "v"}, {"y"},
            {onnx_attribute("epsilon", 1e-12f), onnx_attribute("momentum", 0.75f)})
      .output("y");
  const OnnxNet net = read(file);
  EXPECT_EQ(net.graph.nodes[0].attributes.number("momentum"), 0.25);
  const Floats y = outputs(file, kX, kShape);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(y[i], i < 6 ? (kX[i] - 0.5f) + 1 : 3 * (kX[i] - 1), 1e-5) << i;
  }
}

TEST(OnnxImport, PoolsCountPaddingOrNot) {
  const auto pool = [](const char* op, const Ints& pads, std::int64_t counts) {
    std::vector<Message> attributes{onnx_attribute("kernel_shape", Ints{1, 2}),
                                    onnx_attribute("strides", Ints{1, 2}),
                                    onnx_attribute("pads", pads)};
    if (op[0] == 'A') attributes.push_back(onnx_attribute("count_include_pad", counts));
    return OnnxFile().input("x", {-1, 1, 1, 3}).node(op, {"x"}, {"y"}, attributes).output("y");
  };
  const auto y = [](const OnnxFile& file) { return outputs(file, {4, 8, -6}, {1, 1, 1, 3}); };
  const Ints behind{0, 0, 0, 1}, both{0, 1, 0, 1}, before{0, 1, 0, 0};
  EXPECT_EQ(y(pool("AveragePool", behind, 0)), (Floats{6, -6}));
  EXPECT_EQ(y(pool("AveragePool", behind, 1)), (Floats{6, -3}));
  EXPECT_EQ(y(pool("AveragePool", both, 0)), (Floats{4, 1}));
  EXPECT_EQ(y(pool("AveragePool", before, 1)), (Floats{2, 1}));
  EXPECT_EQ(y(pool("MaxPool", behind, 0)), (Floats{8, -6}));
  EXPECT_EQ(y(pool("MaxPool", both, 0)), (Floats{4, 8}));
  EXPECT_EQ(y(pool("MaxPool", before, 0)), (Floats{4, 8}));
  EXPECT_EQ(y(pool("AveragePool", before, 0)), (Floats{4, 1}));
  const auto each = OnnxFile()  // a window at every pixel
                        .input("x", {-1, 1, 1, 3})
                        .node("AveragePool", {"x"}, {"y"},
                              {onnx_attribute("kernel_shape", Ints{1, 2}),
                               onnx_attribute("auto_pad", "SAME_UPPER")})
                        .output("y");
  EXPECT_EQ(y(each), (Floats{6, 1, -6}));
  EXPECT_EQ(refusal(pool("MaxPool", Ints{0, 2, 0, 0}, 0)),  // a window that sees nothing
            "net.onnx: node 'y', MaxPool: pads [0,0,2,0] (above, below, left, right): a pool of "
            "Joule's pads both sides alike");
}

TEST(OnnxImport, MeansOfAllPixelsAreOneKind) {
  const Floats expected{-2.5, 3.5};
  expect_near(outputs(one("GlobalAveragePool"), kX, kShape), expected);
  const auto mean = one("ReduceMean", {onnx_attribute("axes", Ints{2, -1}),
                                       onnx_attribute("keepdims", std::int64_t{0})});
  expect_near(outputs(mean, kX, kShape), expected);
  EXPECT_EQ(layers(read(mean)), "GlobalAvgPool");
  EXPECT_EQ(read(mean).outputs[0].dims, (Ints{2}));
  EXPECT_EQ(read(one("GlobalAveragePool")).outputs[0].dims, (Ints{2, 1, 1}));
  EXPECT_EQ(refusal(one("ReduceMean", {onnx_attribute("axes", Ints{1})})),
            "net.onnx: node 'y', ReduceMean: over the axes [1] of [2,2,3] behind the batch: "
            "expected all pixels of images");
  EXPECT_EQ(outputs(one("GlobalMaxPool"), kX, kShape), (Floats{0, 6}));
}

TEST(OnnxImport, ActivationsOfSeveralNodesAreOneLayer) {
  const OnnxFile input = OnnxFile()
                             .input("x", {-1, 2, 2, 3})
                             .floats("root", {}, {std::sqrt(2.0f)})
                             .floats("half", {1}, {0.5})
                             .floats("one", {}, {1})
                             .floats("three", {}, {3})
                             .floats("zero", {}, {0})
                             .floats("six", {}, {6});
  const OnnxFile gelu = OnnxFile(input)
                            .node("Div", {"x", "root"}, {"a"})
                            .node("Erf", {"a"}, {"b"})
                            .node("Add", {"b", "one"}, {"c"})
                            .node("Mul", {"x", "c"}, {"d"})
                            .node("Mul", {"d", "half"}, {"y"})
                            .output("y");
  const OnnxFile silu =
      OnnxFile(input).node("Sigmoid", {"x"}, {"a"}).node("Mul", {"x", "a"}, {"y"}).output("y");
  const OnnxFile swish = OnnxFile(input)
                             .node("Add", {"x", "three"}, {"a"})
                             .node("Clip", {"a", "zero", "six"}, {"b"})
                             .node("Mul", {"x", "b"}, {"c"})
                             .node("Div", {"c", "six"}, {"y"})
                             .output("y");
  const OnnxFile gate = OnnxFile(input)
                            .node("HardSigmoid", {"x"}, {"a"}, {onnx_attribute("alpha", 1.0f / 6)})
                            .node("Mul", {"a", "x"}, {"y"})
                            .output("y");
  EXPECT_EQ(layers(read(gelu)), "GELU");
  EXPECT_EQ(layers(read(silu)), "SiLU");
  EXPECT_EQ(layers(read(swish)), "HardSwish");
  EXPECT_EQ(layers(read(gate)), "HardSwish");
  // One of its values is read elsewhere: then they are layers of their own.
  EXPECT_EQ(layers(read(OnnxFile(silu).output("a"))), "Sigmoid Mul");
  EXPECT_EQ(layers(read(OnnxFile(gelu).output("b"))), "BatchNorm Erf BatchNorm Mul BatchNorm");
}

TEST(OnnxImport, EluHasItsAlphaAndErfIsALayerOfItsOwn) {
  const OnnxFile elu = one("Elu", {onnx_attribute("alpha", 0.5f)}), erf = one("Erf");
  EXPECT_EQ(layers(read(elu)), "ELU");
  EXPECT_EQ(layers(read(erf)), "Erf");
  Floats of_elu, of_erf;
  for (const float x : kX) {
    of_elu.push_back(x > 0 ? x : 0.5f * std::expm1(x));
    of_erf.push_back(std::erf(x));
  }
  expect_near(outputs(elu, kX, kShape), of_elu);
  EXPECT_NEAR(outputs(one("Elu"), kX, kShape)[0], std::expm1(kX[0]), 1e-5);
  expect_near(outputs(erf, kX, kShape), of_erf);
}

TEST(OnnxImport, BoundsAreClippedToAndZerosStayZeros) {
  const auto clip = [](const Names& inputs) {
    return OnnxFile()
        .input("x", {-1, 5})
        .floats("low", {}, {-1})
        .floats("zero", {}, {0})
        .floats("six", {}, {6})
        .node("Clip", inputs, {"y"})
        .output("y");
  };
  const Floats x{-7, 0, 1e-9f, 5.9f, 1000};
  EXPECT_EQ(outputs(clip({"x", "zero", "six"}), x, {1, 5}), (Floats{0, 0, 1e-9f, 5.9f, 6}));
  EXPECT_EQ(outputs(clip({"x", "low", "six"}), x, {1, 5}), (Floats{-1, 0, 1e-9f, 5.9f, 6}));
  EXPECT_EQ(outputs(clip({"x", "low"}), x, {1, 5}), (Floats{-1, 0, 1e-9f, 5.9f, 1000}));
  EXPECT_EQ(layers(read(clip({"x", "zero"}))), "ReLU");
}

TEST(OnnxImport, NormsOfGroupsByBothWays) {
  const Floats x = counting(16, -3);
  OnnxFile named(21);
  named.input("x", {-1, 4, 2, 2})
      .floats("s", {4}, {1, 2, 3, 4})
      .floats("b", {4}, {0, 1, 0, 1})
      .node("GroupNormalization", {"x", "s", "b"}, {"y"},
            {onnx_attribute("num_groups", std::int64_t{2})})
      .output("y");
  OnnxFile composed;
  composed.input("x", {-1, 4, 2, 2})
      .floats("s", {4, 1, 1}, {1, 2, 3, 4})
      .floats("b", {4, 1, 1}, {0, 1, 0, 1})
      .floats("ones", {2}, {1, 1})
      .floats("zeros", {2}, {0, 0})
      .integers("groups", {0, 2, -1})
      .node("Reshape", {"x", "groups"}, {"g"})
      .node("InstanceNormalization", {"g", "ones", "zeros"}, {"n"})
      .node("Shape", {"x"}, {"shape"})
      .node("Reshape", {"n", "shape"}, {"i"})
      .node("Mul", {"i", "s"}, {"m"})
      .node("Add", {"m", "b"}, {"y"})
      .output("y");
  EXPECT_EQ(layers(read(composed)), "GroupNorm");
  EXPECT_EQ(outputs(composed, x, {1, 4, 2, 2}), outputs(named, x, {1, 4, 2, 2}));
}

TEST(OnnxImport, AnInputThatIsTransposedFirstIsAnImageAlready) {
  OnnxFile file;
  file.input("x", {-1, 2, 3, 1})
      .node("Transpose", {"x"}, {"t"}, {onnx_attribute("perm", Ints{0, 3, 1, 2})})
      .node("Relu", {"t"}, {"y"})
      .output("y", {-1, 1, 2, 3});
  EXPECT_EQ(read(file).graph.inputs[0].shape, (Shape{2, 3, 1}));
  EXPECT_EQ(layers(read(file)), "ReLU");
}

TEST(OnnxImport, OneNumberPerChannelGatesAnImage) {
  OnnxFile file;
  file.input("x", {-1, 2, 2, 3})
      .node("GlobalAveragePool", {"x"}, {"p"})
      .floats("w", {2, 2, 1, 1}, {0, 1, 1, 0})  // exchanges the channels
      .node("Conv", {"p", "w"}, {"q"})
      .node("Mul", {"q", "x"}, {"y"})
      .output("y");
  EXPECT_EQ(layers(read(file)), "GlobalAvgPool Linear Mul");
  const Floats y = outputs(file, kX, kShape);
  EXPECT_NEAR(y[0], -5 * 3.5f, 1e-5);
  EXPECT_NEAR(y[11], 6 * -2.5f, 1e-5);
}

TEST(OnnxImport, PartsOfImagesAndChannels) {
  OnnxFile file;
  file.input("x", {-1, 2, 2, 3})
      .integers("starts", {1, 1})
      .integers("ends", {2, 9223372036854775807})
      .integers("axes", {1, 3})
      .node("Slice", {"x", "starts", "ends", "axes"}, {"y"})
      .output("y", {-1, 1, 2, 2});
  EXPECT_EQ(outputs(file, kX, kShape), (Floats{2, 3, 5, 6}));
  OnnxFile split;
  split.input("x", {-1, 3, 1, 1})
      .integers("sizes", {1, 2})
      .node("Split", {"x", "sizes"}, {"a", "b"}, {onnx_attribute("axis", std::int64_t{1})})
      .node("Concat", {"b", "a"}, {"y"}, {onnx_attribute("axis", std::int64_t{1})})
      .output("y");
  EXPECT_EQ(outputs(split, {1, 2, 3}, {1, 3, 1, 1}), (Floats{2, 3, 1}));
}

TEST(OnnxImport, HalvesAreWidenedAndDoublesRefused) {
  const std::uint16_t halves[] = {0x3c00, 0xc100};  // 1, -2.5
  Message weight = Message().varint(1, 1).varint(1, 2).varint(2, 10).bytes(8, "w").bytes(
      9, {reinterpret_cast<const char*>(halves), 4});
  const auto product = [](const Message& w) {
    return OnnxFile().input("x", {-1, 1}).tensor(w).node("MatMul", {"x", "w"}, {"y"}).output("y");
  };
  EXPECT_EQ(outputs(product(weight), {2}, {1, 1}), (Floats{2, -5}));
  const double doubles[] = {1, 2};
  const Message wide = Message().varint(1, 1).varint(1, 2).varint(2, 11).bytes(8, "w").bytes(
      9, {reinterpret_cast<const char*>(doubles), 16});
  EXPECT_EQ(refusal(product(wide)), "net.onnx: node 'y', MatMul: B: expected float32, got float64");
}

TEST(OnnxImport, ExternalDataLiesBesideTheFile) {
  const TemporaryFolder folder;
  const auto tensor = [](const char* location, const char* length) {
    const auto entry = [](const char* key, const char* value) {
      return Message().bytes(1, key).bytes(2, value);
    };
    return Message()
        .varint(1, 1)
        .varint(1, 2)
        .varint(2, 1)
        .bytes(8, "w")
        .varint(14, 1)
        .message(13, entry("location", location))
        .message(13, entry("offset", "4"))
        .message(13, entry("length", length));
  };
  const auto file = [&](const Message& w) {
    return OnnxFile().input("x", {-1, 1}).tensor(w).node("MatMul", {"x", "w"}, {"y"}).output("y");
  };
  const Floats values{9, 3, 4};
  std::ofstream(folder / "net.data").write(reinterpret_cast<const char*>(values.data()), 12);
  const auto answer = [&](const Message& w) -> std::string {
    try {
      const auto net = parse_onnx(file(w).bytes(), folder / "net.onnx");
      return str(run_onnx(net, {Tensor::from(Floats{1}, {1, 1})})[0].data<float>()[1]);
    } catch (const DataError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(answer(tensor("net.data", "8")), "4");
  const std::string at = str(folder / "net.onnx", ": node 'y', MatMul: initialiser 'w': ");
  EXPECT_EQ(answer(tensor("net.data", "12")), at + "expected 8 bytes of external data, got 12");
  EXPECT_EQ(answer(tensor("../net.data", "8")),
            at + "expected its data in a file beside this one or below, got '../net.data'");
  std::ofstream(folder / "net.data").write(reinterpret_cast<const char*>(values.data()), 8);
  EXPECT_EQ(answer(tensor("net.data", "8")), at + "expected 8 bytes from 4 of net.data, it has 8");
}

TEST(OnnxImport, ErrorsNameTheNodeAndWhatWasExpected) {
  EXPECT_EQ(refusal(std::string("\x0a\x05zz", 4)),
            "net.onnx: not a file of ONNX, or not all of one");
  EXPECT_EQ(refusal(OnnxFile(10)), "net.onnx: expected ONNX's operator set 11 to 25, got 10");
  EXPECT_EQ(refusal(one("Sigmoyd")),
            "net.onnx: node 'y', Sigmoyd: the operator 'Sigmoyd' is not read; did you mean "
            "'Sigmoid'?");
  EXPECT_EQ(refusal(OnnxFile().input("x", {-1, 4}).node("Relu", {"z"}, {"y"}).output("y")),
            "net.onnx: node 'y', Relu: its input 'z' is neither an initialiser, nor an input, nor "
            "made by a node");
  EXPECT_EQ(refusal(OnnxFile()
                        .input("x", {-1, 4})
                        .node("Add", {"x", "b"}, {"a"})
                        .node("Relu", {"a"}, {"b"})
                        .output("b")),
            "net.onnx: node 'a', Add: it waits for itself: a cycle");
  EXPECT_EQ(refusal(OnnxFile().input("x", {-1, -1, 4, 4}).node("Relu", {"x"}, {"y"}).output("y")),
            "net.onnx: input 'x': dimension 1: expected a number from 1 to 65536 (only the batch "
            "is free)");
  EXPECT_EQ(refusal(one("Relu", {onnx_attribute("alpha", 1.0f)})),
            "net.onnx: node 'y', Relu: its attribute 'alpha' is not known");
  EXPECT_EQ(refusal(one("Softmax", {onnx_attribute("alpha", 1.0f)})),
            "net.onnx: node 'y', Softmax: its attribute 'alpha' is not known");
  EXPECT_EQ(refusal(one("Relu").output("y", {-1, 7})),
            "net.onnx: output 'y': the file says [7] behind the batch, its nodes make [2,2,3]");
  const auto weight = [](const Ints& dims, const Floats& values) {
    return OnnxFile()
        .input("x", {-1, 1, 4, 4})
        .floats("w", dims, values)
        .node("Conv", {"x", "w"}, {"y"})
        .output("y");
  };
  EXPECT_EQ(refusal(weight({1, 1, 1 << 20, 1 << 9}, {1})),
            "net.onnx: node 'y', Conv: initialiser 'w': expected 2147483648 bytes for "
            "[1,1,1048576,512], got 4");
  EXPECT_EQ(refusal(weight({1, 1, 1ll << 40, 1ll << 40}, {1})),
            "net.onnx: node 'y', Conv: initialiser 'w': expected at most 4294967296 elements, got "
            "[1,1,1099511627776,1099511627776]");
  EXPECT_EQ(refusal(weight({1, 1, -1, 1}, {1})),
            "net.onnx: node 'y', Conv: initialiser 'w': expected no negative dimension, got "
            "[1,1,-1,1]");
  EXPECT_EQ(refusal(weight({1, 2, 1, 1}, {1, 1})),
            "net.onnx: node 'y', Conv: W [1,2,1,1] and group=1 do not fit to 1 channels");
  EXPECT_EQ(refusal(one("Relu").floats("a", {}, {1}).floats("a", {}, {1})),
            "net.onnx: there are two initialisers named 'a'");
}

}  // namespace
}  // namespace joule

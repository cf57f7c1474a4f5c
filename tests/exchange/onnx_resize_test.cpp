// SPDX-License-Identifier: MIT
#include <cmath>

#include "joule/exchange/onnx/import.h"
#include "joule/tests/support/onnx_bytes.h"
#include "joule/tests/support/onnx_run.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

/// A Resize of images [N,2,2,3] by scales, or to sizes.
OnnxFile resize(const Floats& scales, const std::vector<Message>& attributes = {}, int opset = 17) {
  return OnnxFile(opset)
      .input("x", {-1, 2, 2, 3})
      .floats("scales", {std::ssize(scales)}, scales)
      .node("Resize", {"x", "", "scales"}, {"y"}, attributes)
      .output("y");
}
OnnxFile resize_to(const Ints& sizes, const std::vector<Message>& attributes = {}, int opset = 17) {
  return OnnxFile(opset)
      .input("x", {1, 2, 2, 3})
      .floats("none", {0}, {})
      .integers("sizes", sizes)
      .node("Resize", {"x", "none", "none", "sizes"}, {"y"}, attributes)
      .output("y");
}
/// The layer that a file becomes.
std::string layer_of(const OnnxFile& file) {
  const exchange::OnnxNet net = read(file);
  return net.graph.nodes.size() == 1 ? nn::to_text(net.graph.nodes[0]) : layers(net);
}
const Message kAsymmetric = onnx_attribute("coordinate_transformation_mode", "asymmetric");
const Message kFloor = onnx_attribute("nearest_mode", "floor");

TEST(OnnxResize, ImagesAreResizedToTheirNearestPixels) {
  EXPECT_EQ(outputs(resize({1, 1, 2, 1}), kX, kShape),
            (Floats{-5, -4, -3, -5, -4, -3, -2, -1, 0, -2, -1, 0,  //
                    1,  2,  3,  1,  2,  3,  4,  5,  6, 4,  5,  6}));
  EXPECT_EQ(layer_of(resize({1, 1, 2, 3})), "y = ResizeNearest(x; rows=2, columns=3)");
  EXPECT_EQ(layer_of(resize({1, 1, 3, 2}, {kAsymmetric, kFloor})),
            "y = ResizeNearest(x; rows=3, columns=2)");
  // i * 3 / 5 = 0, 0.6, 1.2, 1.8, 2.4
  EXPECT_EQ(layer_of(resize_to({1, 2, 2, 5}, {kAsymmetric, kFloor})),
            "y = ResizeNearest(x; rows=1, columns=2x2x1)");
  // (i + 0.5) * 3 / 5 - 0.5 = -0.2, 0.4, 1, 1.6, 2.2
  EXPECT_EQ(layer_of(resize_to({1, 2, 2, 5})), "y = ResizeNearest(x; rows=1, columns=2x1x2)");
  EXPECT_EQ(layer_of(resize_to({1, 2, 2, 5}, {onnx_attribute("nearest_mode", "ceil")})),
            "y = ResizeNearest(x; rows=1, columns=1x2x2)");
  // Half way between two rows.
  EXPECT_EQ(layer_of(resize({1, 1, 0.5, 1})), "y = ResizeNearest(x; rows=1x0, columns=1)");
  EXPECT_EQ(layer_of(resize({1, 1, 0.5, 1}, {onnx_attribute("nearest_mode", "round_prefer_ceil")})),
            "y = ResizeNearest(x; rows=0x1, columns=1)");
  const auto by = [](const char* mode) {
    return layer_of(resize_to(
        {1, 2, 2, 5}, {onnx_attribute("coordinate_transformation_mode", mode), kFloor}, 19));
  };
  EXPECT_EQ(by("align_corners"), "y = ResizeNearest(x; rows=1, columns=2x2x1)");  // i / 2
  EXPECT_EQ(by("half_pixel"), "y = ResizeNearest(x; rows=1, columns=2x2x1)");
  EXPECT_EQ(by("half_pixel_symmetric"), by("half_pixel"));  // whole sizes
  EXPECT_EQ(by("pytorch_half_pixel"), by("half_pixel"));
  // (i + 0.5) * 3 / 5 = 0.3, 0.9, 1.5, 2.1, 2.7
  EXPECT_EQ(by("tf_half_pixel_for_nn"), "y = ResizeNearest(x; rows=1, columns=2x1x2)");
  // 3 columns times 0.6 are 1.8, so one: its middle lies at 1.5 - 1 / 1.2 + 0.5 / 0.6 - 0.5 = 1.
  EXPECT_EQ(layer_of(resize(
                {1, 1, 1, 0.6f},
                {onnx_attribute("coordinate_transformation_mode", "half_pixel_symmetric")}, 19)),
            "y = ResizeNearest(x; rows=1, columns=0x1x0)");
}

TEST(OnnxResize, AResizeMayNameItsAxesAndKeepTheRatio) {
  const Message axes = onnx_attribute("axes", Ints{3, -2});
  EXPECT_EQ(layer_of(resize({3, 2}, {axes}, 18)), "y = ResizeNearest(x; rows=2, columns=3)");
  const auto keeping = [&](const char* policy) {
    return run_onnx(read(resize_to({4, 4},
                                   {onnx_attribute("axes", Ints{2, 3}),
                                    onnx_attribute("keep_aspect_ratio_policy", policy)},
                                   18)),
                    {Tensor::from(kX, kShape)})[0]
        .shape();
  };
  EXPECT_EQ(keeping("stretch"), (Shape{1, 2, 4, 4}));
  EXPECT_EQ(keeping("not_smaller"), (Shape{1, 2, 4, 6}));
  EXPECT_EQ(keeping("not_larger"), (Shape{1, 2, 3, 4}));  // 4 / 3 * 2 = 2.67
  const OnnxFile same = OnnxFile()
                            .input("x", {-1, 2, 2, 3})
                            .floats("scales", {4}, {1, 1, 1, 1})
                            .node("Resize", {"x", "", "scales"}, {"a"})
                            .node("Relu", {"a"}, {"y"})
                            .output("y");
  EXPECT_EQ(layers(read(same)), "ReLU");
}

TEST(OnnxResize, AResizeThatIsNotReadSaysWhatIs) {
  const auto refused = [](const OnnxFile& file) {
    const std::string text = refusal(file), begin = "net.onnx: node 'y', Resize: ";
    return text.starts_with(begin) ? text.substr(begin.size()) : text;
  };
  EXPECT_EQ(refused(resize({1, 1, 2, 2}, {onnx_attribute("mode", "linear")})),
            "mode: expected nearest, got linear");
  EXPECT_EQ(
      refused(resize({1, 1, 2, 2},
                     {onnx_attribute("coordinate_transformation_mode", "tf_crop_and_resize")})),
      "coordinate_transformation_mode: expected one of align_corners, asymmetric, half_pixel, "
      "half_pixel_symmetric, pytorch_half_pixel, tf_half_pixel_for_nn, got "
      "tf_crop_and_resize");
  EXPECT_EQ(refused(resize({1, 1, 2, 2}, {onnx_attribute("nearest_mode", "simple")})),
            "nearest_mode: expected one of ceil, floor, round_prefer_ceil, round_prefer_floor, got "
            "simple");
  EXPECT_EQ(refused(resize({1, 2, 2, 2})),
            "scales: expected 1 for the batch and the channels, got 2");
  EXPECT_EQ(refused(resize({1, 1, -1, 2})), "scales: expected positive numbers, got -1");
  EXPECT_EQ(refused(resize({1, 1, NAN, 2})), "scales: expected positive numbers, got nan");
  EXPECT_EQ(refused(resize({1, 1, 1e30f, 2})),
            "1e+30 times 2 rows or columns: expected from 1 to 16777216, and a scale at which all "
            "implementations agree, got 2e+30 or 2e+30");
  EXPECT_EQ(refused(resize({1, 1, 2})), "scales: expected 4 numbers of float32");
  EXPECT_EQ(refused(resize({2, 2}, {onnx_attribute("axes", Ints{3, 3})}, 18)),
            "axes [3,3]: one is named twice");
  EXPECT_EQ(
      refused(resize({1, 1, 1.25f, 1},
                     {onnx_attribute("coordinate_transformation_mode", "align_corners")})),
      "coordinate_transformation_mode align_corners: expected scales that make whole rows and "
      "columns, got 1.25 times 2");
  EXPECT_EQ(refused(resize_to({1, 3, 2, 5})),
            "sizes [1,3,2,5]: expected the channels as they are, and from 1 to 16777216 rows and "
            "columns");
  EXPECT_EQ(refused(resize_to({2, 2, 2, 5})), "sizes [2,2,2,5]: expected the batch first");
  EXPECT_EQ(refused(resize_to({1, 2, 4, 4},
                              {onnx_attribute("keep_aspect_ratio_policy", "not_larger")}, 18)),
            "keep_aspect_ratio_policy not_larger: expected axes [2,3], those of the pixels");
  EXPECT_EQ(refused(one("Resize")), "expected scales or sizes, and not both");
  // In float32 0.7 times 10 is 7, and 11 / 1.1 is 10.
  const auto wide = [](std::int64_t width, float scale) {
    return OnnxFile()
        .input("x", {-1, 1, 1, width})
        .floats("scales", {4}, {1, 1, 1, scale})
        .node("Resize", {"x", "", "scales"}, {"y"}, {kAsymmetric, kFloor})
        .output("y");
  };
  EXPECT_EQ(refused(wide(10, 0.7f)),
            "0.7 times 10 rows or columns: expected from 1 to 16777216, and a scale at which all "
            "implementations agree, got 6 or 7");
  EXPECT_EQ(refused(wide(30, 1.1f)),
            "from 30 to 33 rows or columns: number 11 is 9 or, where coordinates are rounded to "
            "float32, 10: expected a scale at which all implementations agree");
}

TEST(OnnxResize, RowsAndColumnsByNumber) {
  const auto gather = [](const Ints& numbers, std::int64_t axis) {
    return OnnxFile()
        .input("x", {-1, 2, 2, 3})
        .integers("numbers", numbers)
        .node("Gather", {"x", "numbers"}, {"y"}, {onnx_attribute("axis", axis)})
        .output("y");
  };
  EXPECT_EQ(layer_of(gather({0, 0, -1}, 3)), "y = ResizeNearest(x; rows=1, columns=2x0x1)");
  EXPECT_EQ(outputs(gather({0, 0, -1}, 3), kX, kShape),
            (Floats{-5, -5, -3, -2, -2, 0, 1, 1, 3, 4, 4, 6}));
  EXPECT_EQ(layer_of(gather({1}, -2)), "y = ResizeNearest(x; rows=0x1, columns=1)");
  EXPECT_EQ(refusal(gather({1, 0}, 2)),
            "net.onnx: node 'y', Gather: indices: expected them to ascend, got 0 behind 1");
  EXPECT_EQ(refusal(gather({3}, 3)), "net.onnx: node 'y', Gather: index 3 is outside [2,2,3]");
  EXPECT_EQ(
      refusal(gather({0}, 1)),
      "net.onnx: node 'y', Gather: along axis 1 of [2,2,3] behind the batch: expected rows or "
      "columns of images [N,C,H,W]");
}

}  // namespace
}  // namespace joule

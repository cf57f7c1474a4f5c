// SPDX-License-Identifier: MIT
#include "joule/core/text/tensor_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iomanip>
#include <limits>
#include <sstream>
#include <vector>

#include "joule/core/error.h"

namespace joule {
namespace {

TEST(TensorText, HasARowPerLine) {
  EXPECT_EQ(str(Tensor::from(std::vector<float>{1, -2.5f, 3, 4, 5, 1e10f}, {2, 3})),
            "f32 [2,3] on cpu\n[[    1,  -2.5,     3],\n [    4,     5, 1e+10]]");
  EXPECT_EQ(str(Tensor::from(std::vector<std::int32_t>{2000000000, 1}, {2})),
            "i32 [2] on cpu\n[2000000000,          1]");
  EXPECT_EQ(str(Tensor::full({}, 3)), "f32 [] on cpu\n3");
  EXPECT_EQ(str(Tensor({2, 0})), "f32 [2,0] on cpu\n[[],\n []]");
  EXPECT_EQ(str(Tensor()), "undefined tensor");
}

TEST(TensorText, IndentsOuterDimensions) {
  EXPECT_EQ(str(Tensor::zeros({2, 2, 1})), "f32 [2,2,1] on cpu\n[[[0],\n  [0]],\n [[0],\n  [0]]]");
}

TEST(TensorText, LeavesOutTheMiddleOfWhatIsLarge) {
  std::vector<float> values(1001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = float(i);
  EXPECT_EQ(str(Tensor::from(values, {1001})),
            "f32 [1001] on cpu\n[   0,    1,    2, ...,  998,  999, 1000]");
  const std::string deep = str(Tensor::from(values, {7, 143}));
  EXPECT_EQ(std::count(deep.begin(), deep.end(), '\n'), 7);  // six rows, and one that says ...
  EXPECT_NE(deep.find("[ 858,  859,  860, ...,  998,  999, 1000]]"), std::string::npos) << deep;
  values.pop_back();  // of a thousand, all are shown
  EXPECT_EQ(str(Tensor::from(values, {1000})).find("..."), std::string::npos);
}

TEST(TensorText, HasThePrecisionOfTheStream) {
  std::ostringstream out;
  out << std::setprecision(3) << Tensor::from(std::vector<float>{1.0f / 3, 0}, {2});
  EXPECT_EQ(out.str(), "f32 [2] on cpu\n[0.333,     0]");
  EXPECT_EQ(str(Tensor::full({1}, std::numeric_limits<float>::quiet_NaN())),
            "f32 [1] on cpu\n[nan]");
}

}  // namespace
}  // namespace joule

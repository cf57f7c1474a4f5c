// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <joule/joule.h>

// A user's program may open both: no layer has the name of an operation's descriptor.
using namespace joule;
using namespace joule::nn;

namespace {

TEST(Namespaces, OfLayersAndOfOperationsCanBeOpenTogether) {
  Sequential net(Conv2d({.in = 1, .out = 4, .kernel = 3, .padding = 1}), BatchNorm(4), ReLU(),
                 MaxPool2d(2), AvgPool2d(2), Dropout(0.5f), GlobalAvgPool(), Flatten(),
                 Linear(4, 2));
  const Tensor y = net(Tensor(Shape{3, 8, 8, 1}));
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  EXPECT_EQ(ops::Conv2d::kName, "conv2d");
}

}  // namespace

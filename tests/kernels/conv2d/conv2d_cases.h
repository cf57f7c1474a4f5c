// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/conv2d/shape.h"
#include "joule/tests/support/only_the_cpu.h"

// Convolutions of every kind of geometry.
namespace joule::test {

struct ConvCase {
  std::string_view what;
  Shape x;           // [N,H,W,C]
  std::int64_t out;  // filters
  Size2 kernel;
  ConvParams params{};

  Shape weight() const { return {out, kernel.h, kernel.w, x[3] / params.groups}; }
  Shape y() const {
    const Size2 size = conv_output_size({x[1], x[2]}, kernel, params);
    return {x[0], size.h, size.w, out};
  }
  Conv2dShape shape() const {
    return {.batch = x[0],
            .in_h = x[1],
            .in_w = x[2],
            .in_channels = x[3],
            .out_channels = out,
            .kernel_h = kernel.h,
            .kernel_w = kernel.w,
            .stride_h = params.stride.h,
            .stride_w = params.stride.w,
            .pad_h = params.padding.h,
            .pad_w = params.padding.w,
            .dilation_h = params.dilation.h,
            .dilation_w = params.dilation.w,
            .groups = params.groups};
  }
};

// Every kind of geometry; channels around the vectors (8, 16) and blocks (16, 64) of the kernels,
// pixels around their tiles of six.
inline const std::vector<ConvCase>& cases() {
  static const std::vector<ConvCase> all = {
      {"one pixel, one channel", {1, 1, 1, 1}, 1, 1},
      {"first layer", {2, 9, 9, 1}, 32, 3, {.padding = 1}},
      {"few filters, tiles of twelve, six and three pixels", {2, 5, 29, 1}, 3, 3, {.padding = 1}},
      {"few filters, 5x5", {1, 6, 16, 1}, 6, 5, {.padding = 2}},
      {"few filters, stride 2", {2, 7, 31, 3}, 5, 3, {.stride = 2, .padding = 1}},
      {"1x1 on narrow images", {3, 5, 2, 16}, 20, 1},
      {"1x1", {3, 5, 7, 20}, 70, 1},
      {"1x1, stride 2", {2, 7, 6, 17}, 16, 1, {.stride = 2}},
      {"3x3", {2, 4, 5, 64}, 64, 3, {.padding = 1}},
      {"3x3, many channels", {2, 3, 4, 128}, 35, 3, {.padding = 1}},
      {"3x3 without padding", {1, 8, 5, 16}, 48, 3},
      {"3x3, tails in channels", {2, 5, 7, 13}, 35, 3, {.padding = 1}},
      {"3x3, two blocks and a tail", {1, 4, 5, 66}, 131, 3, {.padding = 1}},
      {"3x3, stride 2", {2, 9, 8, 6}, 20, 3, {.stride = 2, .padding = 1}},
      {"3x3, stride 2, many channels", {3, 9, 8, 32}, 40, 3, {.stride = 2, .padding = 1}},
      {"3x3, dilation 2, many channels", {2, 8, 7, 35}, 33, 3, {.padding = 1, .dilation = 2}},
      {"3x3, dilation 2", {1, 9, 9, 5}, 18, 3, {.padding = 2, .dilation = 2}},
      {"5x5", {1, 8, 8, 7}, 17, 5, {.padding = 2}},
      {"7x7, stride 2", {2, 15, 13, 3}, 33, 7, {.stride = 2, .padding = 3}},
      {"unequal sides", {2, 7, 11, 4}, 10, {3, 2}, {.stride = {2, 3}, .padding = {2, 0}}},
      {"stride and dilation share a factor",
       {1, 11, 10, 3},
       9,
       3,
       {.stride = {2, 4}, .padding = 2, .dilation = {4, 2}}},
      {"stride greater than the kernel", {1, 9, 9, 4}, 12, 2, {.stride = 4}},
      {"stride greater than the image", {2, 2, 3, 4}, 12, 2, {.stride = 5, .padding = 2}},
      {"3x3, stride 3", {2, 10, 11, 65}, 17, 3, {.stride = 3, .padding = 1}},
      {"1x1, stride 3, tails", {1, 7, 8, 130}, 130, 1, {.stride = 3}},
      {"4x4, channels in three words", {1, 6, 7, 130}, 10, 4, {.stride = 2, .padding = 1}},
      {"4x4, few pixels of many filters", {1, 4, 4, 5}, 130, 4, {.stride = 2, .padding = 1}},
      {"kernel rows in groups", {1, 3, 2, 300}, 130, {5, 4}, {.padding = 2}},
      {"channels in parts", {1, 1, 2, 600}, 70, 1},
      {"3x3, dilation 2 in height", {2, 8, 7, 9}, 33, 3, {.padding = 1, .dilation = {2, 1}}},
      {"padding greater than needed", {1, 3, 3, 4}, 9, 2, {.padding = 4}},
      {"one pixel in much padding", {1, 1, 1, 3}, 5, 3, {.padding = 3}},
      {"two groups", {2, 6, 5, 12}, 40, 3, {.padding = 1, .groups = 2}},
      {"three groups, tails", {1, 5, 5, 15}, 27, 3, {.stride = 2, .padding = 1, .groups = 3}},
      {"depthwise", {2, 7, 6, 21}, 21, 3, {.padding = 1, .groups = 21}},
      {"depthwise, stride 2, two each",
       {1, 8, 9, 10},
       20,
       3,
       {.stride = 2, .padding = 1, .groups = 10}},
      {"depthwise, many columns", {1, 6, 27, 33}, 33, 3, {.padding = 1, .groups = 33}},
      {"depthwise, a vector of eight, stride 2",
       {1, 11, 23, 8},
       8,
       3,
       {.stride = 2, .padding = 1, .groups = 8}},
      {"depthwise, stride and dilation share a factor",
       {1, 14, 15, 19},
       19,
       {5, 4},
       {.stride = {2, 4}, .padding = {3, 2}, .dilation = {4, 2}, .groups = 19}},
      {"depthwise, stride greater than the kernel", {1, 9, 9, 9}, 9, 2, {.stride = 4, .groups = 9}},
      {"depthwise, padding greater than needed",
       {1, 3, 3, 17},
       17,
       2,
       {.padding = 4, .groups = 17}},
      {"depthwise, a kernel wider than the image",
       {2, 2, 3, 40},
       40,
       {3, 7},
       {.padding = {1, 3}, .groups = 40}},
      {"several items an image", {1, 40, 9, 5}, 8, 3, {.padding = 1}},
      {"several partial sums", {9, 16, 16, 2}, 4, 3, {.padding = 1}},
  };
  return all;
}

/// Whether the CUDA implementations run all that they can.  On the executor of tests/simt, which is
/// a thousand times as slow as a GPU, they do if JOULE_TESTS is all, as in `make test-all`.
inline bool cuda_runs_all() {
  const char* const tests = std::getenv("JOULE_TESTS");
  return !JOULE_TESTS_ON_EXECUTOR || (tests && std::string_view(tests) == "all");
}

/// Every case; on the executor each test runs a third of them, another one than its neighbours,
/// unless it is the one that every implementation must pass for every geometry.
template <class Body>
void for_each_case(Body&& body, bool each_on_executor = false) {
  const std::string_view name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::size_t number = std::hash<std::string_view>()(name);
  for (const ConvCase& c : cases()) {
    SCOPED_TRACE(std::string(c.what));
    std::optional<OnlyTheCpu> only_the_cpu;
    if (!each_on_executor && !cuda_runs_all() && ++number % 3 != 0) only_the_cpu.emplace();
    body(c);
  }
}

}  // namespace joule::test

// SPDX-License-Identifier: MIT
#include "joule/io/layout.h"

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

TEST(Layout, MovesTheInputChannels) {
  const Tensor ohwi = random_tensor({3, 2, 4, 5}, 1);
  const Tensor oihw = ohwi_to_oihw(ohwi);
  ASSERT_EQ(oihw.shape(), (Shape{3, 5, 2, 4}));
  for (std::int64_t o = 0; o < 3; ++o) {
    for (std::int64_t h = 0; h < 2; ++h) {
      for (std::int64_t w = 0; w < 4; ++w) {
        for (std::int64_t i = 0; i < 5; ++i) {
          EXPECT_EQ(oihw.data<float>()[((o * 5 + i) * 2 + h) * 4 + w],
                    ohwi.data<float>()[((o * 2 + h) * 4 + w) * 5 + i]);
        }
      }
    }
  }
  expect_same_bits(oihw_to_ohwi(oihw), ohwi);
}

TEST(Layout, NeedsRankFour) {
  EXPECT_EQ(error_of([] {
              ohwi_to_oihw(Tensor({2, 3}));
            }),
            "ohwi_to_oihw: expected f32 weights of rank 4, got f32 [2,3]");
  EXPECT_EQ(error_of([] {
              oihw_to_ohwi(Tensor({1, 1, 1, 1}, DType::i32));
            }),
            "oihw_to_ohwi: expected f32 weights of rank 4, got i32 [1,1,1,1]");
}

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/kernels/add/add.h"

#include <limits>

#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

TEST(Add, EveryImplementationGivesTheDefinition) {
  for_each_target([] {
    for (const Shape& shape :
         {Shape{0}, Shape{1}, Shape{3, 5}, Shape{2, 3, 3, 64}, Shape{40, 1037}}) {
      const Tensor a = random_tensor(shape, 1), b = random_tensor(shape, 2);
      const Guarded y(shape);
      const Add op{.a = a, .b = b, .y = y.tensor()};
      for_each_implementation(op, [&](std::string_view name) {
        y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
        run(op, name);
        for (std::int64_t i = 0; i < a.numel(); ++i) {
          ASSERT_EQ(op.y.data<float>()[i], a.data<float>()[i] + b.data<float>()[i]);
        }
        EXPECT_TRUE(y.intact());
      });
    }
  });
}

TEST(Add, MayOverwriteAnOperand) {
  const Tensor a = random_tensor({70, 300}, 1), b = random_tensor({70, 300}, 2);
  const Add apart{.a = a, .b = b, .y = Tensor(a.shape())};
  for_each_implementation(apart, [&](std::string_view name) {
    run(apart, name);
    const Tensor over_a = a.clone(), over_b = b.clone();
    run(Add{.a = over_a, .b = b, .y = over_a}, name);
    run(Add{.a = a, .b = over_b, .y = over_b}, name);
    expect_same_bits(over_a, apart.y);
    expect_same_bits(over_b, apart.y);
  });
}

TEST(Add, ReadsBothAndWritesOne) {
  const Tensor t({8, 4});
  EXPECT_EQ((Add{.a = t, .b = t, .y = t}.work()), (Work{.bytes_read = 256, .bytes_written = 128}));
}

TEST(Add, ErrorsNameTheOperandAndWhatWasExpected) {
  EXPECT_EQ(error_of([] {
              dispatch(Add{.a = Tensor({2, 3}), .b = Tensor({3}), .y = Tensor({2, 3})});
            }),
            "add: b is f32 [3] on cpu, a is f32 [2,3] on cpu");
  EXPECT_EQ(error_of([] { dispatch(Add{.a = Tensor({2}), .b = Tensor({2})}); }),
            "add: y is undefined");
}

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/kernels/matmul/matmul.h"

#include "joule/kernels/matmul/matmul_reference.h"
#include "joule/tests/support/gradients.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

struct Case {
  std::int64_t batch, m, n, k;  // batch 0: matrices
};
const Case kCases[] = {{0, 1, 1, 1},  {0, 3, 5, 7},   {0, 130, 70, 40}, {0, 64, 64, 400},
                       {3, 5, 17, 9}, {2, 65, 33, 8}, {0, 0, 4, 3},     {0, 4, 0, 3},
                       {0, 4, 3, 0},  {2, 3, 4, 0}};

Shape shape_of(std::int64_t batch, std::int64_t rows, std::int64_t columns, bool transposed) {
  if (transposed) std::swap(rows, columns);
  return batch ? Shape{batch, rows, columns} : Shape{rows, columns};
}

template <class Make>
ops::MatMul make(const Case& of, bool ta, bool tb, const Tensor& y, Make&& operand) {
  return {.a = operand(shape_of(of.batch, of.m, of.k, ta), 1),
          .b = operand(shape_of(of.batch, of.k, of.n, tb), 2),
          .y = y,
          .transpose_a = ta,
          .transpose_b = tb};
}

template <class Body>
void for_each_case(Body&& body) {
  for_each_target([&] {
    for (const Case& of : kCases) {
      for (const bool ta : {false, true}) {
        for (const bool tb : {false, true}) {
          SCOPED_TRACE(str(of.batch, ": ", of.m, "x", of.n, "x", of.k, " ", ta, tb));
          body(of, ta, tb);
        }
      }
    }
  });
}

TEST(MatMul, IsExactForWholeNumbers) {
  for_each_case([](const Case& of, bool ta, bool tb) {
    const Guarded y(shape_of(of.batch, of.m, of.n, false));
    const ops::MatMul op = make(of, ta, tb, y.tensor(), integer_tensor);
    ops::MatMul expected = op;
    expected.y = Tensor(op.y.shape());
    run(expected, kReference);
    for_each_implementation(op, [&](std::string_view name) {
      y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
      run(op, name);
      expect_same_bits(op.y, expected.y);
      EXPECT_TRUE(y.intact());
    });
  });
}

TEST(MatMul, IsWithinTheBoundOfItsSums) {
  const auto random = [](const Shape& shape, std::uint64_t seed) {
    return random_tensor(shape, seed);
  };
  for_each_case([&](const Case& of, bool ta, bool tb) {
    const Tensor y(shape_of(of.batch, of.m, of.n, false));
    const ops::MatMul op = make(of, ta, tb, y, random);
    ops::MatMul exact = op, magnitude = op;
    exact.a = to64(op.a), exact.b = to64(op.b), exact.y = to64(y);
    magnitude.a = absolute(op.a), magnitude.b = absolute(op.b), magnitude.y = to64(y);
    run(exact, kReference);
    run(magnitude, kReference);
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      expect_within(op.y, exact.y, bound(magnitude.y, of.k + 1));
    });
  });
}

TEST(MatMul, MultipliesWhatIsCountedByHand) {
  const Tensor a = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor b = Tensor::from(std::vector<float>{1, 0, 2, 1, 0, 3}, {3, 2});
  const std::vector<float> expected = {5, 11, 14, 23};
  const Tensor y = matmul(a, b);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(y.data<float>()[i], expected[i]);
}

TEST(MatMul, CostIsWhatTheReferenceMultiplies) {
  const std::vector<Counted> a(2 * 3), b(3 * 5);
  std::vector<Counted> y(2 * 5);
  Counted::multiplications = 0;
  reference::matmul<Counted>(2, 5, 3, a.data(), 3, 1, b.data(), 5, 1, y.data());
  const ops::MatMul one{.a = Tensor({2, 3}), .b = Tensor({3, 5}), .y = Tensor({2, 5})};
  EXPECT_EQ(one.work().macs, Counted::multiplications);
  const ops::MatMul four{
      .a = Tensor({4, 3, 2}), .b = Tensor({4, 3, 5}), .y = Tensor({4, 2, 5}), .transpose_a = true};
  EXPECT_EQ(four.work(), (Work{.macs = 4 * Counted::multiplications,
                               .bytes_read = 4 * (4 * 6 + 4 * 15),
                               .bytes_written = 4 * 4 * 10}));
}

TEST(MatMul, CountsTheMacsOfZerosOfA) {
  const Tensor a = Tensor::from(std::vector<float>{1, 0, 0, 4}, {2, 2});
  const ops::MatMul op{.a = a, .b = random_tensor({2, 5}, 1), .y = Tensor({2, 5})};
  for_each_implementation(op, [&](std::string_view name) {
    const Tally tally = run(op, name);
    EXPECT_EQ(tally.macs_skippable, 10);
    EXPECT_EQ(tally.values_in, 4);
    EXPECT_EQ(tally.values_in_nonzero, 2);
  });
}

TEST(MatMul, HasGradients) {
  expect_gradients([](Inputs in) { return matmul(in[0], in[1]); },
                   {random_tensor({3, 4}, 1), random_tensor({4, 5}, 2)});
  expect_gradients([](Inputs in) { return matmul(in[0], in[1]); },
                   {random_tensor({2, 3, 4}, 1), random_tensor({2, 4, 5}, 2)});
}

TEST(MatMul, ErrorsNameTheOperandsAndWhatWasExpected) {
  EXPECT_EQ(error_of([] {
              matmul(Tensor({2, 3}), Tensor({4, 5}));
            }),
            "matmul: a is [2,3], b is [4,5], expected [M,K] and [K,N], or a batch of each");
  EXPECT_EQ(error_of([] {
              matmul(Tensor({2, 3}), Tensor({2, 3, 5}));
            }),
            "matmul: expected [M,K] and [K,N], or a batch of each, got [2,3] and [2,3,5]");
  EXPECT_EQ(error_of([] { matmul(Tensor({2, 3}), Tensor()); }), "matmul: a and b must be defined");
  EXPECT_EQ(error_of([] {
              dispatch(ops::MatMul{.a = Tensor({2, 3}), .b = Tensor({3, 5}), .y = Tensor({5, 2})});
            }),
            "matmul: y is f32 [5,2] on cpu, expected f32 [2,5] on cpu");
}

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/kernels/linear/linear.h"

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "joule/kernels/linear/linear_reference.h"
#include "joule/kernels/relu/relu.h"
#include "joule/kernels/zero_mask_rows.h"
#include "joule/tests/kernels/linear/linear_cases.h"
#include "joule/tests/support/central_differences.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/rounded_op.h"

namespace joule {
namespace {

using namespace linear_cases;

TEST(Linear, IsExactOnIntegers) {
  for_each_target([] {
    for (const Sizes& s : kSizes) {
      const Layer layer(s, integer_tensor);
      for (const bool with_bias : {true, false}) {
        run(layer.forward(with_bias), kReference);
        const Tensor expected = layer.y.tensor().clone();
        for_each_implementation(layer.forward(with_bias), [&](std::string_view name) {
          fill_with_nan({&layer.y});
          run(layer.forward(with_bias), name);
          expect_same_bits(layer.y.tensor(), expected);
          EXPECT_TRUE(layer.y.intact());
        });
      }
    }
  });
}

TEST(LinearGradInput, IsExactOnIntegers) {
  for_each_target([] {
    for (const Sizes& s : kSizes) {
      const Layer layer(s, integer_tensor);
      run(layer.grad_input(), kReference);
      const Tensor expected = layer.grad_x.tensor().clone();
      for_each_implementation(layer.grad_input(), [&](std::string_view name) {
        fill_with_nan({&layer.grad_x});
        run(layer.grad_input(), name);
        expect_same_bits(layer.grad_x.tensor(), expected);
        EXPECT_TRUE(layer.grad_x.intact());
      });
    }
  });
}

TEST(LinearGradWeight, IsExactOnIntegers) {
  for_each_target([] {
    for (const Sizes& s : kSizes) {
      const Layer layer(s, integer_tensor);
      for (const bool with_bias : {true, false}) {
        run(layer.grad_weights(), kReference);
        const Tensor expected = layer.grad_weight.tensor().clone();
        const Tensor expected_bias = layer.grad_bias.tensor().clone();
        for_each_implementation(layer.grad_weights(), [&](std::string_view name) {
          fill_with_nan({&layer.grad_weight, &layer.grad_bias});
          run(layer.grad_weights(with_bias), name);
          expect_same_bits(layer.grad_weight.tensor(), expected);
          if (with_bias) expect_same_bits(layer.grad_bias.tensor(), expected_bias);
          EXPECT_TRUE(layer.grad_weight.intact() && layer.grad_bias.intact());
        });
      }
    }
  });
}

// What is not finite is no zero; what is zero may leave out a weight that is not finite.
TEST(Linear, CarriesWhatIsNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    const Layer layer({5, 70, 33}, integer_tensor);
    layer.x.mutable_data<float>()[2 * 70 + 66] = value;
    layer.weight.fill(1);
    for_each_implementation(layer.forward(), [&](std::string_view name) {
      run(layer.forward(), name);
      for (std::int64_t n = 0; n < 5; ++n) {
        const float y = layer.y.tensor().data<float>()[n * 33 + 32];
        EXPECT_EQ(std::isnan(y), n == 2 && std::isnan(value)) << n;
        EXPECT_EQ(std::isinf(y), n == 2 && std::isinf(value)) << n;
      }
    });
    layer.x.fill(2);
    layer.weight.mutable_data<float>()[32 * 70 + 66] = value;
    for_each_implementation(layer.forward(), [&](std::string_view name) {
      run(layer.forward(), name);
      EXPECT_TRUE(std::isfinite(layer.y.tensor().data<float>()[0]));
      EXPECT_FALSE(std::isfinite(layer.y.tensor().data<float>()[32]));
    });
  }
}

TEST(LinearGradWeight, CarriesWhatIsNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    const Layer layer({70, 5, 33}, integer_tensor);
    layer.grad_y.mutable_data<float>()[66 * 33 + 32] = value;
    layer.x.fill(1);
    for_each_implementation(layer.grad_weights(), [&](std::string_view name) {
      run(layer.grad_weights(), name);
      const auto grad_weight = layer.grad_weight.tensor().values<float>();
      for (std::size_t o = 0; o < 33; ++o) {
        EXPECT_EQ(std::isnan(grad_weight[o * 5]), o == 32 && std::isnan(value)) << o;
        EXPECT_EQ(std::isinf(grad_weight[o * 5]), o == 32 && std::isinf(value)) << o;
      }
    });
    layer.grad_y.fill(2);
    layer.x.mutable_data<float>()[66 * 5 + 4] = value;
    for_each_implementation(layer.grad_weights(), [&](std::string_view name) {
      run(layer.grad_weights(), name);
      EXPECT_TRUE(std::isfinite(layer.grad_weight.tensor().data<float>()[0]));
      EXPECT_FALSE(std::isfinite(layer.grad_weight.tensor().data<float>()[4]));
    });
  }
}

TEST(LinearGradWeight, SkipsTheZerosOfGradYWhereItHasManyRowsAndIsLarge) {
  const auto selected = [&](std::int64_t rows, std::int64_t in, float density) {
    const Tensor x = integer_tensor({rows, in}, 2), grad_weight({200, in});
    const Tensor grad_y = random_tensor({rows, 200}, 1, density);
    const ops::LinearGradWeight op{.x = x, .grad_y = grad_y, .grad_weight = grad_weight};
    EXPECT_NE(select(op, Context{}).name, "cpu.skip_zero_grad_y");  // nothing tells of zeros
    grad_y.attach(mask_of(grad_y));
    return select(op, Context{}).name == "cpu.skip_zero_grad_y";
  };
  EXPECT_TRUE(selected(64, 3000, 0.6f));
  EXPECT_FALSE(selected(64, 3000, 0.8f));
  EXPECT_FALSE(selected(64, 30, 0.6f));
  EXPECT_TRUE(selected(64, 30, 0.2f));
  EXPECT_FALSE(selected(4, 3000, 0.0f));
}

}  // namespace
}  // namespace joule

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

Tensor forward64(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y({x.dim(0), weight.dim(0)}, DType::f64);
  dispatch(ops::Linear{.x = x, .weight = weight, .y = y, .bias = bias});
  return y;
}

Tensor grad_input64(const Tensor& grad_y, const Tensor& weight) {
  const Tensor grad_x({grad_y.dim(0), weight.dim(1)}, DType::f64);
  dispatch(ops::LinearGradInput{.grad_y = grad_y, .weight = weight, .grad_x = grad_x});
  return grad_x;
}

/// grad_weight, grad_bias
std::pair<Tensor, Tensor> grad_weight64(const Tensor& x, const Tensor& grad_y) {
  const Tensor grad_weight({grad_y.dim(1), x.dim(1)}, DType::f64);
  const Tensor grad_bias({grad_y.dim(1)}, DType::f64);
  dispatch(ops::LinearGradWeight{
      .x = x, .grad_y = grad_y, .grad_weight = grad_weight, .grad_bias = grad_bias});
  return {grad_weight, grad_bias};
}

// Small whole numbers are the same in TF32 and in bf16.
TEST(Linear, IsExactOnIntegersThatAreNotRounded) {
  for (const Sizes& s : kSizes) {
    const Layer layer(s, integer_tensor);
    const auto expect_exact = [](const auto& op, const Guarded& output) {
      run(op, kReference);
      const Tensor expected = output.tensor().clone();
      for_each_that_rounds(op, [&](std::string_view name, Precision precision) {
        fill_with_nan({&output});
        run(op, name, precision);
        expect_same_bits(output.tensor(), expected);
        EXPECT_TRUE(output.intact());
      });
    };
    expect_exact(layer.forward(), layer.y);
    expect_exact(layer.forward(false), layer.y);
    expect_exact(layer.grad_input(), layer.grad_x);
    expect_exact(layer.grad_weights(), layer.grad_weight);
    expect_exact(layer.grad_weights(), layer.grad_bias);
  }
}

TEST(Linear, RoundsOperandsAndNothingElse) {
  const auto make = [](const Shape& shape, std::uint64_t seed) {
    return random_tensor(shape, seed);
  };
  for (const Sizes& s : kSizes) {
    const Layer layer(s, make);
    const auto off = [](const Tensor& sizes, std::string_view row, Precision p, std::int64_t n) {
      return scaled(sizes, rounding_bound(row, p, n));
    };
    for_each_that_rounds(layer.forward(), [&](std::string_view name, Precision p) {
      const Tensor x = to64(rounded(layer.x, p)), weight = to64(rounded(layer.weight, p));
      run(layer.forward(), name, p);
      expect_within(
          layer.y.tensor(), forward64(x, weight, to64(layer.bias)),
          off(forward64(absolute(x), absolute(weight), absolute(layer.bias)), name, p, s.in + 2));
    });
    for_each_that_rounds(layer.grad_input(), [&](std::string_view name, Precision p) {
      const Tensor grad_y = to64(rounded(layer.grad_y, p)), weight = to64(rounded(layer.weight, p));
      run(layer.grad_input(), name, p);
      expect_within(layer.grad_x.tensor(), grad_input64(grad_y, weight),
                    off(grad_input64(absolute(grad_y), absolute(weight)), name, p, s.out + 1));
    });
    for_each_that_rounds(layer.grad_weights(), [&](std::string_view name, Precision p) {
      const Tensor x = to64(rounded(layer.x, p)), grad_y = to64(rounded(layer.grad_y, p));
      run(layer.grad_weights(), name, p);
      expect_within(layer.grad_weight.tensor(), grad_weight64(x, grad_y).first,
                    off(grad_weight64(absolute(x), absolute(grad_y)).first, name, p, s.batch + 1));
      expect_within(layer.grad_bias.tensor(), grad_weight64(x, to64(layer.grad_y)).second,
                    bound(grad_weight64(x, absolute(layer.grad_y)).second, s.batch + 1));
    });
  }
}

// |computed - exact| <= gamma_n |a| |b|, n roundings on the way to each sum (Higham, section 3.5).
TEST(Linear, StaysWithinTheForwardErrorBound) {
  const auto make = [](const Shape& shape, std::uint64_t seed) {
    return random_tensor(shape, seed);
  };
  for (const Sizes& s : kSizes) {
    const Layer layer(s, make);
    const Tensor y = forward64(to64(layer.x), to64(layer.weight), to64(layer.bias));
    const Tensor y_sizes =
        forward64(absolute(layer.x), absolute(layer.weight), absolute(layer.bias));
    for_each_implementation(layer.forward(), [&](std::string_view name) {
      const bool rounds = precision_of(layer.forward(), name) == Precision::bf16;
      run(layer.forward(), name);
      expect_within(layer.y.tensor(), y, bound(y_sizes, s.in + 2, rounds ? kBf16Rounding : 0));
    });
    const Tensor grad_x = grad_input64(to64(layer.grad_y), to64(layer.weight));
    const Tensor grad_x_bound =
        bound(grad_input64(absolute(layer.grad_y), absolute(layer.weight)), s.out + 1);
    for_each_implementation(layer.grad_input(), [&](std::string_view name) {
      run(layer.grad_input(), name);
      expect_within(layer.grad_x.tensor(), grad_x, grad_x_bound);
    });
    const auto gradients = grad_weight64(to64(layer.x), to64(layer.grad_y));
    const auto [weight_size, bias_size] = grad_weight64(absolute(layer.x), absolute(layer.grad_y));
    const Tensor weight_bound = bound(weight_size, s.batch + 1);
    const Tensor bias_bound = bound(bias_size, s.batch + 1);
    for_each_implementation(layer.grad_weights(), [&](std::string_view name) {
      run(layer.grad_weights(), name);
      expect_within(layer.grad_weight.tensor(), gradients.first, weight_bound);
      expect_within(layer.grad_bias.tensor(), gradients.second, bias_bound);
    });
  }
}

// The row with bf16 weights rounds these to the nearest, and computes with them in f32.
TEST(Linear, OnlyTheWeightsAreRoundedToBf16) {
  for_each_target([] {
    for (const Sizes& s : kSizes) {
      const Layer layer(s, [](const Shape& shape, std::uint64_t seed) {
        return random_tensor(shape, seed, 0.4);
      });
      const Tensor weight = rounded_to_bf16(layer.weight);
      run(layer.forward(), "cpu.skip_zero_bf16_weights");
      expect_within(
          layer.y.tensor(), forward64(to64(layer.x), to64(weight), to64(layer.bias)),
          bound(forward64(absolute(layer.x), absolute(weight), absolute(layer.bias)), s.in + 2));
    }
  });
}

TEST(Linear, RoundsItsWeightsOnlyIfThePrecisionAllowsIt) {
  const Layer layer({100, 256, 64}, [](const Shape& shape, std::uint64_t seed) {
    return random_tensor(shape, seed, 0.2);
  });
  for (const Tensor& t : {layer.x, layer.grad_y}) dispatch(ops::Relu{.x = t, .y = t});
  const Context bf16{.precision = Precision::bf16};
  EXPECT_EQ(select(layer.forward(), Context{}).name, "cpu.skip_zero");
  EXPECT_EQ(select(layer.forward(), bf16).name, "cpu.skip_zero_bf16_weights");
  EXPECT_EQ(select(layer.grad_input(), bf16).name, "cpu.skip_zero");
}

TEST(Linear, GradientsAgreeWithCentralDifferencesInDouble) {
  const Tensor x = to64(random_tensor({3, 5}, 1)), weight = to64(random_tensor({4, 5}, 2));
  const Tensor bias = to64(random_tensor({4}, 3)), grad_y = to64(random_tensor({3, 4}, 4));
  const auto loss = [&] { return inner_product(grad_y, forward64(x, weight, bias)); };
  const auto [grad_weight, grad_bias] = grad_weight64(x, grad_y);
  expect_central_differences(x, grad_input64(grad_y, weight), 1e-3, 1e-9, loss);
  expect_central_differences(weight, grad_weight, 1e-3, 1e-9, loss);
  expect_central_differences(bias, grad_bias, 1e-3, 1e-9, loss);
}

TEST(Linear, WorkIsWhatTheReferenceMultiplies) {
  const Sizes s{3, 7, 5};
  const Layer layer(s, integer_tensor);
  std::vector<Counted> x(21), weight(35), bias(5), y(15), grad_weight(35), grad_bias(5);
  const auto counted = [](auto&& body) {
    Counted::multiplications = 0;
    body();
    return Counted::multiplications;
  };
  EXPECT_EQ(layer.forward().work().macs, counted([&] {
              reference::linear(s.batch, s.in, s.out, x.data(), weight.data(), bias.data(),
                                y.data());
            }));
  EXPECT_EQ(layer.grad_input().work().macs, counted([&] {
              reference::linear_grad_input(s.batch, s.in, s.out, y.data(), weight.data(), x.data());
            }));
  EXPECT_EQ(layer.grad_weights().work().macs, counted([&] {
              reference::linear_grad_weight(s.batch, s.in, s.out, x.data(), y.data(),
                                            grad_weight.data(), grad_bias.data());
            }));
  const Work forward = layer.forward().work(), weights = layer.grad_weights().work();
  EXPECT_EQ(forward.bytes_read, 4 * (21 + 35 + 5));
  EXPECT_EQ(forward.bytes_written, 4 * 15);
  EXPECT_EQ(layer.forward(false).work().bytes_read, 4 * (21 + 35));
  EXPECT_EQ(layer.grad_input().work().bytes_read, 4 * (15 + 35));
  EXPECT_EQ(layer.grad_input().work().bytes_written, 4 * 21);
  EXPECT_EQ(weights.bytes_read, 4 * (21 + 15));
  EXPECT_EQ(weights.bytes_written, 4 * (35 + 5));
}

TEST(Linear, TallyCountsTheMacsThatHadAZero) {
  const auto make = [](const Shape& shape, std::uint64_t seed) {
    return random_tensor(shape, seed, 0.4);
  };
  const Layer layer({9, 70, 11}, make);
  const auto zeros = [](const Tensor& t) {
    return static_cast<std::int64_t>(std::ranges::count(t.values<float>(), 0.0f));
  };
  const auto expect = [&](std::string_view name, const Tally& tally, const Tensor& sparse,
                          std::int64_t macs_per_value) {
    const bool skips = name.starts_with("cpu.skip_zero");
    EXPECT_EQ(tally.values_in, sparse.numel());
    EXPECT_EQ(tally.values_in_nonzero, sparse.numel() - zeros(sparse));
    EXPECT_EQ(tally.macs_skippable, zeros(sparse) * macs_per_value);
    EXPECT_EQ(tally.macs_skipped, skips ? tally.macs_skippable : 0);
  };
  ASSERT_GT(zeros(layer.x), 0);
  ASSERT_GT(zeros(layer.grad_y), 0);
  const auto expect_counts = [&] {
    for_each_implementation(layer.forward(), [&](std::string_view name) {
      expect(name, run(layer.forward(), name), layer.x, 11);
    });
    for_each_implementation(layer.grad_input(), [&](std::string_view name) {
      expect(name, run(layer.grad_input(), name), layer.grad_y, 70);
    });
    for_each_implementation(layer.grad_weights(), [&](std::string_view name) {
      const bool by_grad_y = name == "cpu.skip_zero_grad_y";
      expect(name, run(layer.grad_weights(), name), by_grad_y ? layer.grad_y : layer.x,
             by_grad_y ? 70 : 11);
    });
    for_each_that_rounds(layer.forward(), [&](std::string_view name, Precision p) {
      expect(name, run(layer.forward(), name, p), layer.x, 11);
    });
    for_each_that_rounds(layer.grad_input(), [&](std::string_view name, Precision p) {
      expect(name, run(layer.grad_input(), name, p), layer.grad_y, 70);
    });
    for_each_that_rounds(layer.grad_weights(), [&](std::string_view name, Precision p) {
      expect(name, run(layer.grad_weights(), name, p), layer.x, 11);
    });
  };
  expect_counts();
  for (const Tensor& t : {layer.x, layer.grad_y}) dispatch(ops::Relu{.x = t, .y = t});
  ASSERT_TRUE(layer.x.zero_mask() && layer.grad_y.zero_mask());
  expect_counts();  // now from the masks
}

// Each row that claims it, among them whatever runs under Context::deterministic.
TEST(Linear, SameBitsForAnyNumberOfThreads) {
  const Layer layer({40, 800, 200}, [](const Shape& shape, std::uint64_t seed) {
    return random_tensor(shape, seed);
  });
  const auto compare = [](const auto& op, const Tensor& result) {
    using Op = std::decay_t<decltype(op)>;
    for (const auto& impl : Op::implementations()) {
      if (!impl.thread_invariant || !can_run(impl, op)) continue;
      SCOPED_TRACE(impl.name);
      std::vector<Tensor> results;
      for_each_thread_count([&] {
        run(op, impl.name);
        results.push_back(result.clone());
      });
      expect_same_bits(results[1], results[0]);
    }
    EXPECT_NO_THROW(select(op, Context{.deterministic = true}));
  };
  compare(layer.forward(), layer.y.tensor());
  compare(layer.grad_input(), layer.grad_x.tensor());
  compare(layer.grad_weights(), layer.grad_weight.tensor());
  compare(layer.grad_weights(), layer.grad_bias.tensor());
}

TEST(Linear, SameBitsRunToRun) {
  const Layer layer({40, 800, 200}, [](const Shape& shape, std::uint64_t seed) {
    return random_tensor(shape, seed);
  });
  const auto compare = [](const auto& op, const Tensor& result) {
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      const Tensor first = result.clone();
      run(op, name);
      expect_same_bits(result, first);
    });
  };
  compare(layer.forward(), layer.y.tensor());
  compare(layer.grad_input(), layer.grad_x.tensor());
  compare(layer.grad_weights(), layer.grad_weight.tensor());
}

// The mask of a flattened tensor is that of its images: its words are those of the rows only if its
// channels fill them.
TEST(Linear, IsExactOnFlattenedImages) {
  for (const std::int64_t channels : {64, 128, 48, 3}) {
    SCOPED_TRACE(channels);
    const Tensor images = integer_tensor({3, 2, 2, channels}, 1);
    dispatch(ops::Relu{.x = images, .y = images});
    const Tensor x = images.reshape({3, 4 * channels}),
                 weight = integer_tensor({20, 4 * channels}, 2);
    ASSERT_TRUE(x.zero_mask());
    const Tensor y({3, 20});
    const ops::Linear op{.x = x, .weight = weight, .y = y};
    run(op, kReference);
    const Tensor expected = y.clone();
    for_each_implementation(op, [&](std::string_view name) {
      run(op, name);
      expect_same_bits(y, expected);
    });
  }
}

TEST(Linear, SkipsZerosWhereThatPaysForPackingTheWeights) {
  const Tensor weight = integer_tensor({130, 200}, 2);
  const auto selected = [&](std::int64_t rows, float density) {
    const Tensor x = random_tensor({rows, 200}, 1, density), y({rows, 130});
    const ops::Linear op{.x = x, .weight = weight, .y = y};
    EXPECT_NE(select(op, Context{}).name, "cpu.skip_zero");  // nothing tells how many there are
    x.attach(mask_of(x));
    return select(op, Context{}).name == "cpu.skip_zero";
  };
  EXPECT_TRUE(selected(64, 0.4f));
  EXPECT_FALSE(selected(64, 0.55f));
  EXPECT_TRUE(selected(256, 0.55f));
  EXPECT_FALSE(selected(16, 0.0f));
}

TEST(Linear, PacksTheWeightsForFewRowsThatNeedNoGradient) {
  const auto chosen = [](std::int64_t rows) {
    return select(Layer({rows, 70, 40}, integer_tensor).forward(), Context{}).name;
  };
  EXPECT_NE(chosen(1), "cpu.few_rows") << "a step would change the weights";
  const NoGrad guard;
  EXPECT_EQ(chosen(1), "cpu.few_rows");
  EXPECT_EQ(chosen(8), "cpu.few_rows");
  EXPECT_NE(chosen(9), "cpu.few_rows");
}

// The packed weights are kept with the weights, and must not outlive their values.
TEST(Linear, SeesThatTheWeightsChanged) {
  const Layer layer({5, 70, 33}, integer_tensor);
  for (const std::uint64_t seed : {5, 6}) {
    layer.weight.copy_from(integer_tensor(layer.weight.shape(), seed));
    run(layer.forward(), kReference);
    run(layer.grad_input(), kReference);
    const Tensor y = layer.y.tensor().clone(), grad_x = layer.grad_x.tensor().clone();
    run(layer.forward(), "cpu.skip_zero");
    run(layer.grad_input(), "cpu.skip_zero");
    expect_same_bits(layer.y.tensor(), y);
    expect_same_bits(layer.grad_x.tensor(), grad_x);
  }
}

TEST(Linear, EmptySumsAreTheBiasOrZero) {
  const Layer no_inputs({2, 0, 3}, integer_tensor), no_images({0, 4, 3}, integer_tensor);
  const auto expect_bias = [&](std::string_view name, Precision precision) {
    run(no_inputs.forward(), name, precision);
    for (std::int64_t i = 0; i < 6; ++i) {
      EXPECT_EQ(no_inputs.y.tensor().data<float>()[i], no_inputs.bias.data<float>()[i % 3]);
    }
  };
  const auto expect_zeros = [&](std::string_view name, Precision precision) {
    fill_with_nan({&no_images.grad_weight, &no_images.grad_bias});
    run(no_images.grad_weights(), name, precision);
    EXPECT_EQ(no_images.grad_weight.tensor().nonzeros(), 0);
    EXPECT_EQ(no_images.grad_bias.tensor().nonzeros(), 0);
  };
  for_each_implementation(no_inputs.forward(),
                          [&](std::string_view name) { expect_bias(name, Precision::f32); });
  for_each_that_rounds(no_inputs.forward(), expect_bias);
  for_each_implementation(no_images.grad_weights(),
                          [&](std::string_view name) { expect_zeros(name, Precision::f32); });
  for_each_that_rounds(no_images.grad_weights(), expect_zeros);
  dispatch(no_images.forward());
  dispatch(no_images.grad_input());
}

TEST(Linear, ErrorsNameTheOperandAndWhatWasExpected) {
  const Tensor x({4, 8}), weight({3, 8}), y({4, 3});
  EXPECT_EQ(error_of([&] {
              dispatch(ops::Linear{.x = Tensor({4, 2, 4}), .weight = weight, .y = y});
            }),
            "linear: x must have rank 2, got [4,2,4]");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::Linear{.x = x, .weight = Tensor({3, 9}), .y = y});
            }),
            "linear: weight is f32 [3,9] on cpu, expected f32 [3,8] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(ops::Linear{.x = x, .weight = weight, .y = x}); }),
            "linear: y is f32 [4,8] on cpu, expected f32 [4,3] on cpu");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::Linear{.x = x, .weight = weight, .y = y, .bias = Tensor({4})});
            }),
            "linear: bias is f32 [4] on cpu, expected f32 [3] on cpu");
  EXPECT_EQ(error_of([&] {
              dispatch(ops::LinearGradInput{.grad_y = y, .weight = Tensor({4, 8}), .grad_x = x});
            }),
            "linear_grad_input: weight is f32 [4,8] on cpu, expected f32 [3,8] on cpu");
  EXPECT_EQ(
      error_of([&] {
        dispatch(ops::LinearGradWeight{.x = x, .grad_y = Tensor({5, 3}), .grad_weight = weight});
      }),
      "linear_grad_weight: grad_y is f32 [5,3] on cpu, expected f32 [4,3] on cpu");
  EXPECT_EQ(error_of([&] { dispatch(ops::LinearGradWeight{.x = x, .grad_y = y}); }),
            "linear_grad_weight: grad_weight is undefined");
}

}  // namespace
}  // namespace joule

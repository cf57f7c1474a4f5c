// SPDX-License-Identifier: MIT
// What becomes of oneDNN's errors, and whether it stays within its memory: the functions of its
// interface that this program defines are those that Joule calls.  They fail when told, and
// otherwise call the library's, with guard words around its scratch memory.
#include <dlfcn.h>
#include <dnnl.h>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/linear/linear.h"
#include "joule/tests/support/op_test.h"

namespace {

std::string_view failing;  // the function that fails

template <class Function, class... Arguments>
dnnl_status_t call(const char* name, Arguments... arguments) {
  if (failing == name) return dnnl_out_of_memory;
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name))(arguments...);
}

int scratchpads = 0, overrun = 0;  // of the executions so far

/// Until the end of the block a scratchpad lies between guard words, which a kernel of oneDNN, that
/// no sanitizer sees, must leave as they are.
class GuardedScratch {
 public:
  explicit GuardedScratch(dnnl_memory_t memory) : memory_(memory) {
    const dnnl_memory_desc_t* desc = nullptr;
    dnnl_memory_get_memory_desc(memory, &desc);
    dnnl_memory_get_data_handle(memory, &before_);
    words_.assign(dnnl_memory_desc_get_size(desc) / sizeof kWord + 1 + 2 * kGuard, kWord);
    dnnl_memory_set_data_handle(memory, words_.data() + kGuard);
  }
  ~GuardedScratch() {
    dnnl_memory_set_data_handle(memory_, before_);
    const auto touched = [](std::uint64_t word) { return word != kWord; };
    ++scratchpads;
    overrun += std::any_of(words_.begin(), words_.begin() + kGuard, touched) ||
               std::any_of(words_.end() - kGuard, words_.end(), touched);
  }
  GuardedScratch(const GuardedScratch&) = delete;
  GuardedScratch& operator=(const GuardedScratch&) = delete;

 private:
  static constexpr std::ptrdiff_t kGuard = 8192;  // 64 KiB
  static constexpr std::uint64_t kWord = 0x5A5A5A5A5A5A5A5A;
  dnnl_memory_t memory_;
  void* before_ = nullptr;
  std::vector<std::uint64_t> words_;
};

}  // namespace

dnnl_status_t dnnl_primitive_create(dnnl_primitive_t* primitive, const_dnnl_primitive_desc_t desc) {
  return call<decltype(dnnl_primitive_create)>("dnnl_primitive_create", primitive, desc);
}
dnnl_status_t dnnl_primitive_execute(const_dnnl_primitive_t primitive, dnnl_stream_t stream,
                                     int count, const dnnl_exec_arg_t* arguments) {
  std::vector<std::unique_ptr<GuardedScratch>> guards;
  for (const dnnl_exec_arg_t& argument : std::span(arguments, static_cast<std::size_t>(count))) {
    if (argument.arg == DNNL_ARG_SCRATCHPAD) {
      guards.push_back(std::make_unique<GuardedScratch>(argument.memory));
    }
  }
  return call<decltype(dnnl_primitive_execute)>("dnnl_primitive_execute", primitive, stream, count,
                                                arguments);
}
dnnl_status_t dnnl_memory_create(dnnl_memory_t* memory, const dnnl_memory_desc_t* desc,
                                 dnnl_engine_t engine, void* handle) {
  return call<decltype(dnnl_memory_create)>("dnnl_memory_create", memory, desc, engine, handle);
}
dnnl_status_t dnnl_sgemm(char transpose_a, char transpose_b, dnnl_dim_t m, dnnl_dim_t n,
                         dnnl_dim_t k, float alpha, const float* a, dnnl_dim_t a_row,
                         const float* b, dnnl_dim_t b_row, float beta, float* c, dnnl_dim_t c_row) {
  return call<decltype(dnnl_sgemm)>("dnnl_sgemm", transpose_a, transpose_b, m, n, k, alpha, a,
                                    a_row, b, b_row, beta, c, c_row);
}

namespace joule {
namespace {

using namespace test;

/// What the error says when `function` fails in `op`, which afterwards must run as ever.
template <Operation Op>
std::string error_when_fails(std::string_view function, const Op& op) {
  failing = function;
  const std::string text = error_of<DeviceError>([&] { run(op, "onednn"); });
  failing = {};
  run(op, "onednn");
  return text;
}

// Groups of four channels, which every row by oneDNN takes.
const ConvParams kGroups{.padding = 1, .groups = 4};
const Tensor kWeight = random_tensor({16, 3, 3, 4}, 1);

ops::Conv2d forward(std::int64_t side) {
  const Shape image{1, side, side, 16};
  return {.x = random_tensor(image, 2), .weight = kWeight, .y = Tensor(image), .params = kGroups};
}

TEST(OneDnn, ErrorsOfConvolutionsBecomeDeviceErrors) {
  // Code is made once per shape: each case takes its own.
  EXPECT_EQ(error_when_fails("dnnl_primitive_create", forward(5)),
            "oneDNN convolution_forward: could not create a primitive (out_of_memory)");
  EXPECT_EQ(error_when_fails("dnnl_memory_create", forward(6)),
            "oneDNN memory: could not create a memory object (out_of_memory)");
  const Tensor image = random_tensor({1, 7, 7, 16}, 3);
  EXPECT_EQ(error_when_fails("dnnl_primitive_create", ops::Conv2dGradInput{.grad_y = image,
                                                                           .weight = kWeight,
                                                                           .grad_x = image.clone(),
                                                                           .params = kGroups}),
            "oneDNN convolution_backward_data: could not create a primitive (out_of_memory)");
  const ops::Conv2dGradWeight grad_weight{
      .x = image, .grad_y = image, .grad_weight = kWeight.clone(), .params = kGroups};
  EXPECT_EQ(error_when_fails("dnnl_primitive_create", grad_weight),
            "oneDNN convolution_backward_weights: could not create a primitive (out_of_memory)");
  EXPECT_EQ(error_when_fails("dnnl_primitive_execute", grad_weight),
            "oneDNN convolution_backward_weights: could not execute a primitive (out_of_memory)");
}

TEST(OneDnn, ErrorsOfLinearBecomeDeviceErrors) {
  const Tensor x = random_tensor({3, 5}, 1), weight = random_tensor({4, 5}, 2), y({3, 4});
  EXPECT_EQ(
      error_when_fails("dnnl_primitive_execute", ops::Linear{.x = x, .weight = weight, .y = y}),
      "oneDNN matmul: could not execute a primitive (out_of_memory)");
  EXPECT_EQ(error_when_fails("dnnl_sgemm", ops::LinearGradInput{.grad_y = random_tensor({3, 4}, 3),
                                                                .weight = weight,
                                                                .grad_x = Tensor({3, 5})}),
            "oneDNN sgemm: could not multiply (out_of_memory)");
}

/// `output`, which is whole, guarded and the reference's, by oneDNN with 1 to 3 threads.
template <Operation Op>
void expect_exact(const Op& op, std::initializer_list<const Guarded*> outputs) {
  run(op, kReference);
  std::vector<Tensor> expected;
  for (const Guarded* output : outputs) expected.push_back(output->tensor().clone());
  for (const auto& row : Op::implementations()) {
    if (row.name != "onednn" || !can_run(row, op)) continue;
    for (const int threads : {1, 2, 3}) {
      SCOPED_TRACE(str(Op::kName, " by oneDNN, threads: ", threads));
      set_num_threads(threads);
      for (const Guarded* output : outputs) output->tensor().fill(7e7);
      const int before = overrun;
      run(op, row.name);
      EXPECT_EQ(overrun, before) << "behind its scratch memory";
      for (std::size_t i = 0; i < expected.size(); ++i) {
        expect_same_bits(std::data(outputs)[i]->tensor(), expected[i]);
        EXPECT_TRUE(std::data(outputs)[i]->intact());
      }
    }
  }
}

std::int64_t one_of(Generator& generator, std::initializer_list<std::int64_t> values) {
  return std::data(values)[generator.below(values.size())];
}

void expect_exact_convolution(Generator& g) {
  const std::int64_t groups = one_of(g, {1, 1, 1, 2, 3, 5});
  const std::int64_t per_group = one_of(g, {1, 2, 3, 4, 7, 8, 9, 15, 16, 17});
  const std::int64_t in = groups * per_group, out = groups * one_of(g, {1, 2, 3, 8, 9, 16, 20});
  const Size2 kernel =
      one_of(g, {0, 1}) ? Size2(1) : Size2(one_of(g, {1, 2, 3}), one_of(g, {1, 2, 3}));
  const ConvParams params{.stride = {one_of(g, {1, 2, 3}), one_of(g, {1, 2, 3})},
                          .padding = {one_of(g, {0, 0, 1}), one_of(g, {0, 0, 1})},
                          .dilation = {one_of(g, {1, 1, 2}), one_of(g, {1, 1, 2})},
                          .groups = groups};
  const std::int64_t batch = one_of(g, {1, 2, 3, 4, 5});
  const Size2 image{one_of(g, {5, 6, 9, 16, 28}), one_of(g, {5, 7, 12, 28})};
  const Size2 size = conv_output_size(image, kernel, params);
  SCOPED_TRACE(str("x ", batch, "x", image.h, "x", image.w, "x", in, ", ", out, " filters ",
                   kernel.h, "x", kernel.w, ", stride ", params.stride.h, "x", params.stride.w,
                   ", padding ", params.padding.h, "x", params.padding.w, ", dilation ",
                   params.dilation.h, "x", params.dilation.w, ", groups ", groups));
  const Tensor x = integer_tensor({batch, image.h, image.w, in}, g.below(1 << 20));
  const Tensor weight = integer_tensor({out, kernel.h, kernel.w, per_group}, g.below(1 << 20));
  const Tensor grad_y = integer_tensor({batch, size.h, size.w, out}, g.below(1 << 20));
  const Guarded y(grad_y.shape()), grad_x(x.shape()), grad_weight(weight.shape());
  expect_exact(ops::Conv2d{.x = x, .weight = weight, .y = y.tensor(), .params = params}, {&y});
  expect_exact(
      ops::Conv2dGradInput{
          .grad_y = grad_y, .weight = weight, .grad_x = grad_x.tensor(), .params = params},
      {&grad_x});
  expect_exact(
      ops::Conv2dGradWeight{
          .x = x, .grad_y = grad_y, .grad_weight = grad_weight.tensor(), .params = params},
      {&grad_weight});
}

void expect_exact_linear(Generator& g) {
  const std::int64_t batch = one_of(g, {1, 2, 5, 17}), in = one_of(g, {1, 7, 16, 33, 130});
  const std::int64_t out = one_of(g, {1, 3, 10, 16, 50});
  SCOPED_TRACE(str("linear ", batch, "x", in, " to ", out));
  const Tensor x = integer_tensor({batch, in}, g.below(1 << 20));
  const Tensor weight = integer_tensor({out, in}, g.below(1 << 20));
  const Tensor bias = integer_tensor({out}, g.below(1 << 20)),
               grad_y = integer_tensor({batch, out}, 1);
  const Guarded y({batch, out}), grad_x({batch, in}), grad_weight({out, in}), grad_bias({out});
  expect_exact(ops::Linear{.x = x, .weight = weight, .y = y.tensor(), .bias = bias}, {&y});
  expect_exact(ops::LinearGradInput{.grad_y = grad_y, .weight = weight, .grad_x = grad_x.tensor()},
               {&grad_x});
  expect_exact(ops::LinearGradWeight{.x = x,
                                     .grad_y = grad_y,
                                     .grad_weight = grad_weight.tensor(),
                                     .grad_bias = grad_bias.tensor()},
               {&grad_weight, &grad_bias});
}

TEST(OneDnn, IsExactAndStaysWithinItsMemoryForShapesAtRandom) {
  const int before = num_threads();
  Generator generator(2);
  for (int i = 0; i < 150; ++i) expect_exact_convolution(generator);
  for (int i = 0; i < 40; ++i) expect_exact_linear(generator);
  EXPECT_GT(scratchpads, 0);  // some kernels have one, and it was guarded
  set_num_threads(before);
}

/// Sizes for which oneDNN's own memory was overrun.
TEST(OneDnn, IsNotAskedForStridedPointwiseGradientsOfFewChannels) {
  const auto refused = [](std::int64_t channels, const Size2& stride) {
    const ConvParams params{.stride = stride};
    const Size2 size = conv_output_size({28, 14}, 1, params);
    const ops::Conv2dGradWeight op{.x = Tensor({1, 28, 14, channels}),
                                   .grad_y = Tensor({1, size.h, size.w, 32}),
                                   .grad_weight = Tensor({32, 1, 1, channels}),
                                   .params = params};
    return error_of([&] { run(op, "onednn"); });
  };
  for (const std::int64_t channels : {1, 9, 15}) {
    for (const Size2 stride : {Size2(2), Size2(1, 2), Size2(3, 1)}) {
      EXPECT_NE(refused(channels, stride)
                    .find("oneDNN writes out of bounds for a strided 1x1 kernel on fewer than 16"),
                std::string::npos);
    }
  }
}

}  // namespace
}  // namespace joule

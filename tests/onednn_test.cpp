// SPDX-License-Identifier: MIT
// What becomes of oneDNN's errors: the functions of its interface that this program defines are
// those that Joule calls.  They fail when told, and otherwise call the library's.
#include <dlfcn.h>
#include <dnnl.h>

#include "kernels/conv2d/conv2d.h"
#include "kernels/linear/linear.h"
#include "tests/op_test.h"

namespace {

std::string_view failing;  // the function that fails

template <class Function, class... Arguments>
dnnl_status_t call(const char* name, Arguments... arguments) {
  if (failing == name) return dnnl_out_of_memory;
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name))(arguments...);
}

}  // namespace

dnnl_status_t dnnl_primitive_create(dnnl_primitive_t* primitive, const_dnnl_primitive_desc_t desc) {
  return call<decltype(dnnl_primitive_create)>("dnnl_primitive_create", primitive, desc);
}
dnnl_status_t dnnl_primitive_execute(const_dnnl_primitive_t primitive, dnnl_stream_t stream,
                                     int count, const dnnl_exec_arg_t* arguments) {
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

Conv2d forward(std::int64_t side) {
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
  EXPECT_EQ(error_when_fails("dnnl_primitive_create", Conv2dGradInput{.grad_y = image,
                                                                      .weight = kWeight,
                                                                      .grad_x = image.clone(),
                                                                      .params = kGroups}),
            "oneDNN convolution_backward_data: could not create a primitive (out_of_memory)");
  const Conv2dGradWeight grad_weight{
      .x = image, .grad_y = image, .grad_weight = kWeight.clone(), .params = kGroups};
  EXPECT_EQ(error_when_fails("dnnl_primitive_create", grad_weight),
            "oneDNN convolution_backward_weights: could not create a primitive (out_of_memory)");
  EXPECT_EQ(error_when_fails("dnnl_primitive_execute", grad_weight),
            "oneDNN convolution_backward_weights: could not execute a primitive (out_of_memory)");
}

TEST(OneDnn, ErrorsOfLinearBecomeDeviceErrors) {
  const Tensor x = random_tensor({3, 5}, 1), weight = random_tensor({4, 5}, 2), y({3, 4});
  EXPECT_EQ(error_when_fails("dnnl_primitive_execute", Linear{.x = x, .weight = weight, .y = y}),
            "oneDNN matmul: could not execute a primitive (out_of_memory)");
  EXPECT_EQ(error_when_fails("dnnl_sgemm", LinearGradInput{.grad_y = random_tensor({3, 4}, 3),
                                                           .weight = weight,
                                                           .grad_x = Tensor({3, 5})}),
            "oneDNN sgemm: could not multiply (out_of_memory)");
}

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
// Wherever OpenMP gives fewer threads than it says, every row of the CPU's tables computes what one
// thread computes.  tests/CMakeLists.txt runs this under OpenMP's own limits too.
#include <omp.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "joule/kernels/ops.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

constexpr int kAsked = 4;

/// From where a program may call Joule.
struct Place {
  const char* name;
  void (*from)(const std::function<void()>& body);
};

/// By the other thread of it.
void in_a_region_of_two(const std::function<void()>& body) {
  const int before = omp_get_dynamic();
  omp_set_dynamic(0);
#pragma omp parallel num_threads(2)
  if (omp_get_thread_num() == omp_get_num_threads() - 1) {
    omp_set_dynamic(before);
    body();
  }
  omp_set_dynamic(before);
}

void with_active_levels(int levels, const std::function<void()>& body) {
  const int before = omp_get_max_active_levels();
  omp_set_max_active_levels(levels);
  body();
  omp_set_max_active_levels(before);
}

const Place kPlaces[] = {
    {"here", [](const std::function<void()>& body) { body(); }},
    {"where OpenMP may give fewer",
     [](const std::function<void()>& body) {
       const int before = omp_get_dynamic();
       omp_set_dynamic(1);
       body();
       omp_set_dynamic(before);
     }},
    {"a parallel region", in_a_region_of_two},
    {"a parallel region that may hold others",
     [](const std::function<void()>& body) {
       with_active_levels(2, [&] { in_a_region_of_two(body); });
     }},
    {"a parallel region of one thread",
     [](const std::function<void()>& body) {
#pragma omp parallel num_threads(1)
       body();
     }},
    {"where there may be no parallel region",
     [](const std::function<void()>& body) { with_active_levels(0, body); }},
    {"a team of at most two",
     [](const std::function<void()>& body) {
#pragma omp teams num_teams(1) thread_limit(2)
       body();
     }},
    {"a thread of its own", [](const std::function<void()>& body) { std::thread(body).join(); }},
};

/// body(), whose exceptions must not leave the place.
void call_from(const Place& place, const std::function<void()>& body) {
  std::exception_ptr error;
  place.from([&] {
    try {
      body();
    } catch (...) {
      error = std::current_exception();
    }
  });
  if (error) std::rethrow_exception(error);
}

template <Operation Op>
std::vector<Tensor> copies(const Op& op) {
  std::vector<Tensor> all;
  for_each_tensor(op, [&](const Tensor& t) { all.push_back(t ? t.clone() : t); });
  return all;
}

template <Operation Op>
void restore(const Op& op, const std::vector<Tensor>& from) {
  std::size_t i = 0;
  for_each_tensor(op, [&](const Tensor& t) {
    if (t) t.copy_from(from[i]);
    ++i;
  });
}

std::set<std::string_view> seen;

/// Every row of the CPU's leaves from everywhere what it leaves with one thread.
template <Operation Op>
void expect_the_same_from_everywhere(const Op& op) {
  seen.insert(Op::kName);
  const std::vector<Tensor> initial = copies(op);
  for (const auto& row : Op::implementations()) {
    if (row.device != Device::cpu || row.name == kReference || !can_run(row, op)) continue;
    set_num_threads(1);
    restore(op, initial);
    run(op, row.name);
    const std::vector<Tensor> expected = copies(op);
    set_num_threads(kAsked);
    for (const Place& place : kPlaces) {
      SCOPED_TRACE(str(Op::kName, " by ", row.name, " from ", place.name));
      restore(op, initial);
      ASSERT_NO_THROW(call_from(place, [&] { run(op, row.name); }));
      std::size_t i = 0;
      for_each_tensor(op, [&](const Tensor& t) {
        if (t) {
          EXPECT_EQ(std::memcmp(t.raw(), expected[i].raw(), t.bytes()), 0) << "tensor " << i;
        }
        ++i;
      });
    }
  }
}

// Enough for every row to take several threads; of groups the rows by oneDNN take both kinds.
const Shape kImage{8, 16, 16, 16}, kHalf{8, 8, 8, 16}, kChannels{16}, kMatrix{128, 256};

// Whole numbers, whose sums are the same in any order; what is not a sum of products may be any.
Tensor whole(const Shape& shape, std::uint64_t seed = 1) { return integer_tensor(shape, seed); }
Tensor positive(const Shape& shape) {
  const Tensor t(shape);
  t.fill(0.5);
  return t;
}

class ThreadLimits : public testing::Test {
 protected:
  ~ThreadLimits() override { set_num_threads(before_); }

 private:
  int before_ = num_threads();
};

void convolutions() {
  for (const std::int64_t groups : {1, 4}) {
    const ConvParams params{.padding = 1, .groups = groups};
    const Tensor x = whole(kImage), grad_y = whole(kImage, 2), out(kImage);
    const Tensor weight = whole({16, 3, 3, 16 / groups}, 3), bias = whole(kChannels, 4);
    expect_the_same_from_everywhere(
        ops::Conv2d{.x = x, .weight = weight, .y = out, .bias = bias, .params = params});
    expect_the_same_from_everywhere(
        ops::Conv2d{.x = x, .weight = weight, .y = out, .params = params, .relu = true});
    expect_the_same_from_everywhere(ops::Conv2dGradInput{
        .grad_y = grad_y, .weight = weight, .grad_x = out, .wanted = x, .params = params});
    expect_the_same_from_everywhere(ops::Conv2dGradWeight{.x = x,
                                                          .grad_y = grad_y,
                                                          .grad_weight = weight.clone(),
                                                          .grad_bias = bias.clone(),
                                                          .params = params});
  }
}

void linear_layers() {
  const Tensor x = whole(kMatrix), weight = whole({64, 256}, 2), y({128, 64}), bias = whole({64});
  const Tensor grad_y = whole({128, 64}, 3);
  expect_the_same_from_everywhere(ops::Linear{.x = x, .weight = weight, .y = y, .bias = bias});
  expect_the_same_from_everywhere(
      ops::LinearGradInput{.grad_y = grad_y, .weight = weight, .grad_x = Tensor(kMatrix)});
  expect_the_same_from_everywhere(ops::LinearGradWeight{
      .x = x, .grad_y = grad_y, .grad_weight = weight.clone(), .grad_bias = bias.clone()});
}

void batch_norm() {
  const Tensor x = whole(kImage), y(kImage), ones = positive(kChannels), zeros(kChannels);
  expect_the_same_from_everywhere(ops::BatchNorm{.x = x,
                                                 .gamma = ones,
                                                 .beta = whole(kChannels),
                                                 .y = y,
                                                 .mean = zeros.clone(),
                                                 .mean_rest = zeros.clone(),
                                                 .inv_std = zeros.clone(),
                                                 .running_mean = ones.clone(),
                                                 .running_var = ones.clone()});
  expect_the_same_from_everywhere(ops::BatchNormInference{.x = x,
                                                          .gamma = ones,
                                                          .beta = whole(kChannels),
                                                          .running_mean = ones,
                                                          .running_var = ones,
                                                          .y = y});
  expect_the_same_from_everywhere(ops::BatchNormGrad{.x = x,
                                                     .gamma = ones,
                                                     .mean = zeros,
                                                     .mean_rest = zeros,
                                                     .inv_std = ones,
                                                     .grad_y = whole(kImage, 2),
                                                     .grad_x = y,
                                                     .grad_gamma = zeros.clone(),
                                                     .grad_beta = zeros.clone()});
  expect_the_same_from_everywhere(ops::BatchNormInferenceGrad{.x = x,
                                                              .gamma = ones,
                                                              .running_mean = zeros,
                                                              .running_var = ones,
                                                              .grad_y = whole(kImage, 2),
                                                              .grad_x = y,
                                                              .grad_gamma = zeros.clone(),
                                                              .grad_beta = zeros.clone()});
}

void pools() {
  const Tensor x = whole(kImage), y(kHalf), grad_y = whole(kHalf, 2), grad_x(kImage);
  const Tensor index = Tensor::zeros(ops::MaxPool2d::index_shape(kHalf), DType::i32);
  expect_the_same_from_everywhere(ops::AvgPool2d{.x = x, .y = y});
  expect_the_same_from_everywhere(ops::AvgPool2dGrad{.grad_y = grad_y, .grad_x = grad_x});
  expect_the_same_from_everywhere(ops::MaxPool2d{.x = x, .y = y, .index = index});
  expect_the_same_from_everywhere(
      ops::MaxPool2dGrad{.index = index, .grad_y = grad_y, .grad_x = grad_x});
  expect_the_same_from_everywhere(ops::GlobalAvgPool{.x = x, .y = Tensor({8, 16})});
  expect_the_same_from_everywhere(
      ops::GlobalAvgPoolGrad{.grad_y = whole({8, 16}), .grad_x = grad_x});
  const Tensor wide({8, 32, 16, 16});
  expect_the_same_from_everywhere(
      ops::ResizeNearest{.x = x, .y = wide, .rows = {2}, .columns = {1}});
  expect_the_same_from_everywhere(ops::ResizeNearestGrad{
      .grad_y = whole({8, 32, 16, 16}), .grad_x = grad_x, .rows = {2}, .columns = {1}});
}

void elementwise() {
  const Tensor x = random_tensor(kImage, 1, 0.5), y(kImage), scalar = Tensor::full({}, 2);
  expect_the_same_from_everywhere(ops::Accumulate{.sum = y, .addend = x});
  expect_the_same_from_everywhere(ops::Add{.a = x, .b = whole(kImage), .y = y});
  expect_the_same_from_everywhere(ops::Sub{.a = x, .b = whole(kChannels), .y = y});
  expect_the_same_from_everywhere(ops::Mul{.a = x, .b = whole({8, 1, 1, 16}), .y = y});
  expect_the_same_from_everywhere(ops::Div{.a = x, .b = positive({16, 16, 16}), .y = y});
  expect_the_same_from_everywhere(ops::Scale{.x = x, .y = y, .factor = 3});
  expect_the_same_from_everywhere(ops::SquaredNorm{.x = x, .sum = scalar.to(DType::f64)});
  expect_the_same_from_everywhere(ops::Dropout{.x = x, .y = y});
  const Tensor wide({8, 16, 16, 32});
  expect_the_same_from_everywhere(ops::Concat{.xs = {x, whole(kImage)}, .y = wide});
  expect_the_same_from_everywhere(ops::ConcatGrad{.grad_y = wide, .grad_xs = {y, y.clone()}});
  expect_the_same_from_everywhere(ops::Relu{.x = x, .y = y, .sigma = 1, .l0_sum = scalar.clone()});
  expect_the_same_from_everywhere(
      ops::ReluGrad{.y = x, .grad_y = whole(kImage), .grad_x = y, .sigma = 1, .grad_l0 = scalar});
  expect_the_same_from_everywhere(ops::L0Sum{.x = x, .sum = scalar.clone(), .sigma = 1});
  expect_the_same_from_everywhere(
      ops::L0SumGrad{.x = x, .grad_sum = scalar, .grad_x = y, .sigma = 1});
  expect_the_same_from_everywhere(
      ops::L0Penalty{.sums = {scalar, scalar}, .weights = {1, 2}, .value = scalar.clone()});
}

template <PointwiseFunction kFunction>
void pointwise() {
  const Tensor x = random_tensor(kImage, 1), y(kImage);
  expect_the_same_from_everywhere(Pointwise<kFunction>{.x = x, .y = y});
  expect_the_same_from_everywhere(
      PointwiseGrad<kFunction>{.at = x, .grad_y = whole(kImage), .grad_x = y});
}

void matrices() {
  expect_the_same_from_everywhere(
      ops::MatMul{.a = whole({2, 64, 96}), .b = whole({2, 96, 80}, 2), .y = Tensor({2, 64, 80})});
}

void group_norm() {
  const Tensor x = whole(kImage), ones = positive(kChannels), y(kImage);
  expect_the_same_from_everywhere(
      ops::GroupNorm{.x = x, .gamma = ones, .beta = ones, .y = y, .groups = 4});
  expect_the_same_from_everywhere(ops::GroupNormGrad{.x = x,
                                                     .gamma = ones,
                                                     .grad_y = x,
                                                     .grad_x = y,
                                                     .grad_gamma = ones.clone(),
                                                     .grad_beta = ones.clone(),
                                                     .groups = 4});
}

void boxes() {
  const Tensor whole_image = whole(kImage), box = whole({8, 8, 16, 5});
  expect_the_same_from_everywhere(ops::Slice{.x = whole_image, .y = box, .first = {0, 8, 0, 3}});
  expect_the_same_from_everywhere(ops::Pad{.x = box, .y = whole_image, .first = {0, 8, 0, 3}});
}

template <bool kLog>
void softmaxes() {
  const Tensor x = whole(kMatrix), y(kMatrix);
  expect_the_same_from_everywhere(SoftmaxOf<kLog>{.x = x, .y = y});
  expect_the_same_from_everywhere(SoftmaxOfGrad<kLog>{.y = x, .grad_y = x, .grad_x = y});
}

template <LossFunction kFunction>
void pointwise_loss() {
  const Tensor x = whole(kImage), target = whole(kImage, 2), one = Tensor::full({}, 1), y(kImage);
  expect_the_same_from_everywhere(
      PointwiseLoss<kFunction>{.x = x, .target = target, .loss = one.clone()});
  expect_the_same_from_everywhere(
      PointwiseLossGrad<kFunction>{.x = x, .target = target, .grad_loss = one, .grad_x = y});
}

void reductions() {
  const Tensor x = random_tensor(kImage, 1), rows({8, 16});
  expect_the_same_from_everywhere(ops::Sum{.x = x, .y = rows, .first = 1, .last = 3});
  expect_the_same_from_everywhere(ops::SumGrad{.grad_y = rows, .grad_x = x, .first = 1, .last = 3});
}

void loss_and_updates() {
  const Tensor logits = whole(kMatrix), p(kMatrix), loss = Tensor::full({}, 1);
  const Tensor labels = Tensor::zeros({128}, DType::i32);
  expect_the_same_from_everywhere(ops::SoftmaxCrossEntropy{
      .logits = logits, .labels = labels, .loss = loss, .probabilities = p});
  expect_the_same_from_everywhere(ops::SoftmaxCrossEntropyGrad{
      .probabilities = positive(kMatrix), .labels = labels, .grad_loss = loss, .grad_logits = p});
  const Tensor w = whole(kImage), g = whole(kImage, 2), state = positive(kImage);
  expect_the_same_from_everywhere(ops::SgdUpdate{
      .parameters = {w}, .gradients = {g}, .velocities = {state}, .lr = .1, .momentum = .9});
  expect_the_same_from_everywhere(ops::AdamUpdate{.parameters = {w},
                                                  .gradients = {g},
                                                  .first_moments = {state},
                                                  .second_moments = {state.clone()},
                                                  .lr = .1});
  expect_the_same_from_everywhere(ops::RmsPropUpdate{
      .parameters = {w}, .gradients = {g}, .square_averages = {state}, .lr = .1});
  const Tensor squares = Tensor::full({1, 2}, 4).to(DType::f64);
  expect_the_same_from_everywhere(ops::LarsUpdate{.parameters = {w},
                                                  .gradients = {g},
                                                  .velocities = {state},
                                                  .squared_norms = squares,
                                                  .lr = .1,
                                                  .momentum = .9});
}

TEST_F(ThreadLimits, EveryRowComputesTheSameFromEverywhere) {
  convolutions();
  linear_layers();
  batch_norm();
  pools();
  elementwise();
  pointwise<PointwiseFunction::sigmoid>();
  pointwise<PointwiseFunction::tanh>();
  pointwise<PointwiseFunction::leaky_relu>();
  pointwise<PointwiseFunction::gelu>();
  pointwise<PointwiseFunction::silu>();
  pointwise<PointwiseFunction::hard_swish>();
  pointwise<PointwiseFunction::elu>();
  pointwise<PointwiseFunction::erf>();
  matrices();
  boxes();
  group_norm();
  softmaxes<false>();
  softmaxes<true>();
  pointwise_loss<LossFunction::mse>();
  pointwise_loss<LossFunction::l1>();
  pointwise_loss<LossFunction::bce_with_logits>();
  reductions();
  loss_and_updates();
  for_each_op([&]<class Op>() { EXPECT_TRUE(seen.contains(Op::kName)) << Op::kName; });
}

/// What num_threads() says from there.
int threads_in(const char* name) {
  int threads = 0;
  for (const Place& place : kPlaces) {
    if (std::string_view(place.name) == name) call_from(place, [&] { threads = num_threads(); });
  }
  return threads;
}

TEST_F(ThreadLimits, NumThreadsIsWhatOpenMPGives) {
  const char* const limit = std::getenv("OMP_THREAD_LIMIT");
  const int most = limit ? std::min(kAsked, std::atoi(limit)) : kAsked;
  set_num_threads(kAsked);
  EXPECT_EQ(threads_in("here"), most);
  EXPECT_EQ(threads_in("where OpenMP may give fewer"), most);
  EXPECT_EQ(threads_in("a parallel region of one thread"), most);
  EXPECT_EQ(threads_in("a thread of its own"), most);
  EXPECT_EQ(threads_in("a team of at most two"), 2);  // its limit takes the place of the other
  EXPECT_EQ(threads_in("where there may be no parallel region"), 1);
  if (most > 1) {
    EXPECT_EQ(threads_in("a parallel region"), 1);
    EXPECT_EQ(threads_in("a parallel region that may hold others"), 1);
  }
}

TEST_F(ThreadLimits, AFixedTeamHasAllItsThreadsInEveryRegion) {
  set_num_threads(kAsked);
  const int before = omp_get_max_threads(), dynamic = omp_get_dynamic();
  for (const Place& place : kPlaces) {
    SCOPED_TRACE(place.name);
    call_from(place, [] {
      const FixedTeam team;
      const FixedTeam inner;
      set_num_threads(1);  // by another thread, say: not before the end of the team
      int given = 0;
#pragma omp parallel
      if (omp_get_thread_num() == 0) given = omp_get_num_threads();
      EXPECT_EQ(given, team.threads());
      EXPECT_EQ(omp_get_max_threads(), team.threads());
      EXPECT_EQ(num_threads(), team.threads());
      EXPECT_EQ(inner.threads(), team.threads());
      set_num_threads(kAsked);
    });
  }
  EXPECT_EQ(omp_get_max_threads(), before);
  EXPECT_EQ(omp_get_dynamic(), dynamic);
}

}  // namespace
}  // namespace joule

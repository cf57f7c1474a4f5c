// SPDX-License-Identifier: MIT
#include "joule/core/batch_share.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "joule/kernels/batch_norm/batch_norm.h"
#include "joule/kernels/dropout/dropout.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

// Operations on the shares of a batch, compared with the same on the whole batch.

TEST(BatchShare, DropoutDropsTheSameElementsOfAnImageAsInTheWholeBatch) {
  // Elements per image that are, and are not, a multiple of the four numbers of a counter.
  for (const Shape& shape : {Shape{7, 10}, Shape{7, 3, 3, 5}, Shape{7, 64}, Shape{7, 2601}}) {
    const Tensor x = random_tensor(shape, 1);
    Generator whole(5);
    whole.reserve(3);
    const Tensor expected = dropout(x.clone(), 0.4f, whole);
    for (std::int64_t first = 0; first < 7; ++first) {
      for (std::int64_t count = 1; first + count <= 7; ++count) {
        Generator part(5);
        part.reserve(3);
        const SharedBatch shared({.first = first, .count = count, .all = 7});
        expect_same_bits(dropout(x.slice(first, count).clone(), 0.4f, part),
                         expected.slice(first, count).clone());
        EXPECT_EQ(part.state(), whole.state());
      }
    }
  }
}

TEST(BatchShare, EveryImplementationOfDropoutSkipsWords) {
  for_each_target([] {
    const Tensor x = random_tensor({9, 70}, 2), all = random_tensor({9 * 70 + 3}, 3);
    for (const int skip : {0, 1, 2, 3}) {
      const Tensor y({9, 70});
      const ops::Dropout op{.x = x, .y = y, .probability = 0.5f, .random = {7, 11}, .skip = skip};
      for_each_implementation(op, [&](std::string_view name) {
        run(op, name);
        for (std::int64_t i = 0; i < x.numel(); ++i) {
          const auto j = static_cast<std::uint64_t>(i + skip);
          const bool keep = to_uniform(philox(7, 11 + j / 4)[j % 4]) >= 0.5f;
          ASSERT_EQ(y.data<float>()[i], keep ? x.data<float>()[i] * 2 : 0.0f) << i;
        }
      });
    }
  });
}

TEST(BatchShare, TheGradientOfDropoutDropsTheSame) {
  Tensor x = random_tensor({3, 10}, 1);
  x.set_requires_grad();
  Generator generator(5);
  const SharedBatch shared({.first = 2, .count = 3, .all = 6});
  const Tensor y = dropout(x, 0.5f, generator);
  y.backward(Tensor::full({3, 10}, 1));
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    EXPECT_EQ(x.grad().data<float>()[i] != 0, y.data<float>()[i] != 0) << i;
  }
}

TEST(BatchShare, WhatIsNoImagesIsRefused) {
  const SharedBatch shared({.first = 0, .count = 3, .all = 6});
  EXPECT_EQ(error_of([] {
              dropout(Tensor({6, 5}), 0.5f);
            }),
            "dropout: of a batch that is shared x must be 3 images, it is [6,5]");
}

/// Runs body(share) on a thread for each share of a batch, which exchange numbers.
void on_shares(std::span<const std::int64_t> counts,
               const std::function<void(std::size_t, const BatchShare&)>& body) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::vector<double>> slots(counts.size());
  std::size_t arrived = 0, round = 0;
  const auto gather = [&](std::size_t share, std::span<const double> mine) {
    std::unique_lock lock(mutex);
    slots[share].assign(mine.begin(), mine.end());
    const std::size_t now = round;
    std::vector<double> all;
    if (++arrived == counts.size()) {
      arrived = 0;
      ++round;
      changed.notify_all();
    }
    changed.wait(lock, [&] { return round > now; });
    for (const auto& slot : slots) all.insert(all.end(), slot.begin(), slot.end());
    if (++arrived == counts.size()) {  // all have read: the slots may change
      arrived = 0;
      ++round;
      changed.notify_all();
    }
    changed.wait(lock, [&] { return round > now + 1; });
    return all;
  };
  std::vector<std::jthread> threads;
  std::int64_t first = 0, all = 0;
  for (const std::int64_t count : counts) all += count;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    threads.emplace_back([&, i, first] {
      const BatchShare share{
          .first = first,
          .count = counts[i],
          .all = all,
          .gather = [&, i](std::span<const double> mine) { return gather(i, mine); }};
      const SharedBatch shared(share);
      body(i, share);
    });
    first += counts[i];
  }
}

TEST(BatchShare, BatchNormTakesTheStatisticsOfTheWholeBatch) {
  const std::int64_t counts[] = {1, 3, 2};
  const Shape shape{6, 4, 4, 5};
  Tensor x = random_tensor(shape, 1);
  for (std::int64_t i = 0; i < x.numel(); ++i) x.mutable_data<float>()[i] += 20;  // an offset
  const Tensor grad_y = random_tensor(shape, 2);
  const auto parameter = [](std::uint64_t seed) {
    Tensor t = random_tensor({5}, seed);
    t.set_requires_grad();
    return t;
  };
  struct Results {
    Tensor y, grad_x, grad_gamma, grad_beta, mean, var;
  };
  const auto run_on = [&](const Tensor& part, const Tensor& grad) {
    Tensor images = part.clone();
    images.set_requires_grad();
    const Tensor gamma = parameter(3), beta = parameter(4);
    const Tensor mean = Tensor::zeros({5}), var = Tensor::full({5}, 1);
    const Tensor y = batch_norm(images, gamma, beta, mean, var, true);
    y.backward(grad);
    return Results{y.detach(), images.grad(), gamma.grad(), beta.grad(), mean, var};
  };
  const Results whole = run_on(x, grad_y);
  std::vector<Results> parts(3);
  on_shares(counts, [&](std::size_t i, const BatchShare& share) {
    parts[i] = run_on(x.slice(share.first, share.count), grad_y.slice(share.first, share.count));
  });
  std::int64_t first = 0;
  Tensor grad_gamma = Tensor::zeros({5}), grad_beta = Tensor::zeros({5});
  const auto near = [](const Tensor& actual, const Tensor& expected, double tolerance) {
    for (std::int64_t i = 0; i < actual.numel(); ++i) {
      ASSERT_NEAR(actual.data<float>()[i], expected.data<float>()[i], tolerance) << i;
    }
  };
  for (std::size_t i = 0; i < parts.size(); ++i) {
    near(parts[i].y, whole.y.slice(first, counts[i]), 1e-5);
    near(parts[i].grad_x, whole.grad_x.slice(first, counts[i]), 1e-5);
    near(parts[i].mean, whole.mean, 1e-6);
    near(parts[i].var, whole.var, 1e-6);
    expect_same_bits(parts[i].mean, parts[0].mean);
    expect_same_bits(parts[i].var, parts[0].var);
    for (std::int64_t c = 0; c < 5; ++c) {
      grad_gamma.mutable_data<float>()[c] += parts[i].grad_gamma.data<float>()[c];
      grad_beta.mutable_data<float>()[c] += parts[i].grad_beta.data<float>()[c];
    }
    first += counts[i];
  }
  near(grad_gamma, whole.grad_gamma, 1e-4);
  near(grad_beta, whole.grad_beta, 1e-4);
}

TEST(BatchShare, WithoutAWayToGatherBatchNormIsOfTheShare) {
  const Tensor x = random_tensor({4, 3}, 1), gamma = Tensor::full({3}, 1),
               beta = Tensor::zeros({3});
  const Tensor alone = batch_norm(x.clone(), gamma, beta, {}, {}, true);
  const SharedBatch shared({.first = 4, .count = 4, .all = 8});
  expect_same_bits(batch_norm(x.clone(), gamma, beta, {}, {}, true), alone);
}

TEST(BatchShare, OneRowInAllSharesHasNoVariance) {
  const GatherNumbers gather = [](std::span<const double> mine) {
    return std::vector<double>(mine.begin(), mine.end());
  };
  const SharedBatch shared({.first = 0, .count = 1, .all = 1, .gather = gather});
  EXPECT_EQ(
      error_of([] {
        batch_norm(Tensor::zeros({1, 3}), Tensor::full({3}, 1), Tensor::zeros({3}), {}, {}, true);
      }),
      "batch_norm: a variance needs at least 2 values per channel, all shares of the batch have 1");
}

}  // namespace
}  // namespace joule

// SPDX-License-Identifier: MIT
#include "core/threads.h"

#include <atomic>

#include "tests/op_test.h"

namespace joule {
namespace {

using namespace test;

TEST(ParallelFor, VisitsEveryIndexOnce) {
  for_each_thread_count([] {
    for (const std::int64_t n : {0, 1, 2, 63, 64, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
      parallel_for(n, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      for (const auto& count : visits) ASSERT_EQ(count, 1);
    }
  });
}

TEST(ParallelFor, RethrowsWhatABodyThrows) {
  for_each_thread_count([] {
    EXPECT_EQ(error_of([] {
                parallel_for(1000, 1, [](std::int64_t begin, std::int64_t) {
                  require(begin != 0, "the piece that starts at ", begin);
                });
              }),
              "the piece that starts at 0");
  });
}

TEST(ParallelSum, HasTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = random_tensor({1000003}, 1);
  std::vector<float> sums;
  for_each_thread_count([&] {
    sums.push_back(parallel_sum<float>(x.numel(), [&](std::int64_t begin, std::int64_t end) {
      float sum = 0;
      for (std::int64_t i = begin; i < end; ++i) sum += x.data<float>()[i];
      return sum;
    }));
  });
  EXPECT_EQ(sums[0], sums[1]);
}

TEST(Threads, AtLeastOne) {
  EXPECT_EQ(error_of([] { set_num_threads(0); }), "threads: expected at least 1, got 0");
}

TEST(ParallelFor, PiecesAreNoSmallerThanTheGrain) {
  for_each_thread_count([] {
    std::atomic<int> pieces = 0;
    parallel_for(100, 60, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_GE(end - begin, 60);
      ++pieces;
    });
    EXPECT_EQ(pieces, 1);
  });
}

TEST(ParallelFor, InsideAParallelForRunsOnItsThread) {
  for_each_thread_count([] {
    std::atomic<std::int64_t> sum = 0;
    parallel_for(8, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        int pieces = 0;
        parallel_for(100, 1, [&](std::int64_t first, std::int64_t last) {
          ++pieces;
          sum += last - first;
        });
        EXPECT_EQ(pieces, 1);
      }
    });
    EXPECT_EQ(sum, 800);
  });
}

}  // namespace
}  // namespace joule

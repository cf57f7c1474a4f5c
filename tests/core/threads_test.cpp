// SPDX-License-Identifier: MIT
#include "joule/core/threads.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "joule/core/system/processors.h"
#include "joule/tests/support/op_test.h"

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

TEST(Threads, FromOneToTheMostThatThereMayBe) {
  const int before = num_threads();
  EXPECT_EQ(error_of([] { set_num_threads(0); }), "threads: expected 1 to 1024, got 0");
  EXPECT_EQ(error_of([] { set_num_threads(100000); }), "threads: expected 1 to 1024, got 100000");
  EXPECT_EQ(num_threads(), before);
}

/// A /proc and a /sys as a container has them.
class ControlGroups : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = root_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  int processors() const { return usable_processors(root_.string()); }

  ~ControlGroups() override { std::filesystem::remove_all(root_); }

 private:
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / str("joule_groups_", getpid());
};

// This machine may have no more than one processor: no quota is above it.
TEST_F(ControlGroups, WithoutAQuotaTheAffinityMaskCounts) {
  const int all = processors();
  EXPECT_GE(all, 1);
  write("proc/self/cgroup", "0::/\n");
  write("proc/self/mountinfo", "31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(processors(), all);
}

TEST_F(ControlGroups, TheLeastQuotaOfTheUnifiedHierarchyCounts) {
  write("proc/self/cgroup", "0::/system.slice/job.scope\n");
  write("proc/self/mountinfo",
        "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  write("sys/fs/cgroup/system.slice/cpu.max", "60000 100000\n");
  write("sys/fs/cgroup/system.slice/job.scope/cpu.max", "6400000 100000\n");
  EXPECT_EQ(processors(), 1);
}

TEST_F(ControlGroups, AQuotaOfTheFirstVersionCounts) {
  // A container without a namespace of its own: the path is the host's, and the mount shows it.
  write("proc/self/cgroup", "5:devices:/docker/12\n4:cpu,cpuacct:/docker/12/job\n");
  write("proc/self/mountinfo",
        "33 32 0:30 /docker/12 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(processors(), 1);
}

TEST_F(ControlGroups, AnotherGroupsQuotaDoesNotCount) {
  const int all = processors();
  write("proc/self/cgroup", "4:memory:/job\n3:cpuset:/job\n2:cpu:/\n");
  write("proc/self/mountinfo",
        "33 32 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "34 32 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "10000\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "10000\n");
  write("sys/fs/cgroup/cpuset/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(processors(), all);
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

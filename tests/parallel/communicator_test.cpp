// SPDX-License-Identifier: MIT
#include "joule/parallel/communicator.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "joule/parallel/launch.h"

namespace joule::parallel {
namespace {

TEST(Communicator, OneProcessIsAllThereAre) {
  const auto ranks = alone();
  EXPECT_EQ(ranks->rank(), 0);
  EXPECT_EQ(ranks->size(), 1);
  EXPECT_FALSE(ranks->host().empty());
  EXPECT_EQ(ranks->gather("mine"), std::vector<std::string>{"mine"});
  const std::vector<double> numbers{1, 2};
  EXPECT_EQ(ranks->gather(numbers), numbers);
  EXPECT_TRUE(ranks->any(true));
  EXPECT_FALSE(ranks->any(false));
  std::vector<float> values{3, 4};
  ranks->start_sum(values, Order::tree);
  ranks->wait();
  EXPECT_EQ(values, (std::vector<float>{3, 4}));
  EXPECT_EQ(ranks->traffic().bytes, 0);
}

TEST(Communicator, ThreadsAreFairOnAMachine) {
  const Place all{"a", {0, 1, 2, 3, 4, 5, 6, 7}};
  EXPECT_EQ(fair_threads(std::vector{all}, 0), 8);
  EXPECT_EQ(fair_threads(std::vector{all, all}, 1), 4);
  EXPECT_EQ(fair_threads(std::vector{all, all, all}, 0), 2);
  // What the launcher has bound to processors of its own has them all.
  const Place low{"a", {0, 1, 2, 3}}, high{"a", {4, 5, 6, 7}};
  EXPECT_EQ(fair_threads(std::vector{low, high}, 0), 4);
  EXPECT_EQ(fair_threads(std::vector{low, low, high}, 0), 2);
  EXPECT_EQ(fair_threads(std::vector{low, low, high}, 2), 4);
  // Processors of another machine have the same numbers.
  EXPECT_EQ(fair_threads(std::vector{all, Place{"b", {0, 1}}}, 0), 8);
  EXPECT_EQ(fair_threads(std::vector{all, Place{"b", {0, 1}}}, 1), 2);
  // More processes than processors.
  EXPECT_EQ(fair_threads(std::vector<Place>(4, {"a", {0, 1}}), 3), 1);
  // Three of one processor each, and a fourth that may use all: it has what is left of each.
  const std::vector<Place> bound{{"a", {0}}, {"a", {1}}, {"a", {2}}, {"a", {0, 1, 2, 3}}};
  EXPECT_EQ(fair_threads(bound, 3), 2);
}

/// Sets environment variables until the end of the block.
class Environment {
 public:
  Environment() {
    for (const char* name : kNames) unsetenv(name);
  }
  ~Environment() {
    for (const char* name : kNames) unsetenv(name);
  }
  void set(const char* name, const char* value) { setenv(name, value, 1); }

 private:
  static constexpr const char* kNames[] = {
      "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE", "PMIX_RANK",
      "SLURM_STEP_NUM_TASKS"};
};

TEST(Communicator, TheEnvironmentTellsHowAProcessWasStarted) {
  Environment environment;
  EXPECT_FALSE(launch_of_this_process().launched);
  environment.set("SLURM_STEP_NUM_TASKS", "4");  // without MPI each is by itself
  EXPECT_FALSE(launch_of_this_process().launched);
  environment.set("PMIX_RANK", "2");
  Launch launch = launch_of_this_process();
  EXPECT_TRUE(launch.launched);
  EXPECT_EQ(launch.rank, 2);
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.told_by, "PMIX_RANK=2");
  environment.set("OMPI_COMM_WORLD_RANK", "1");
  environment.set("OMPI_COMM_WORLD_SIZE", "3");
  launch = launch_of_this_process();
  EXPECT_EQ(launch.rank, 1);
  EXPECT_EQ(launch.size, 3);
}

TEST(Communicator, AFailedRankIsNamed) {
  Environment environment;
  EXPECT_EQ(failed_rank(), "");
  environment.set("OMPI_COMM_WORLD_RANK", "0");
  environment.set("OMPI_COMM_WORLD_SIZE", "1");
  EXPECT_EQ(failed_rank(), "");
  environment.set("OMPI_COMM_WORLD_SIZE", "2");
  EXPECT_EQ(failed_rank(), "rank 0 of 2 on " + this_host() + ": ");
}

}  // namespace
}  // namespace joule::parallel

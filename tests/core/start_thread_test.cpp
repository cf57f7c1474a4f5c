// SPDX-License-Identifier: MIT
#include "joule/core/system/start_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>
#include <functional>
#include <string>

#include "joule/energy/sampler.h"
#include "joule/tests/support/simulated_power.h"

namespace joule {
namespace {

/// While it lives, no thread can be started: its stack would need more than a process can address.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{1} << 50);
    pthread_setattr_default_np(&huge);
    pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_;
};

std::string why(const std::function<void()>& start) {
  try {
    start();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::resource_unavailable_try_again);
    return error.what();
  }
  return "";
}

TEST(StartThread, RunsTheBody) {
  int ran = 0;
  start_thread("counts", [&] { ++ran; }).join();
  start_thread<std::thread>("counts", [&] { ++ran; }).join();
  EXPECT_EQ(ran, 2);
}

TEST(StartThread, WhatCannotBeStartedIsNamed) {
  const NoThreads none;
  EXPECT_EQ(why([] { start_thread("counts", [] {}); }),
            "a thread that counts cannot be started: too little memory, or more threads than "
            "`ulimit -u` allows: Resource temporarily unavailable");
}

TEST(StartThread, ASamplerWithoutOneLeavesTheSignalsAlone) {
  test::SimulatedPower power(1'000'000, 1000);
  test::SimulatedMeter meter(power);
  const NoThreads none;
  EXPECT_NE(why([&] { energy::Sampler(meter, energy::Seconds(1)); }), "");
  sigset_t mine;
  pthread_sigmask(SIG_BLOCK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGINT), 0);
}

}  // namespace
}  // namespace joule

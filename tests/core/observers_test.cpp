// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"

#include <optional>
#include <thread>

#include "joule/core/autograd/gradcheck.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

TEST(Observers, MayEndEachOther) {
  for (const bool earlier : {false, true}) {
    Observers<int> observers;
    std::vector<int> told;
    std::optional<Observers<int>::Subscription> victim;
    const auto add_victim = [&] {
      // What it holds shows if it is destroyed while it is told.
      victim.emplace(observers.add([&, held = std::string(100, 'x')](int event) {
        told.push_back(static_cast<int>(held.size()) * event);
      }));
    };
    if (earlier) add_victim();
    const auto murderer = observers.add([&](int event) {
      victim.reset();
      told.push_back(event);
    });
    if (!earlier) add_victim();
    const auto last = observers.add([&](int event) { told.push_back(10 * event); });
    observers.notify(1);
    observers.notify(2);
    EXPECT_EQ(told,
              earlier ? (std::vector<int>{100, 1, 10, 2, 20}) : (std::vector<int>{1, 10, 2, 20}));
  }
}

TEST(Observers, OneThatIsAddedIsToldOfTheNextEvent) {
  Observers<int> observers;
  std::vector<int> told;
  std::vector<Observers<int>::Subscription> added;
  const auto first = observers.add([&](int event) {
    added.push_back(observers.add([&](int later) { told.push_back(later); }));
    told.push_back(-event);
  });
  observers.notify(1);
  observers.notify(2);
  EXPECT_EQ(told, (std::vector<int>{-1, -2, 2}));
}

TEST(Observers, MayNotifyEndAllAndThrow) {
  auto observers = std::make_unique<Observers<int>>();
  std::vector<int> told;
  std::vector<Observers<int>::Subscription> all;
  all.push_back(observers->add([&](int event) {
    told.push_back(event);
    if (event > 0) return observers->notify(event - 1);
    all.clear();
    EXPECT_TRUE(observers->empty());
    observers.reset();
    throw std::runtime_error("gone");
  }));
  all.push_back(observers->add([&](int event) { told.push_back(100 + event); }));
  EXPECT_THROW(observers->notify(2), std::runtime_error);
  EXPECT_EQ(told, (std::vector<int>{2, 1, 0}));
}

TEST(Observers, MayEndTheirOwnSubscription) {
  Observers<int> observers;
  std::vector<int> told;
  std::optional<Observers<int>::Subscription> once, always;
  once.emplace(observers.add([&](int event) {
    told.push_back(event);
    once.reset();
  }));
  always.emplace(observers.add([&](int event) { told.push_back(10 * event); }));
  observers.notify(1);
  observers.notify(2);
  EXPECT_EQ(told, (std::vector<int>{1, 10, 20}));
}

}  // namespace
}  // namespace joule

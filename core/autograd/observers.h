// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <list>
#include <memory>

namespace joule {

/// Functions that are told of every event of one kind.
///
/// Threads   all of one thread.
template <class Event>
class Observers {
  struct Entry {
    std::function<void(const Event&)> observer;
    bool ended = false;
  };
  struct List {
    std::list<Entry> entries;
    int notifying = 0;  // how many notify() run, one within the other

    void end(typename std::list<Entry>::iterator at) {
      // One that is running must not be destroyed, nor one that notify() is about to reach.
      at->ended = true;
      if (notifying == 0) entries.erase(at);
    }
  };

 public:
  /// Observing ends when this is destroyed.
  class [[nodiscard]] Subscription {
   public:
    Subscription(std::shared_ptr<List> list, typename std::list<Entry>::iterator at)
        : list_(std::move(list)), at_(at) {}
    Subscription(Subscription&& other) noexcept = default;
    Subscription& operator=(Subscription&& other) = delete;
    ~Subscription() {
      if (list_) list_->end(at_);
    }

   private:
    std::shared_ptr<List> list_;
    typename std::list<Entry>::iterator at_;
  };

  Subscription add(std::function<void(const Event&)> observer) {
    return {list_, list_->entries.insert(list_->entries.end(), {std::move(observer)})};
  }
  bool empty() const { return std::ranges::all_of(list_->entries, &Entry::ended); }
  /// In the order of their subscriptions.  An observer may end any subscription, which is told
  /// nothing any more, or add one, which is told of the next event.  What an observer throws ends
  /// the round.
  void notify(const Event& event) const {
    const Round round(list_);
    if (round.list->entries.empty()) return;
    const auto last = std::prev(round.list->entries.end());
    for (auto at = round.list->entries.begin();; ++at) {
      if (!at->ended) at->observer(event);
      if (at == last) return;
    }
  }

 private:
  /// Forgets those that ended meanwhile once the outermost notify() is over.
  struct Round {
    explicit Round(std::shared_ptr<List> of) : list(std::move(of)) { ++list->notifying; }
    ~Round() {
      if (--list->notifying > 0) return;
      std::list<Entry> ended;  // what an observer holds may itself be a subscription
      for (auto at = list->entries.begin(); at != list->entries.end();) {
        const auto here = at++;
        if (here->ended) ended.splice(ended.end(), list->entries, here);
      }
    }
    Round(const Round&) = delete;
    Round& operator=(const Round&) = delete;
    std::shared_ptr<List> list;
  };

  std::shared_ptr<List> list_ = std::make_shared<List>();
};

}  // namespace joule

// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <list>
#include <memory>

namespace joule {

/// Functions that are called at every event of one kind.
///
/// Threads   all calls must come from one thread.
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
      // An observer must not be destroyed while it runs or while notify() is about to call it.
      at->ended = true;
      if (notifying == 0) entries.erase(at);
    }
  };

 public:
  /// The observer is called until this object is destroyed.
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
  /// Calls the observers in the order of their subscriptions.  An observer may end any
  /// subscription, which then gets no further events, or add one, whose first event is the next
  /// one.  If an observer throws, the later ones are not called.
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
  /// When the outermost notify() returns, removes the subscriptions that ended meanwhile.
  struct Round {
    explicit Round(std::shared_ptr<List> of) : list(std::move(of)) { ++list->notifying; }
    ~Round() {
      if (--list->notifying > 0) return;
      std::list<Entry> ended;  // an observer may itself own a subscription
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

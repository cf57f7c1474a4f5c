// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <list>
#include <memory>

namespace joule {

/// Functions that are told of every event of one kind.
template <class Event>
class Observers {
  using List = std::list<std::function<void(const Event&)>>;

 public:
  /// Observing ends when this is destroyed.
  class [[nodiscard]] Subscription {
   public:
    Subscription(std::shared_ptr<List> list, typename List::iterator at)
        : list_(std::move(list)), at_(at) {}
    Subscription(Subscription&& other) noexcept = default;
    Subscription& operator=(Subscription&& other) = delete;
    ~Subscription() {
      if (list_) list_->erase(at_);
    }

   private:
    std::shared_ptr<List> list_;
    typename List::iterator at_;
  };

  Subscription add(std::function<void(const Event&)> observer) {
    return {list_, list_->insert(list_->end(), std::move(observer))};
  }
  bool empty() const { return list_->empty(); }
  /// An observer may end its own subscription when it is told.
  void notify(const Event& event) const {
    for (auto next = list_->begin(); next != list_->end();) {
      const auto observer = *next++;
      observer(event);
    }
  }

 private:
  std::shared_ptr<List> list_ = std::make_shared<List>();
};

}  // namespace joule

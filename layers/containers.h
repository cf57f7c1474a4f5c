// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>

#include "joule/layers/graph/composite.h"
#include "joule/layers/modules.h"

namespace joule::nn {

/// Runs its children one after the other.
class Sequential final : public Composite {
 public:
  Sequential() = default;
  /// Children "0", "1", ...: Sequential(Conv2d({...}), ReLU(), Flatten(), Linear(10, 2)).
  template <class... Ms>
  requires(sizeof...(Ms) != 1 || !(std::same_as<std::remove_cvref_t<Ms>, Sequential> ||
                                   ...)) explicit Sequential(Ms&&... modules) {
    (add(std::to_string(children().size()), std::forward<Ms>(modules)), ...);
  }

  /// Appends a child with its own name; returns this net.
  template <class M>
  Sequential& add(const std::string& name, M&& module) {
    add_child(name, std::forward<M>(module));
    return *this;
  }
  std::string describe() const override { return "Sequential()"; }
  Value add_to(GraphBuilder& graph, Value x) override;
};

/// main(x) + shortcut(x), or main(x) + x without a shortcut.
class Residual final : public Composite {
 public:
  template <class Main>
  requires(!std::same_as<std::remove_cvref_t<Main>, Residual>) explicit Residual(Main&& main)
      : main_(add_child("main", std::forward<Main>(main))) {}
  template <class Main, class Shortcut>
  Residual(Main&& main, Shortcut&& shortcut)
      : main_(add_child("main", std::forward<Main>(main))),
        shortcut_(add_child("shortcut", std::forward<Shortcut>(shortcut))) {}
  std::string describe() const override { return "Residual()"; }
  Value add_to(GraphBuilder& graph, Value x) override;

 private:
  std::shared_ptr<Module> main_, shortcut_;
};

}  // namespace joule::nn

// SPDX-License-Identifier: MIT
#pragma once

#include "joule/layers/graph/executor.h"
#include "joule/layers/module.h"

namespace joule::nn {

/// A module that consists of others.  What derives from it says how in add_to(), with the functions
/// of GraphBuilder; forward() follows, and so do fusion, slicing, and the net as data:
///
///   Value add_to(GraphBuilder& graph, Value x) override {
///     return graph.apply("Concat", {x, graph.add(*relu_, graph.add(*conv_, x))});
///   }
class Composite : public Module {
 public:
  Value add_to(GraphBuilder& graph, Value x) override = 0;

 protected:
  Tensor forward(Tensor x) final;

 private:
  ExecutorOf all_, children_;  // down to the leaves; while observed, from child to child
};

}  // namespace joule::nn

// SPDX-License-Identifier: MIT
#pragma once

#include "joule/layers/graph/executor.h"
#include "joule/layers/module.h"

namespace joule::nn {

/// A module that consists of others.  A derived class describes its graph in add_to() with the
/// functions of GraphBuilder; forward(), fusion, slicing and the net as data follow from it:
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
  ExecutorOf all_, children_;  // to the leaves; while observed, only to the children
};

}  // namespace joule::nn

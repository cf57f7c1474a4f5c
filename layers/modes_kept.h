// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

#include "joule/layers/module.h"

namespace joule::nn {

/// At the end of the block, restores the modes of a module and of all modules below it.
class ModesKept {
 public:
  explicit ModesKept(Module& net) { note(net); }
  ~ModesKept() {  // outermost first, because train() also sets those below
    for (const auto& [module, training] : modes_) module->train(training);
  }
  ModesKept(const ModesKept&) = delete;
  ModesKept& operator=(const ModesKept&) = delete;

 private:
  void note(Module& module) {
    modes_.emplace_back(&module, module.training());
    for (const auto& child : module.children()) note(*child);
  }
  std::vector<std::pair<Module*, bool>> modes_;
};

}  // namespace joule::nn

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "joule/evolution/phenotype.h"

namespace joule::evolution {
namespace {

/// "name value name value ...": those of the optimiser's state that are asked for.
std::string state_of(const Learning& learning, const std::vector<std::string>& names) {
  const auto optimizer =
      make_optimizer(learning, {{"weight", Tensor::zeros({2, 3}).set_requires_grad()}});
  const State state = optimizer->state();
  std::string text;
  for (const std::string& name : names) {
    const auto found = state.values.find(name);
    text += (text.empty() ? "" : " ") + name + " " +
            (found == state.values.end() ? "none" : found->second);
  }
  return text;
}

TEST(Learning, MakesTheOptimiserThatTheGenesAskFor) {
  const Learning learning{.lr = 0.5,
                          .lr_biases = 0.25,
                          .momentum = 0.75,
                          .weight_decay = 0.125,
                          .nesterov = true,
                          .beta1 = 0.5,
                          .beta2 = 0.25,
                          .amsgrad = true,
                          .alpha = 0.875};
  const auto with = [&](const std::string& optimizer) {
    Learning changed = learning;
    changed.optimizer = optimizer;
    return changed;
  };
  const std::vector<std::string> all{"optimizer", "learning_rate", "momentum", "weight_decay"};
  const auto own = [&](const std::string& optimizer, std::vector<std::string> names) {
    return state_of(with(optimizer), names);
  };
  for (const std::string name : {"sgd", "rmsprop", "lars"}) {
    EXPECT_EQ(state_of(with(name), all),
              "optimizer " + name + " learning_rate 0.5 momentum 0.75 weight_decay 0.125");
  }
  EXPECT_EQ(own("sgd", {"nesterov"}), "nesterov true");
  EXPECT_EQ(own("rmsprop", {"alpha"}), "alpha 0.875");
  EXPECT_EQ(own("lars", {"lr_biases_per_lr"}), "lr_biases_per_lr 0.5");
  EXPECT_EQ(own("adam", {"optimizer", "beta1", "beta2", "amsgrad", "weight_decay"}),
            "optimizer adam beta1 0.5 beta2 0.25 amsgrad true weight_decay 0.125");
  EXPECT_THROW(state_of(with("lamb"), all), ArgumentError);
}

TEST(Learning, TheRateDecaysWithTheSteps) {
  const Learning learning{.lr = 0.5, .decay = 0.25};
  EXPECT_EQ(learning_rate_at(learning, 0), 0.5);
  EXPECT_EQ(learning_rate_at(learning, 4), 0.25);
}

}  // namespace
}  // namespace joule::evolution

// SPDX-License-Identifier: MIT
#include "joule/optim/optimizers.h"

#include <functional>
#include <memory>
#include <set>

#include "joule/tests/optim/optimizers_cases.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace optimizers_cases;

/// One of each rule, with every option away from its default.
struct Rule {
  const char* name;
  std::function<std::unique_ptr<Optimizer>(const Parameters&)> make;
  /// One step on one number, in double; `kept` is what is kept, zero at first.
  std::function<void(double& p, double g, double (&kept)[3], int step)> step;
};

std::vector<Rule> rules() {
  const auto adam = [](bool decoupled, bool amsgrad = false) {
    return [decoupled, amsgrad](double& p, double g, double(&kept)[3], int step) {
      auto& [a, b, largest] = kept;
      if (!decoupled) g += 0.05 * p;
      a = 0.8 * a + (1 - 0.8) * g;
      b = 0.9 * b + (1 - 0.9) * g * g;
      largest = std::max(largest, b);
      const double v = amsgrad ? largest : b;
      const double decay = decoupled ? 0.02 * 0.05 * p : 0;
      p -= decay + 0.02 * (a / (1 - std::pow(0.8, step))) /
                       (std::sqrt(v / (1 - std::pow(0.9, step))) + 1e-3);
    };
  };
  return {
      {"sgd",
       [](const Parameters& ps) { return std::make_unique<Sgd>(ps, SgdOptions{.lr = 0.02}); },
       [](double& p, double g, double(&)[3], int) { p -= 0.02 * g; }},
      {"momentum",
       [](const Parameters& ps) {
         return std::make_unique<Sgd>(
             ps, SgdOptions{.lr = 0.02, .momentum = 0.8, .weight_decay = 0.05});
       },
       [](double& p, double g, double(&kept)[3], int) {
         double& a = kept[0];
         a = 0.8 * a + g + 0.05 * p;
         p -= 0.02 * a;
       }},
      {"nesterov",
       [](const Parameters& ps) {
         return std::make_unique<Sgd>(
             ps, SgdOptions{.lr = 0.02, .momentum = 0.8, .nesterov = true, .weight_decay = 0.05});
       },
       [](double& p, double g, double(&kept)[3], int) {
         double& a = kept[0];
         g += 0.05 * p;
         a = 0.8 * a + g;
         p -= 0.02 * (g + 0.8 * a);
       }},
      {"adam",
       [](const Parameters& ps) {
         return std::make_unique<Adam>(
             ps,
             AdamOptions{
                 .lr = 0.02, .beta1 = 0.8, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.05});
       },
       adam(false)},
      {"adamw",
       [](const Parameters& ps) {
         return std::make_unique<AdamW>(
             ps,
             AdamWOptions{
                 .lr = 0.02, .beta1 = 0.8, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.05});
       },
       adam(true)},
      {"rmsprop",
       [](const Parameters& ps) {
         return std::make_unique<RmsProp>(
             ps,
             RmsPropOptions{
                 .lr = 0.02, .alpha = 0.9, .epsilon = 1e-3, .momentum = 0.8, .weight_decay = 0.05});
       },
       [](double& p, double g, double(&kept)[3], int) {
         double &a = kept[0], &b = kept[1];
         g += 0.05 * p;
         a = 0.9 * a + (1 - 0.9) * g * g;
         b = 0.8 * b + g / (std::sqrt(a) + 1e-3);
         p -= 0.02 * b;
       }},
      {"damped",  // but in the first step, as torch.optim.SGD
       [](const Parameters& ps) {
         return std::make_unique<Sgd>(
             ps, SgdOptions{.lr = 0.02, .momentum = 0.8, .weight_decay = 0.05, .dampening = 0.3});
       },
       [](double& p, double g, double(&kept)[3], int step) {
         g += 0.05 * p;
         kept[0] = step == 1 ? g : 0.8 * kept[0] + (1 - 0.3) * g;
         p -= 0.02 * kept[0];
       }},
      {"amsgrad",
       [](const Parameters& ps) {
         return std::make_unique<Adam>(ps, AdamOptions{.lr = 0.02,
                                                       .beta1 = 0.8,
                                                       .beta2 = 0.9,
                                                       .epsilon = 1e-3,
                                                       .weight_decay = 0.05,
                                                       .amsgrad = true});
       },
       adam(false, true)},
      {"adamw with amsgrad",
       [](const Parameters& ps) {
         return std::make_unique<AdamW>(ps, AdamWOptions{.lr = 0.02,
                                                         .beta1 = 0.8,
                                                         .beta2 = 0.9,
                                                         .epsilon = 1e-3,
                                                         .weight_decay = 0.05,
                                                         .amsgrad = true});
       },
       adam(true, true)},
      {"centred",
       [](const Parameters& ps) {
         return std::make_unique<RmsProp>(
             ps, RmsPropOptions{.lr = 0.02, .alpha = 0.9, .epsilon = 1e-1, .centred = true});
       },
       [](double& p, double g, double(&kept)[3], int) {
         kept[0] = 0.9 * kept[0] + (1 - 0.9) * g * g;
         kept[1] = 0.9 * kept[1] + (1 - 0.9) * g;
         p -= 0.02 * g / (std::sqrt(kept[0] - kept[1] * kept[1]) + 1e-1);
       }},
      {"centred with momentum",
       [](const Parameters& ps) {
         return std::make_unique<RmsProp>(ps, RmsPropOptions{.lr = 0.02,
                                                             .alpha = 0.9,
                                                             .epsilon = 1e-1,
                                                             .momentum = 0.5,
                                                             .weight_decay = 0.05,
                                                             .centred = true});
       },
       [](double& p, double g, double(&kept)[3], int) {
         g += 0.05 * p;
         kept[0] = 0.9 * kept[0] + (1 - 0.9) * g * g;
         kept[1] = 0.9 * kept[1] + (1 - 0.9) * g;
         kept[2] = 0.5 * kept[2] + g / (std::sqrt(kept[0] - kept[1] * kept[1]) + 1e-1);
         p -= 0.02 * kept[2];
       }},
  };
}

const LarsOptions kLars{
    .lr = 0.2, .lr_biases = 0.05, .trust = 0.1, .momentum = 0.8, .weight_decay = 0.05};

/// Its step is not one on a number.
Rule lars_rule() {
  return {"lars", [](const Parameters& ps) { return std::make_unique<Lars>(ps, kLars); }, {}};
}

double norm(std::span<const double> x) {
  double sum = 0;
  for (const double each : x) sum += each * each;
  return std::sqrt(sum);
}

std::vector<double> doubles(const Tensor& tensor) {
  const Tensor all = tensor.to(DType::f64);
  return {all.values<double>().begin(), all.values<double>().end()};
}

TEST(Lars, FollowsItsDefinitionOverManySteps) {
  constexpr int kSteps = 40;
  for (const DType dtype : {DType::f64, DType::f32}) {
    SCOPED_TRACE(str(dtype));
    const Parameters parameters = make_parameters(dtype);
    std::vector<std::vector<double>> p, v;
    for (const auto& [name, tensor] : parameters) {
      p.push_back(doubles(tensor));
      v.emplace_back(p.back().size());
    }
    Lars optimizer(parameters, kLars);
    for (int step = 1; step <= kSteps; ++step) {
      const double lr = 0.2 / step;
      optimizer.set_learning_rate(lr);
      set_gradients(parameters, step);
      optimizer.step();
      for (std::size_t k = 0; k < p.size(); ++k) {
        const std::vector<double> g = doubles(parameters[k].tensor.grad());
        const bool weight = parameters[k].tensor.shape().rank() > 1;
        const double decay = weight ? 0.05 : 0;
        const double size = norm(p[k]);
        const double rate = weight ? lr * 0.1 * size / (norm(g) + decay * size) : lr * (0.05 / 0.2);
        for (std::size_t i = 0; i < g.size(); ++i) {
          v[k][i] = 0.8 * v[k][i] + rate * (g[i] + decay * p[k][i]);
          p[k][i] -= v[k][i];
        }
      }
    }
    // Each step adds at most 16 roundings of numbers below 2, and the error of a rate, which is of
    // double.
    const double bound = dtype == DType::f64 ? 1e-12 : 2 * gamma(16 * kSteps);
    for (std::size_t k = 0; k < p.size(); ++k) {
      const std::vector<double> actual = doubles(parameters[k].tensor);
      for (std::size_t i = 0; i < p[k].size(); ++i) ASSERT_NEAR(actual[i], p[k][i], bound);
    }
  }
}

TEST(Lars, TakesTheRateItselfWhereANormIsNone) {
  const Tensor zero = leaf(Tensor::zeros({2, 2})), still = leaf(Tensor::full({2, 2}, 1));
  Lars lars({{"zero", zero}, {"still", still}}, {.lr = 0.5, .trust = 0.1, .momentum = 0});
  zero.set_grad(Tensor::full({2, 2}, 1));
  still.set_grad(Tensor::zeros({2, 2}));
  lars.step();
  expect_same_bits(zero, Tensor::full({2, 2}, -0.5));
  expect_same_bits(still, Tensor::full({2, 2}, 1));
}

TEST(Lars, RefusesWhatCannotBe) {
  const Parameters ps = make_parameters();
  const auto refused = [&](const LarsOptions& options) {
    return error_of([&] { Lars(ps, options); });
  };
  EXPECT_EQ(refused({.lr = -1}), "lars: lr must be positive, got -1");
  EXPECT_EQ(refused({.lr_biases = -1}), "lars: lr_biases must be finite and not negative, got -1");
  EXPECT_EQ(refused({.trust = 0}), "lars: trust must be positive, got 0");
  EXPECT_EQ(refused({.momentum = 1}), "lars: momentum must be in [0, 1), got 1");
  EXPECT_EQ(refused({.weight_decay = -1}),
            "lars: weight_decay must be finite and not negative, got -1");
  const State state = Lars(ps, {.lr = 0.1, .lr_biases = 0.05}).state();
  EXPECT_EQ(error_of([&] { Lars(ps, {.lr = 0.1, .lr_biases = 0.025}).load_state(state); }),
            "lars: the state was saved with lr_biases_per_lr 0.5, expected 0.25");
}

TEST(Optimizers, FollowTheirDefinitionOverManySteps) {
  constexpr int kSteps = 60;
  for (const Rule& rule : rules()) {
    for (const DType dtype : {DType::f64, DType::f32}) {
      SCOPED_TRACE(str(rule.name, " in ", dtype));
      const Parameters parameters = make_parameters(dtype);
      struct Kept {
        double at[3]{};
      };
      std::vector<std::vector<double>> p;
      std::vector<std::vector<Kept>> kept;
      for (const auto& [name, tensor] : parameters) {
        const Tensor start = tensor.to(DType::f64);
        p.emplace_back(start.values<double>().begin(), start.values<double>().end());
        kept.emplace_back(p.back().size());
      }
      const auto optimizer = rule.make(parameters);
      for (int step = 1; step <= kSteps; ++step) {
        set_gradients(parameters, step);
        optimizer->step();
        for (std::size_t k = 0; k < p.size(); ++k) {
          const Tensor g = parameters[k].tensor.grad().to(DType::f64);
          for (std::size_t i = 0; i < p[k].size(); ++i) {
            rule.step(p[k][i], g.data<double>()[i], kept[k][i].at, step);
          }
        }
      }
      // Each step adds at most 16 roundings of numbers below 2.
      const double bound = dtype == DType::f64 ? 1e-12 : 2 * gamma(16 * kSteps);
      for (std::size_t k = 0; k < p.size(); ++k) {
        const Tensor actual = parameters[k].tensor.to(DType::f64);
        for (std::size_t i = 0; i < p[k].size(); ++i) {
          ASSERT_NEAR(actual.data<double>()[i], p[k][i], bound);
        }
      }
    }
  }
}

TEST(Optimizers, ContinueBitForBitFromTheirState) {
  std::vector<Rule> all = rules();
  all.push_back(lars_rule());
  for (const Rule& rule : all) {
    SCOPED_TRACE(rule.name);
    const Parameters parameters = make_parameters();
    const auto optimizer = rule.make(parameters);
    const auto train = [](Optimizer& o, int first, int last) {
      for (int step = first; step < last; ++step) {
        o.set_learning_rate(0.3 / (step + 1));
        set_gradients(o.parameters(), step);
        o.step();
      }
    };
    train(*optimizer, 0, 5);
    const State saved = snapshot(*optimizer);
    Parameters copies;
    for (const auto& [name, tensor] : parameters) copies.push_back({name, leaf(tensor.clone())});
    train(*optimizer, 5, 10);

    const auto resumed = rule.make(copies);
    resumed->load_state(saved);
    EXPECT_EQ(resumed->learning_rate(), 0.3 / 5);
    train(*resumed, 5, 10);
    for (std::size_t k = 0; k < copies.size(); ++k) {
      expect_same_bits(copies[k].tensor, parameters[k].tensor);
    }
    EXPECT_EQ(snapshot(*resumed).values, snapshot(*optimizer).values);
  }
}

TEST(Optimizers, ShrinkOnlyWhatIsToDecay) {
  const auto make = [](const Parameters& ps, const std::string& rule, const Decays& decays) {
    std::unique_ptr<Optimizer> made;
    if (rule == "sgd") {
      made =
          std::make_unique<Sgd>(ps, SgdOptions{.lr = 0.1, .weight_decay = 0.5, .decays = decays});
    } else if (rule == "adam") {
      made = std::make_unique<Adam>(ps, AdamOptions{.weight_decay = 0.5, .decays = decays});
    } else if (rule == "adamw") {
      made = std::make_unique<AdamW>(ps, AdamWOptions{.weight_decay = 0.5, .decays = decays});
    } else {
      made = std::make_unique<RmsProp>(ps, RmsPropOptions{.weight_decay = 0.5, .decays = decays});
    }
    return made;
  };
  for (const std::string rule : {"sgd", "adam", "adamw", "rmsprop"}) {
    SCOPED_TRACE(rule);
    // Without a gradient of the loss, what moves a parameter is its decay.
    const auto moved = [&](const Decays& decays) {
      const Parameters parameters = make_parameters(), before = make_parameters();
      const auto optimizer = make(parameters, rule, decays);
      for (const auto& [name, tensor] : parameters) tensor.set_grad(Tensor::zeros(tensor.shape()));
      optimizer->step();
      std::vector<bool> result;
      for (std::size_t k = 0; k < parameters.size(); ++k) {
        result.push_back(parameters[k].tensor.data<float>()[0] !=
                         before[k].tensor.data<float>()[0]);
      }
      return result;
    };
    EXPECT_EQ(moved({}), (std::vector{true, true}));
    EXPECT_EQ(moved(is_weight), (std::vector{true, false})) << "a bias has one dimension";
    EXPECT_EQ(moved([](const NamedTensor& p) { return p.name == "conv1.bias"; }),
              (std::vector{false, true}));

    const Parameters parameters = make_parameters();
    const auto all = make(parameters, rule, {}), weights = make(parameters, rule, is_weight);
    EXPECT_EQ(weights->state().values.at("weight_decay.conv1.bias"), "0");
    weights->load_state(snapshot(*weights));
    EXPECT_EQ(error_of([&] { weights->load_state(all->state()); }),
              rule + ": the state has no weight_decay.conv1.bias");
    EXPECT_EQ(error_of([&] { all->load_state(weights->state()); }),
              rule + ": the state has weight_decay.conv1.bias, which has no place here");
  }
}

TEST(Optimizers, TakeTheMomentumThatIsSetAndKeepItInTheirState) {
  // Each step with another momentum, by the formulas of torch.optim; Adam's is beta1, and the
  // correction takes the beta1 of the step.
  const double momenta[] = {0.9, 0.6, 0.7};
  const Tensor p = leaf(Tensor::full({1}, 1)), q = leaf(Tensor::full({1}, 1));
  Sgd sgd({{"p", p}}, {.lr = 0.1, .momentum = 0.5});
  Adam adam({{"q", q}}, {.lr = 0.1, .beta1 = 0.5, .beta2 = 0.9, .epsilon = 0.1});
  double velocity = 0, first = 0, second = 0, expected_p = 1, expected_q = 1;
  for (int step = 1; step <= 3; ++step) {
    const double momentum = momenta[step - 1], g = 0.5 * step - 0.7;
    p.set_grad(Tensor::full({1}, static_cast<float>(g)));
    q.set_grad(Tensor::full({1}, static_cast<float>(g)));
    sgd.set_momentum(momentum);
    adam.set_momentum(momentum);
    sgd.step();
    adam.step();
    velocity = momentum * velocity + g;
    expected_p -= 0.1 * velocity;
    first = momentum * first + (1 - momentum) * g;
    second = 0.9 * second + (1 - 0.9) * g * g;
    expected_q -= 0.1 * first / (1 - std::pow(momentum, step)) /
                  (std::sqrt(second / (1 - std::pow(0.9, step))) + 0.1);
  }
  EXPECT_NEAR(p.item(), expected_p, 1e-6);
  EXPECT_NEAR(q.item(), expected_q, 1e-6);

  EXPECT_EQ(sgd.state().values.at("current_momentum"), "0.7");
  EXPECT_EQ(sgd.state().values.at("momentum"), "0.5");
  Sgd resumed({{"p", leaf(p.clone())}}, {.lr = 0.1, .momentum = 0.5});
  resumed.load_state(snapshot(sgd));
  p.set_grad(Tensor::full({1}, 0.25));
  resumed.parameters()[0].tensor.set_grad(Tensor::full({1}, 0.25));
  sgd.step();
  resumed.step();
  expect_same_bits(resumed.parameters()[0].tensor, p);
  State bad = snapshot(sgd);
  bad.values["current_momentum"] = "1";
  EXPECT_EQ(error_of([&] { resumed.load_state(bad); }), "sgd: the state's current_momentum is 1");
  EXPECT_EQ(error_of([&] {
              Sgd({{"p", p}}).load_state(sgd.state());
            }),
            "sgd: the state was saved with momentum 0.5, expected 0");
  EXPECT_EQ(error_of([&] { Sgd({{"p", p}}).set_momentum(0.5); }), "sgd: has no momentum to set");
  EXPECT_EQ(error_of([&] { sgd.set_momentum(1); }),
            "sgd: momentum must be in (0, 1) to be set, got 1");
}

TEST(Optimizers, SkipAParameterWithoutAGradient) {
  for (const Rule& rule : rules()) {
    SCOPED_TRACE(rule.name);
    const Parameters parameters = make_parameters();
    const auto optimizer = rule.make(parameters);
    set_gradients(parameters, 1);
    parameters[1].tensor.zero_grad();
    const Tensor before = parameters[1].tensor.clone();
    optimizer->step();
    expect_same_bits(parameters[1].tensor, before);
    EXPECT_EQ(optimizer->state().values.at("step.conv1.weight"), "1");
    EXPECT_EQ(optimizer->state().values.at("step.conv1.bias"), "0");
  }
}

TEST(Optimizers, ZeroGradForgetsTheGradients) {
  const Parameters parameters = make_parameters();
  const Sgd optimizer(parameters);
  set_gradients(parameters, 1);
  ASSERT_TRUE(parameters[1].tensor.grad().defined());
  optimizer.zero_grad();
  for (const auto& [name, tensor] : parameters) EXPECT_FALSE(tensor.grad().defined());
}

/// The scope of every operation.
class Scopes final : public WorkSink {
 public:
  Tally* record(const OpRun& run, const Work&) override {
    seen.insert(str(run.op, " ", run.scope.layer, " ", name(run.scope.phase)));
    return nullptr;
  }
  std::set<std::string> seen;
};

TEST(Optimizers, AccountTheirWorkToTheLayerOfTheParameter) {
  Scopes sink;
  ContextGuard guard;
  context().sink = &sink;
  const Parameters parameters{{"block1.conv2.weight", leaf(Tensor::full({2}, 1))},
                              {"bias", leaf(Tensor::full({2}, 1))}};
  set_gradients(parameters, 1);
  clip_grad_norm(parameters, 1e-3);
  Sgd(parameters).step();
  EXPECT_EQ(sink.seen,
            (std::set<std::string>{"scale  update", "scale block1.conv2 update",
                                   "sgd_update  update", "sgd_update block1.conv2 update",
                                   "squared_norm  update", "squared_norm block1.conv2 update"}));
  EXPECT_EQ(context().scope.layer, "");
  EXPECT_EQ(context().scope.phase, Phase::forward);
}

/// Counts the updates of no layer, and all.
class Updates final : public WorkSink {
 public:
  Tally* record(const OpRun& run, const Work&) override {
    ++all;
    of_no_layer += run.scope.layer.empty() && run.scope.phase == Phase::update;
    return nullptr;
  }
  int of_no_layer = 0, all = 0;
};

TEST(Optimizers, OnTheDeviceOneOperationUpdatesAllParametersOfAStep) {
  if (const std::string why = unavailable(Device::cuda); !why.empty()) GTEST_SKIP() << why;
  for (const Rule& rule : rules()) {
    SCOPED_TRACE(rule.name);
    const Parameters here = make_parameters(), there = make_parameters();
    for (const auto& [name, tensor] : there) tensor.move(Device::cuda);
    const auto on_cpu = rule.make(here), on_device = rule.make(there);
    Updates sink;
    ContextGuard guard;
    for (int step = 0; step < 3; ++step) {
      set_gradients(here, step);
      if (step == 0) here[1].tensor.zero_grad();  // from now on it is a step behind
      for (std::size_t k = 0; k < here.size(); ++k) {
        const Tensor gradient = here[k].tensor.grad();
        there[k].tensor.set_grad(gradient ? gradient.to(Device::cuda) : Tensor());
      }
      on_cpu->step();
      context().sink = &sink;
      on_device->step();
      context().sink = nullptr;
    }
    EXPECT_EQ(sink.all, 1 + 2 + 2) << "parameters at different steps are updated one by one";
    EXPECT_EQ(sink.of_no_layer, sink.all);
    for (std::size_t k = 0; k < here.size(); ++k) {
      const Tensor actual = there[k].tensor.to(Device::cpu);
      for (std::int64_t i = 0; i < actual.numel(); ++i) {
        ASSERT_NEAR(actual.data<float>()[i], here[k].tensor.data<float>()[i], 2 * gamma(3 * 16));
      }
    }
  }
}

TEST(Optimizers, RefuseAStateThatIsNotTheirsAndKeepTheirOwn) {
  const Parameters parameters = make_parameters();
  Sgd optimizer(parameters, {.momentum = 0.9});
  set_gradients(parameters, 1);
  optimizer.step();
  const State own = snapshot(optimizer);
  const auto expect_error = [&](const State& state, const std::string& message) {
    EXPECT_EQ(error_of([&] { optimizer.load_state(state); }), message);
    const State now = optimizer.state();
    EXPECT_EQ(now.values, own.values);
    for (const auto& [name, tensor] : own.tensors) expect_same_bits(now.tensors.at(name), tensor);
  };
  const auto changed = [&](const std::function<void(State&)>& change) {
    State state = snapshot(optimizer);
    for (auto& [name, tensor] : state.tensors) tensor.fill(7);
    state.values["learning_rate"] = "0.25";
    change(state);
    return state;
  };
  expect_error(Adam(parameters).state(), "sgd: the state has no momentum");
  expect_error(Sgd(parameters, {.momentum = 0.8}).state(),
               "sgd: the state was saved with momentum 0.8, expected 0.9");
  expect_error(changed([](State& s) { s.values["optimizer"] = "sgd2"; }),
               "sgd: the state was saved with optimizer sgd2, expected sgd");
  expect_error(changed([](State& s) { s.tensors.erase("velocity.conv1.bias"); }),
               "sgd: the state has no velocity.conv1.bias");
  expect_error(changed([](State& s) { s.tensors["velocity.conv2.bias"] = Tensor({1}); }),
               "sgd: the state has velocity.conv2.bias, which has no place here");
  expect_error(changed([](State& s) { s.tensors["velocity.conv1.bias"] = Tensor({4}); }),
               "sgd: the state's velocity.conv1.bias is f32 [4], expected f32 [3]");
  expect_error(changed([](State& s) { s.tensors["velocity.conv1.bias"] = Tensor(); }),
               "sgd: the state's velocity.conv1.bias is undefined");
  expect_error(changed([](State& s) { s.values["learning_rate"] = "0.1x"; }),
               "sgd: the state's learning_rate is '0.1x', not a number");
  expect_error(changed([](State& s) { s.values["learning_rate"] = "-1"; }),
               "sgd: the state's learning_rate is -1");
  expect_error(changed([](State& s) { s.values["step.conv1.weight"] = "-2"; }),
               "sgd: the state's step.conv1.weight is -2");
  expect_error(changed([](State& s) { s.values.erase("step.conv1.weight"); }),
               "sgd: the state has no step.conv1.weight");
}

TEST(Optimizers, ErrorsNameTheOptionAndItsRange) {
  const Parameters parameters = make_parameters();
  const auto sgd = [&](const SgdOptions& o) { return error_of([&] { Sgd(parameters, o); }); };
  EXPECT_EQ(sgd({.lr = -1}), "sgd: lr must be positive, got -1");
  EXPECT_EQ(sgd({.lr = std::nan("")}), "sgd: lr must be positive, got nan");
  EXPECT_EQ(sgd({.momentum = 1}), "sgd: momentum must be in [0, 1), got 1");
  EXPECT_EQ(sgd({.nesterov = true}), "sgd: nesterov needs momentum > 0");
  EXPECT_EQ(sgd({.momentum = 0.5, .dampening = -1}), "sgd: dampening must be in [0, 1], got -1");
  EXPECT_EQ(sgd({.dampening = 0.5}), "sgd: dampening needs momentum > 0");
  EXPECT_EQ(sgd({.momentum = 0.5, .nesterov = true, .dampening = 0.5}),
            "sgd: nesterov needs a dampening of 0, got 0.5");
  EXPECT_EQ(
      error_of([&] { Adam(parameters).load_state(Adam(parameters, {.amsgrad = true}).state()); }),
      "adam: the state has amsgrad, which has no place here");
  EXPECT_EQ(
      error_of([&] { Adam(parameters, {.amsgrad = true}).load_state(Adam(parameters).state()); }),
      "adam: the state has no amsgrad");
  EXPECT_EQ(sgd({.weight_decay = -1}), "sgd: weight_decay must be finite and not negative, got -1");
  EXPECT_EQ(error_of([&] { Adam(parameters, {.beta1 = 1}); }),
            "adam: beta1 must be in [0, 1), got 1");
  EXPECT_EQ(error_of([&] { AdamW(parameters, {.beta2 = -1}); }),
            "adamw: beta2 must be in [0, 1), got -1");
  EXPECT_EQ(error_of([&] { RmsProp(parameters, {.alpha = 2}); }),
            "rmsprop: alpha must be in [0, 1), got 2");
  EXPECT_EQ(error_of([&] { RmsProp(parameters, {.epsilon = -2}); }),
            "rmsprop: epsilon must be finite and not negative, got -2");
  EXPECT_EQ(error_of([&] { Sgd(parameters).set_learning_rate(-1); }),
            "sgd: lr must be finite and not negative, got -1");
  EXPECT_EQ(error_of([] { Sgd(Parameters{}); }), "sgd: there are no parameters");
  EXPECT_EQ(error_of([] { Sgd(Parameters{{"w", Tensor()}}); }), "sgd: parameter w is undefined");
  EXPECT_EQ(error_of([] {
              Sgd(Parameters{{"w", Tensor({1}, DType::i32)}});
            }),
            "sgd: parameter w must be floating-point, got i32");
  EXPECT_EQ(error_of([] {
              Sgd(Parameters{{"w", Tensor({1})}, {"w", Tensor({1})}});
            }),
            "sgd: two parameters are called w");
}

}  // namespace
}  // namespace joule

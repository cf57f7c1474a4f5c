// SPDX-License-Identifier: MIT
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "joule/core/error.h"
#include "joule/layers/functions.h"
#include "joule/optim/optimizers.h"
#include "joule/python/src/bindings.h"
#include "joule/training/config.h"
#include "joule/training/evaluate.h"
#include "joule/training/training_step.h"

namespace joule::python {
namespace {

using training::Config;
using training::Model;

/// Which parameters weight decay applies to.
Decays decays(bool biases) { return biases ? Decays() : Decays(is_weight); }

/// What one step came to.
struct StepResult {
  double loss = 0;     // mean cross-entropy, without the penalty
  double penalty = 0;  // lambda included
  double accuracy = 0;
  std::map<std::string, double> density;  // of each ReLU's output
};

/// Forward, loss, backward and update of one batch.
class Step {
 public:
  Step(Model& model, Optimizer& optimizer, Config config)
      : config_(checked(std::move(config))),
        model_(model),
        optimizer_(optimizer),
        step_(config_, model.net, {model.spec.image.h, model.spec.image.w, model.spec.channels}) {}
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  StepResult run(nb::handle images, nb::handle labels) {
    Batch batch{images_for(model_, images), as_tensor(labels, "labels")};
    const nb::gil_scoped_release unlocked;
    if (!model_.net.training()) model_.net.train();
    model_.net.zero_grad();
    const training::TrainingStep::Output out = step_.run(batch, config_.l0_lambda);
    StepResult result = result_of(out, batch.labels);
    if (!std::isfinite(result.loss) || !std::isfinite(result.penalty)) {
      model_.net.zero_grad();
      throw training::NotFiniteError(str("TrainingStep: the loss is ", result.loss,
                                         ", the penalty ", result.penalty,
                                         "; no weight has changed. Try a smaller learning rate"));
    }
    if (config_.clip_norm > 0) clip_grad_norm(model_.net.parameters(), config_.clip_norm);
    optimizer_.step();
    optimizer_.zero_grad();
    return result;
  }

  double lambda() const { return config_.l0_lambda; }
  void set_lambda(double lambda) {
    // What the zeros of each layer save was found out at the beginning, if it was to count.
    require(config_.l0_weights == "equal" || config_.l0_lambda > 0, "l0_lambda: with l0_weights='",
            config_.l0_weights, "' begin with one above 0");
    Config changed = config_;
    changed.l0_lambda = lambda;
    config_ = checked(std::move(changed));
  }

 private:
  static Config checked(Config config) {
    training::check(config);
    return config;
  }

  static StepResult result_of(const training::TrainingStep::Output& out, const Tensor& labels) {
    StepResult result{.loss = out.cross_entropy.item(),
                      .penalty = out.penalty ? out.penalty.item() : 0};
    const auto predicted = argmax(out.logits);
    const auto expected = labels.values<std::int32_t>();
    std::int64_t right = 0;
    for (std::size_t i = 0; i < predicted.size(); ++i) right += predicted[i] == expected[i];
    result.accuracy = static_cast<double>(right) / static_cast<double>(predicted.size());
    for (const auto& [layer, mask] : out.masks) {
      result.density[std::string(layer)] = static_cast<double>(mask->nonzeros()) /
                                           static_cast<double>(mask->rows() * mask->channels());
    }
    return result;
  }

  Config config_;
  Model& model_;
  Optimizer& optimizer_;
  training::TrainingStep step_;
};

/// Adam and AdamW, which take the same options and differ in what weight decay does.
template <class Rule, class Options>
void bind_adam(nb::module_& m, const char* name, const char* help, double weight_decay) {
  nb::class_<Rule, Optimizer>(m, name, help)
      .def(
          "__init__",
          [](Rule* self, Model& net, double lr, double beta1, double beta2, double epsilon,
             double decay, bool amsgrad, bool decay_biases) {
            new (self) Rule(net.net.parameters(), Options{.lr = lr,
                                                          .beta1 = beta1,
                                                          .beta2 = beta2,
                                                          .epsilon = epsilon,
                                                          .weight_decay = decay,
                                                          .amsgrad = amsgrad,
                                                          .decays = decays(decay_biases)});
          },
          nb::arg("net"), nb::kw_only(), nb::arg("lr") = 1e-3, nb::arg("beta1") = 0.9,
          nb::arg("beta2") = 0.999, nb::arg("epsilon") = 1e-8,
          nb::arg("weight_decay") = weight_decay, nb::arg("amsgrad") = false,
          nb::arg("decay_biases") = true);
}

void bind_optimizers(nb::module_& m) {
  nb::class_<Optimizer>(m, "Optimizer", "Updates a net's parameters by their gradients.")
      .def("step", &Optimizer::step, nb::call_guard<nb::gil_scoped_release>(),
           "Updates every parameter that has a gradient.")
      .def("zero_grad", &Optimizer::zero_grad, "Drops the gradients.")
      .def_prop_rw("lr", &Optimizer::learning_rate, &Optimizer::set_learning_rate);
  nb::class_<Sgd, Optimizer>(m, "Sgd", "Stochastic gradient descent.")
      .def(
          "__init__",
          [](Sgd* self, Model& net, double lr, double momentum, bool nesterov, double weight_decay,
             bool decay_biases) {
            new (self) Sgd(net.net.parameters(), {.lr = lr,
                                                  .momentum = momentum,
                                                  .nesterov = nesterov,
                                                  .weight_decay = weight_decay,
                                                  .decays = decays(decay_biases)});
          },
          nb::arg("net"), nb::kw_only(), nb::arg("lr") = 0.05, nb::arg("momentum") = 0.0,
          nb::arg("nesterov") = false, nb::arg("weight_decay") = 0.0,
          nb::arg("decay_biases") = true);
  bind_adam<Adam, AdamOptions>(m, "Adam", "Adam, with weight decay added to the gradient.", 0);
  bind_adam<AdamW, AdamWOptions>(m, "AdamW", "Adam with decoupled weight decay (arXiv:1711.05101).",
                                 1e-2);
}

}  // namespace

void bind_training(nb::module_& m) {
  bind_optimizers(m);
  m.def(
      "clip_grad_norm",
      [](Model& net, double most) { return clip_grad_norm(net.net.parameters(), most); },
      nb::arg("net"), nb::arg("max_norm"),
      "The Euclidean norm of all gradients; scales them so that it is at most max_norm.");
  nb::class_<StepResult>(m, "StepResult", "What one training step came to.")
      .def_ro("loss", &StepResult::loss, "Mean cross-entropy, without the penalty.")
      .def_ro("penalty", &StepResult::penalty, "The L0 penalty, lambda included.")
      .def_ro("accuracy", &StepResult::accuracy)
      .def_ro("density", &StepResult::density,
              "Of each ReLU, the share of its outputs that are not zero.")
      .def("__repr__", [](const StepResult& r) {
        return str("joule.StepResult(loss=", r.loss, ", penalty=", r.penalty,
                   ", accuracy=", r.accuracy, ")");
      });
  nb::class_<Step>(
      m, "TrainingStep",
      "step(images, labels): forward, cross-entropy plus L0 penalty, backward, update; "
      "zeros are skipped.")
      .def(
          "__init__",
          [](Step* self, Model& net, Optimizer& optimizer, double lambda, double sigma,
             double cutoff, const std::string& layers, const std::string& weights,
             double clip_norm) {
            Config config;
            config.l0_lambda = lambda;
            config.l0_sigma = sigma;
            config.l0_cutoff = cutoff;
            config.l0_layers = layers;
            config.l0_weights = weights;
            config.clip_norm = clip_norm;
            new (self) Step(net, optimizer, std::move(config));
          },
          nb::arg("net"), nb::arg("optimizer"), nb::kw_only(), nb::arg("l0_lambda") = 0.0,
          nb::arg("l0_sigma") = 1e-4, nb::arg("l0_cutoff") = 10.0, nb::arg("l0_layers") = "relu",
          nb::arg("l0_weights") = "equal", nb::arg("clip_norm") = 0.0, nb::keep_alive<1, 2>(),
          nb::keep_alive<1, 3>(), "The penalty's options are those of `joule train` (docs/cli.md).")
      .def("__call__", &Step::run, nb::arg("images"), nb::arg("labels"),
           "Puts the net into training mode.  Errors: NotFiniteError if loss or penalty are no "
           "numbers; then no weight has changed.")
      .def_prop_rw("l0_lambda", &Step::lambda, &Step::set_lambda);
}

}  // namespace joule::python

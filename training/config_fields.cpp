// SPDX-License-Identifier: MIT
#include "joule/training/config_fields.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "joule/core/error.h"
#include "joule/core/threads.h"
#include "joule/data/dataset.h"
#include "joule/io/nearest.h"
#include "joule/io/parse_number.h"
#include "joule/kernels/l0/l0.h"
#include "joule/models/models.h"
#include "joule/optim/state_text.h"

namespace joule::training {
namespace {

constexpr double kMostFloat = std::numeric_limits<float>::max();

FieldRange at_least(double least, std::string expected) {
  return {.least = least, .at_least = std::move(expected)};
}

FieldRange from_to(double least, double most, std::string expected) {
  return {.least = least, .most = most, .at_least = expected, .at_most = std::move(expected)};
}

FieldRange from_to_below(double least, double most, std::string expected) {
  FieldRange range = from_to(least, most, std::move(expected));
  range.open_above = true;
  return range;
}

/// From `least` to `most` as a count: either side has its own message.
FieldRange count(double least, std::int64_t most, const char* unit = "") {
  return {.least = least,
          .most = static_cast<double>(most),
          .at_least = least > 0 ? str("expected at least ", least) : "must not be negative",
          .at_most = str("expected at most ", most, unit)};
}

/// What the weights, the gradients or the loss are multiplied with.
FieldRange factor() {
  FieldRange range = at_least(0, "must not be negative");
  range.float32 = true;
  return range;
}

FieldRange positive_factor() {
  FieldRange range = at_least(0, "must be positive");
  range.open_below = true;
  range.float32 = true;
  return range;
}

// The entries, in the order of config.json.

std::vector<ConfigField> subject_fields() {
  return {
      {.name = "model",
       .member = &Config::model,
       .help = "Net",
       .choices = model_names(),
       .or_else = kSizedModelNames,
       .is_else = is_model_name},
      {.name = "net",
       .member = &Config::net,
       .help = "Net as data: a file as joule summary --save-net writes it",
       .may_be_missing = true,
       .document = true},
      {.name = "weights",
       .member = &Config::weights,
       .help = "Start from the weights of this run or model file instead of fresh ones, with its "
               "net, data set and normalisation of the images",
       .may_be_missing = true},
      {.name = "data",
       .member = &Config::data,
       .help = "Data set",
       .choices = dataset_names(),
       .or_else = "a folder"},
      {.name = "image_size",
       .member = &Config::image_size,
       .help = "Side in pixels to which images of varying size are resized; 0: 32 for gtsrb, 64 "
               "for celeba and folders of images",
       .range = count(0, kMaxImageSize, " pixels"),
       .unit = "pixels",
       .may_be_missing = true},
      {.name = "image_fit",
       .member = &Config::image_fit,
       .help = "How images are made square: crop the middle, stretch, or stretch the region of "
               "interest; auto: stretch for gtsrb, crop for the others",
       .choices = {"auto", "crop", "stretch", "region"},
       .may_be_missing = true},
      {.name = "image_cache",
       .member = &Config::image_cache,
       .help = "Memory for decoded images; images that do not fit are decoded again in every epoch",
       .range = count(0, kMaxImageCache, " MiB"),
       .unit = "MiB",
       .may_change = true,  // images are the same from memory and from their files
       .may_be_missing = true},
      {.name = "limit",
       .member = &Config::limit,
       .help = "Use only the first N training and the first N test images (before --validation "
               "splits them); 0: all",
       .range = at_least(0, "must not be negative"),
       .unit = "images"},
      {.name = "validation",
       .member = &Config::validation,
       .help = "Share of the training images held out for validation, which chooses the best epoch "
               "and drives the plateau schedule; 0: train on all, choose nothing",
       .range = from_to_below(0, 1, "expected a share from 0 to below 1")},
      {.name = "augment",
       .member = &Config::augment,
       .help = "Random augmentation of the training images",
       .choices = {"none", "flip", "crop", "crop-flip"}},
      {.name = "normalize",
       .member = &Config::normalize,
       .help = "Normalize each channel by the training images' mean and standard deviation; off: "
               "pixels from 0 to 1",
       .choices = {"on", "off"},
       .may_be_missing = true},
      {.name = "shuffle",
       .member = &Config::shuffle,
       .help = "Shuffle the training images in every epoch",
       .choices = {"on", "off"},
       .may_be_missing = true},
      {.name = "epochs",
       .member = &Config::epochs,
       .help = "Passes over the training images",
       .range = count(1, kMaxEpochs)},
      {.name = "batch",
       .member = &Config::batch,
       .help = "Images per step, of all processes together",
       .range = count(1, kMaxBatch),
       .unit = "images"},
      {.name = "slices",
       .member = &Config::slices,
       .help = "Cut each batch into so many slices, a power of two, which run one by one and whose "
               "gradients are added in a fixed order, so that the result does not depend on the "
               "number of processes; batch normalisation is per slice; 0: one slice per process",
       .range = count(0, kMaxBatch),
       .may_be_missing = true},
      {.name = "sync_batch_norm",
       .member = &Config::sync_batch_norm,
       .help = "Batch normalisation by the statistics of the whole batch, over all processes; off: "
               "of each process's part",
       .choices = {"on", "off"},
       .may_be_missing = true}};
}

std::vector<ConfigField> rule_fields() {
  // The largest momentum below 1 that is not 1 in float32 lies below this.
  constexpr double kAlmostOne = 1 - 0x1p-25;
  const std::vector<std::string> on_off{"on", "off"};
  return {
      {.name = "optimizer",
       .member = &Config::optimizer,
       .help = "Optimizer",
       .choices = {"sgd", "adam", "adamw", "rmsprop", "lars"}},
      {.name = "lr",
       .member = &Config::lr,
       .help = "Learning rate at the schedule's peak (default with adam, adamw and rmsprop 0.001, "
               "with lars 0.1; lars: of the weights)",
       .range = positive_factor()},
      {.name = "momentum",
       .member = &Config::momentum,
       .help = "Momentum of sgd (Nesterov), rmsprop and lars",
       .range = from_to_below(0, kAlmostOne, "must lie in [0, 1)")},
      {.name = "weight_decay",
       .member = &Config::weight_decay,
       .help = "L2 decay of the weights",
       .range = factor()},
      {.name = "weight_decay_biases",
       .member = &Config::weight_decay_biases,
       .help = "Apply weight decay to biases and normalisation parameters, too",
       .choices = on_off},
      {.name = "dampening",
       .member = &Config::dampening,
       .help = "Dampening of sgd's momentum; above 0, the momentum is not Nesterov's",
       .range = from_to(0, 1, "must lie in [0, 1]")},
      {.name = "beta1",
       .member = &Config::beta1,
       .help = "Decay rate of adam's and adamw's first moment",
       .range = from_to_below(0, kAlmostOne, "must lie in [0, 1)"),
       .may_be_missing = true},
      {.name = "beta2",
       .member = &Config::beta2,
       .help = "Decay rate of adam's and adamw's second moment",
       .range = from_to_below(0, kAlmostOne, "must lie in [0, 1)"),
       .may_be_missing = true},
      {.name = "epsilon",
       .member = &Config::epsilon,
       .help = "Added to the denominator of adam, adamw and rmsprop",
       .range = factor(),
       .may_be_missing = true},
      {.name = "nesterov",
       .member = &Config::nesterov,
       .help = "Nesterov momentum in sgd",
       .choices = on_off,
       .may_be_missing = true},
      {.name = "alpha",
       .member = &Config::alpha,
       .help = "Smoothing constant of rmsprop",
       .range = from_to_below(0, kAlmostOne, "must lie in [0, 1)"),
       .may_be_missing = true},
      {.name = "lr_biases",
       .member = &Config::lr_biases,
       .help = "lars: learning rate of biases and normalisation parameters; follows the schedule",
       .range = factor(),
       .may_be_missing = true},
      {.name = "trust",
       .member = &Config::trust,
       .help = "lars: trust coefficient",
       .range = positive_factor(),
       .may_be_missing = true},
      {.name = "amsgrad",
       .member = &Config::amsgrad,
       .help = "adam, adamw: divide by the largest second moment so far (AMSGrad)",
       .choices = on_off},
      {.name = "centred",
       .member = &Config::centred,
       .help = "rmsprop: divide by the gradient's standard deviation",
       .choices = on_off},
      {.name = "cycle_momentum",
       .member = &Config::cycle_momentum,
       .help =
           "one-cycle: cycle the momentum (beta1 with adam and adamw) from 0.95 to 0.85 and back",
       .choices = on_off},
      {.name = "schedule",
       .member = &Config::schedule,
       .help = "Learning-rate schedule",
       .choices = {"constant", "step", "exponential", "cosine", "one-cycle", "plateau"}},
      {.name = "lr_factor",
       .member = &Config::lr_factor,
       .help = "Decay factor of the step, exponential and plateau schedules; 0: the default, 0.1 "
               "(exponential 0.95)",
       .range = from_to_below(0, 1, "must lie in [0, 1)")},
      {.name = "warmup",
       .member = &Config::warmup,
       .help = "Epochs over which the learning rate rises linearly from 0",
       .range = count(0, kMaxEpochs, " epochs"),
       .unit = "epochs"},
      {.name = "clip_norm",
       .member = &Config::clip_norm,
       .help = "Clip the global norm of the gradients to this; 0: no clipping",
       .range = factor()}};
}

std::vector<ConfigField> penalty_fields() {
  return {{.name = "l0_lambda",
           .member = &Config::l0_lambda,
           .help = "Weight of the L0 penalty; 0: none",
           .range = factor()},
          {.name = "l0_sigma",
           .member = &Config::l0_sigma,
           .help = "Smoothing of the L0 penalty: the smaller, the closer to a count of non-zeros",
           .range = from_to(kLeastSigma, kMostSigma,
                            str("must be from ", kLeastSigma, " to ", kMostSigma))},
          {.name = "l0_cutoff",
           .member = &Config::l0_cutoff,
           .help = "Drop the penalty's derivative where |value| exceeds this many square roots of "
                   "l0_sigma, so that zero gradients stay zero; 0: exact derivative",
           .range = factor(),
           .may_be_missing = true,
           .if_missing = 0.0},
          {.name = "l0_layers",
           .member = &Config::l0_layers,
           .help = "Layers whose outputs the penalty counts",
           .choices = {"relu", "all"}},
          {.name = "l0_normalization",
           .member = &Config::l0_normalization,
           .help = "Normalization of the penalty",
           .choices = {"per-layer-mean", "per-parameter"}},
          {.name = "l0_weights",
           .member = &Config::l0_weights,
           .help = "Weight of each layer in the penalty: equal, or by the MACs that its zeros save",
           .choices = {"equal", "macs"},
           .may_be_missing = true},
          {.name = "l0_warmup",
           .member = &Config::l0_warmup,
           .help = "Epochs over which lambda rises linearly from 0",
           .range = count(0, kMaxEpochs, " epochs"),
           .unit = "epochs"}};
}

std::vector<ConfigField> target_fields() {
  return {{.name = "target_density",
           .member = &Config::target_density,
           .help = "Steer lambda towards this share of non-zero ReLU outputs; 0: off",
           .range = from_to_below(0, 1, "expected a share from 0 to below 1"),
           .may_be_missing = true},
          {.name = "target_joules",
           .member = &Config::target_joules,
           .help = "Steer lambda towards this energy per inferred image, as horowitz45 models the "
                   "executed work; 0: off",
           .range = factor(),
           .unit = "J",
           .may_be_missing = true},
          {.name = "target_accuracy_loss",
           .member = &Config::target_accuracy_loss,
           .help = "Steer lambda towards this loss of validation accuracy against --reference, in "
                   "percentage points; 0: off",
           .range = from_to_below(0, 100, "expected percentage points from 0 to below 100"),
           .unit = "%",
           .may_be_missing = true},
          {.name = "reference",
           .member = &Config::reference,
           .help = "Folder of the finished run that --target-accuracy-loss is measured against",
           .may_be_missing = true}};
}

std::vector<ConfigField> execution_fields() {
  return {{.name = "seed", .member = &Config::seed, .help = "Seed of all random numbers"},
          {.name = "threads",
           .member = &Config::threads,
           .help = "Threads; 0: one per core",
           .range = count(0, kMaxThreads)},
          {.name = "device",
           .member = &Config::device,
           .help = "Where to compute",
           .choices = {"cpu", "cuda"}},
          {.name = "precision",
           .member = &Config::precision,
           .help = "Precision of the factors: tf32 on cuda only; bf16 on the CPU for weights only; "
                   "sums are always f32",
           .choices = {"f32", "tf32", "bf16"}},
          {.name = "algorithms",
           .member = &Config::algorithms,
           .help = "Convolution algorithms allowed on the CPU, by increasing rounding error: "
                   "direct, Winograd F(2x2,3x3), also F(4x4,3x3)",
           .choices = {"direct", "winograd-2x2", "winograd"},
           .may_be_missing = true},
          {.name = "graph",
           .member = &Config::graph,
           .help = "Capture training steps on cuda into a CUDA graph; auto: where possible",
           .choices = {"auto", "on", "off"},
           .may_change = true},  // a run is the same with and without, bit for bit
          {.name = "deterministic",
           .member = &Config::deterministic,
           .help = "Bit-for-bit the same results for any number of threads"}};
}

std::vector<ConfigField> make_table() {
  std::vector<ConfigField> table;
  for (auto* const part :
       {subject_fields, rule_fields, penalty_fields, target_fields, execution_fields}) {
    std::ranges::move(part(), std::back_inserter(table));
  }
  return table;
}

void check_range(const ConfigField& field, double value, const std::string& shown) {
  const FieldRange& r = field.range;
  const bool small = !(value >= r.least) || (r.open_below && value == r.least);
  require(!small, field.name, ": ", r.at_least, ", got ", shown);
  require(value <= r.most && !(r.open_above && value == r.most), field.name, ": ", r.at_most,
          ", got ", shown);
  if (!r.float32) return;
  constexpr double kLeastFloat = std::numeric_limits<float>::min();
  require(value == 0 || (std::abs(value) >= kLeastFloat && std::abs(value) <= kMostFloat),
          field.name, ": its size must lie between ", std::numeric_limits<float>::min(), " and ",
          std::numeric_limits<float>::max(), ", got ", shown);
}

}  // namespace

FieldValue ConfigField::get(const Config& config) const {
  return std::visit([&](auto m) -> FieldValue { return config.*m; }, member);
}

void ConfigField::set(Config& config, const FieldValue& value) const {
  std::visit(
      [&](auto m) {
        using T = std::remove_cvref_t<decltype(config.*m)>;
        const T* const held = std::get_if<T>(&value);
        require(held, name, ": holds values of another type");
        config.*m = *held;
      },
      member);
}

std::string ConfigField::text(const Config& config) const {
  return std::visit(
      [&](auto m) -> std::string {
        using T = std::remove_cvref_t<decltype(config.*m)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return config.*m;
        } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, bool>) {
          return exact_text(config.*m);
        } else {
          return std::to_string(config.*m);
        }
      },
      member);
}

void ConfigField::parse(Config& config, std::string_view text) const {
  std::visit(
      [&](auto m) {
        using T = std::remove_cvref_t<decltype(config.*m)>;
        if constexpr (std::is_same_v<T, std::string>) {
          config.*m = text;
        } else if constexpr (std::is_same_v<T, bool>) {
          require(text == "true" || text == "false", name, ": expected true or false, got '", text,
                  "'");
          config.*m = text == "true";
        } else {
          config.*m = parse_number<T>(name, text);
        }
      },
      member);
}

void ConfigField::check(const Config& config) const {
  std::visit(
      [&](auto m) {
        using T = std::remove_cvref_t<decltype(config.*m)>;
        const T& value = config.*m;
        if constexpr (std::is_same_v<T, std::string>) {
          const bool may_be_else = !or_else.empty() && (!is_else || is_else(value));
          if (!choices.empty() && !may_be_else) require_one_of(name, value, choices);
        } else if constexpr (!std::is_same_v<T, bool>) {
          check_range(*this, static_cast<double>(value), str(value));
        }
      },
      member);
}

std::string ConfigField::option() const {
  std::string option = "--" + name;
  std::ranges::replace(option, '_', '-');
  return option;
}

std::string ConfigField::option_help() const {
  if (choices.empty()) return help;
  return str(help, " (", listed(choices), or_else.empty() ? "" : str(", or ", or_else), ")");
}

std::span<const ConfigField> config_fields() {
  static const std::vector<ConfigField> table = make_table();
  return table;
}

std::vector<std::string> config_field_names() {
  std::vector<std::string> names;
  for (const ConfigField& field : config_fields()) names.push_back(field.name);
  return names;
}

const ConfigField& config_field(std::string_view name) {
  const auto found = std::ranges::find(config_fields(), name, &ConfigField::name);
  if (found == config_fields().end()) {
    throw ArgumentError(str("there is no '", name, "'", did_you_mean(name, config_field_names())));
  }
  return *found;
}

}  // namespace joule::training

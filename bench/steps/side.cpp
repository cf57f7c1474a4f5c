// SPDX-License-Identifier: MIT
#include "joule/bench/steps/side.h"

#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

#include "joule/bench/statistics.h"
#include "joule/bench/steps/resident_memory.h"
#include "joule/core/backend/captured_step.h"
#include "joule/data/loader.h"
#include "joule/io/json_text.h"
#include "joule/layers/functions.h"
#include "joule/measure/open_net.h"
#include "joule/optim/optimizers.h"
#include "joule/training/config.h"
#include "joule/training/evaluate.h"

namespace joule::bench {
namespace {

using nlohmann::json;

constexpr int kBatches = 4;

struct Subject {
  nn::Net net;
  std::vector<Batch> batches;
};

Batch random_batch(const ModelSpec& spec, std::int64_t size, Generator& generator) {
  const Batch batch{Tensor({size, spec.image.h, spec.image.w, spec.channels}),
                    Tensor({size}, DType::i32)};
  generator.uniform(
      {batch.images.mutable_data<float>(), static_cast<std::size_t>(batch.images.numel())});
  std::int32_t* const labels = batch.labels.mutable_data<std::int32_t>();
  for (std::int64_t i = 0; i < size; ++i) {
    labels[i] =
        static_cast<std::int32_t>(generator.below(static_cast<std::uint64_t>(spec.classes)));
  }
  return batch;
}

std::vector<Batch> batches_of(const Dataset& data, std::int64_t size) {
  require(size <= data.size(), "--batch: ", data.name, " has ", data.size(), " images, got ", size);
  const DataLoader loader(data, {.batch = size, .drop_last = true, .workers = 0});
  std::vector<Batch> batches;
  for (const Batch& batch : loader) {
    batches.push_back(batch);
    if (std::ssize(batches) == kBatches) break;
  }
  return batches;
}

Subject subject_of(const SideOptions& o) {
  manual_seed(1);
  const bool fresh = o.weights.empty();
  training::Model model;
  std::string data = o.data.empty() && fresh ? std::string(kRandomImages) : o.data;
  if (!fresh) {
    model = measure::open_model(o.weights);
    if (data.empty()) data = model.data.empty() ? kRandomImages : model.data;
  }
  if (data == kRandomImages) {
    if (fresh) {
      model.spec = usual_spec(o.model);
      model.net = make_model(model.spec);
    }
    Generator generator(2);
    std::vector<Batch> batches;
    for (int i = 0; i < kBatches; ++i) {
      batches.push_back(random_batch(model.spec, o.batch, generator));
    }
    return {std::move(model.net), std::move(batches)};
  }
  if (!fresh) measure::require_normalization(model);
  const DataSplit split = fresh ? load_dataset(data) : model.load_data(data);
  if (fresh) model = training::make_model_for(o.model, data, split.train);
  const Dataset& images = o.train ? split.train : split.test;
  return {std::move(model.net), batches_of(images, o.batch)};
}

void move(std::vector<Batch>& batches, Device device) {
  for (Batch& batch : batches) {
    batch = {.images = batch.images.to(device), .labels = batch.labels.to(device)};
  }
}

/// A step with the number of its batch; gives a number that would show if it had gone wrong.
class Stepper {
 public:
  virtual ~Stepper() = default;
  virtual double step(std::size_t number) = 0;
  /// How it was launched, where that is a question.
  virtual std::string launched() const { return {}; }
};

class Inference final : public Stepper {
 public:
  Inference(const SideOptions& o, Subject& subject)
      : subject_(subject), slice_(o.slice > 0 ? o.slice : o.batch) {}

  double step(std::size_t number) override {
    const Tensor& images = subject_.batches[number % subject_.batches.size()].images;
    return static_cast<double>(training::predict(subject_.net, images, slice_).data<float>()[0]);
  }

 private:
  Subject& subject_;
  std::int64_t slice_;
};

class Training final : public Stepper {
 public:
  Training(const SideOptions& o, Subject& subject)
      : subject_(subject),
        // Small steps: the zeros are to stay those of the net that was given.
        optimizer_(subject.net.parameters(),
                   {.lr = 1e-5, .momentum = 0.9, .nesterov = true, .weight_decay = 5e-4}),
        on_cuda_(o.device == Device::cuda) {
    subject.net.train();
    if (!on_cuda_ || !o.graph) return;
    const Batch& first = subject.batches[0];
    fixed_ = {.images = first.images.clone(), .labels = first.labels.clone()};
    captured_.emplace(o.device, subject.net.parameters());
  }

  double step(std::size_t number) override {
    const Batch& batch = subject_.batches[number % subject_.batches.size()];
    optimizer_.zero_grad();
    Tensor loss;
    if (captured_) {
      fixed_.images.copy_from(batch.images);
      fixed_.labels.copy_from(batch.labels);
      loss = captured_->run([&] { return forward_and_backward(fixed_); });
    } else {
      loss = forward_and_backward(batch);
    }
    optimizer_.step();
    return loss.item();
  }

  std::string launched() const override {
    if (!on_cuda_) return {};
    if (!captured_) return "kernel by kernel";
    if (captured_->replays() > 0) return "as a graph";
    return str("kernel by kernel: ",
               captured_->why_not().empty() ? "too few steps for a graph" : captured_->why_not());
  }

 private:
  Tensor forward_and_backward(const Batch& batch) {
    const Tensor loss = cross_entropy(subject_.net(batch.images), batch.labels);
    loss.backward();
    return loss.detach();
  }

  Subject& subject_;
  Sgd optimizer_;
  bool on_cuda_;
  Batch fixed_;  // what a captured step reads
  std::optional<CapturedStep<Tensor>> captured_;
};

std::unique_ptr<Stepper> stepper_of(const SideOptions& o, Subject& subject) {
  if (o.train) return std::make_unique<Training>(o, subject);
  return std::make_unique<Inference>(o, subject);
}

void count(Stepper& stepper, SideResult& result) {
  energy::Ledger ledger;
  TapCollector collector({});
  {
    const energy::Recording recording(ledger);
    stepper.step(0);
  }
  std::int64_t values = 0, nonzeros = 0;
  for (const Tap& tap : collector.take()) {
    values += tap.value.numel();
    nonzeros += tap.value.nonzeros();
  }
  result.density = values ? static_cast<double>(nonzeros) / static_cast<double>(values) : 1;
  result.work = ledger.total();
}

}  // namespace

SideResult run_side(const SideOptions& o) {
  training::require_count("--batch", o.batch, training::kMaxBatch);
  require(o.slice >= 0, "--slice: must not be negative, got ", o.slice);
  training::require_count("--steps", o.steps, training::kMaxSteps);
  require(o.warmup >= 0, "--warmup: must not be negative, got ", o.warmup);
  Subject subject = subject_of(o);
  subject.net.to(o.device);
  if (o.train) move(subject.batches, o.device);
  const auto stepper = stepper_of(o, subject);
  SideResult result;
  const ContextGuard guard;
  context().skip_zeros = !o.dense;
  context().precision = o.precision;
  context().algorithms = o.algorithms;
  count(*stepper, result);
  reset_peak_resident_memory();
  reset_peak_memory(o.device);
  std::vector<double> seconds;
  for (int i = 0; i < o.warmup + o.steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const double sign = stepper->step(static_cast<std::size_t>(i));
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (!std::isfinite(sign)) throw std::runtime_error("a step gave a number that is not finite");
    if (i >= o.warmup) seconds.push_back(elapsed.count());
  }
  result.peak_bytes =
      o.device == Device::cpu ? peak_resident_memory() : memory_stats(o.device).peak;
  result.launched = stepper->launched();
  const Spread times = spread(seconds);
  result.images_per_second = static_cast<double>(o.batch) / times.median;
  result.images_per_second_best = static_cast<double>(o.batch) / times.least;
  return result;
}

bool operator==(const SideResult& a, const SideResult& b) { return to_json(a) == to_json(b); }

std::string to_json(const SideResult& r) {
  const auto& [calls, work, tally] = r.work;
  return json{{"images_per_second", r.images_per_second},
              {"images_per_second_best", r.images_per_second_best},
              {"peak_bytes", r.peak_bytes},
              {"density", r.density},
              {"launched", r.launched},
              {"work",
               {{"calls", calls},
                {"macs", work.macs},
                {"bytes_read", work.bytes_read},
                {"bytes_written", work.bytes_written},
                {"macs_skippable", tally.macs_skippable},
                {"macs_skipped", tally.macs_skipped},
                {"values_in", tally.values_in},
                {"values_in_nonzero", tally.values_in_nonzero},
                {"nanoseconds", tally.nanoseconds}}}}
             .dump() +
         "\n";
}

SideResult side_from_json(const std::string& line) {
  if (const std::string fault = fault_of_json(line); !fault.empty()) {
    throw std::runtime_error(str("expected what a side prints, got '", line, "': ", fault));
  }
  try {
    const json j = json::parse(line);
    const json& w = j.at("work");
    return {.images_per_second = j.at("images_per_second"),
            .images_per_second_best = j.at("images_per_second_best"),
            .peak_bytes = j.at("peak_bytes"),
            .density = j.at("density"),
            .work = {.calls = w.at("calls"),
                     .work = {.macs = w.at("macs"),
                              .bytes_read = w.at("bytes_read"),
                              .bytes_written = w.at("bytes_written")},
                     .tally = {.macs_skippable = w.at("macs_skippable"),
                               .macs_skipped = w.at("macs_skipped"),
                               .values_in = w.at("values_in"),
                               .values_in_nonzero = w.at("values_in_nonzero"),
                               .nanoseconds = w.at("nanoseconds")}},
            .launched = j.at("launched")};
  } catch (const json::exception& error) {
    throw std::runtime_error(str("expected what a side prints, got '", line, "': ", error.what()));
  }
}

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#include "joule/bench/loading_bench.h"

#include <chrono>
#include <functional>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/core/threads.h"
#include "joule/data/device_batches.h"
#include "joule/optim/optimizers.h"
#include "joule/training/components.h"
#include "joule/training/run/model_file.h"

namespace joule::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Training images that are normalised by nothing: what they are normalised with changes no time.
Dataset images_of(training::Config config) {
  config.image_cache = 0;
  Dataset images = training::load_data(config, false).train;
  const auto channels = static_cast<std::size_t>(images.shape[3]);
  images.mean.assign(channels, 0.5f);
  images.deviation.assign(channels, 0.25f);
  return images;
}

/// Goes through `count` batches after a first one, which starts the threads, and over the end of
/// the epoch; body(batch) is told of each.  Returns images per second.
double rate_of(DataLoader& loader, Device device, std::int64_t count,
               const std::function<void(const Batch&)>& body) {
  std::int64_t seen = -1, images = 0;
  Clock::time_point start;
  for (std::int64_t epoch = 0;; ++epoch) {
    loader.set_epoch(epoch);
    for (const Batch& batch : DeviceBatches(loader, device)) {
      body(batch);
      if (seen < 0) {
        start = Clock::now();
      } else {
        images += batch.labels.numel();
      }
      if (++seen == count) return static_cast<double>(images) / seconds_since(start);
    }
  }
}

/// A training step as the trainer takes it.
class Steps {
 public:
  Steps(const training::Config& config, const Dataset& images)
      : model_(model_of(config, images)),
        // Small steps: the zeros are to stay those of a fresh net.
        optimizer_(model_.net.parameters(),
                   {.lr = 1e-5, .momentum = 0.9, .nesterov = true, .weight_decay = 5e-4}) {
    model_.net.train();
  }

  void operator()(const Batch& batch) {
    optimizer_.zero_grad();
    const Tensor loss = cross_entropy(model_.net(batch.images), batch.labels);
    loss.backward();
    optimizer_.step();
    loss.item();  // waits for a device
  }

 private:
  static training::Model model_of(const training::Config& config, const Dataset& images) {
    training::Model model = training::make_model_for(config.model, config.data, images, config.net);
    model.net.to(training::device(config));
    return model;
  }

  training::Model model_;
  Sgd optimizer_;
};

}  // namespace

LoadingReport bench_loading(const LoadingOptions& options) {
  const training::Config& config = options.config;
  require(options.batches >= 1, "batches: expected at least 1, got ", options.batches);
  const Dataset images = images_of(config);
  const LoaderOptions loading{.batch = config.batch, .seed = config.seed, .drop_last = true};
  LoadingReport report{.image = images.image_shape()};
  for (const std::int64_t workers : options.workers) {
    require(workers >= 0 && workers <= kMaxThreads, "workers: expected 0 to ", kMaxThreads,
            ", got ", workers);
    LoaderOptions chosen = loading;
    chosen.workers = static_cast<int>(workers);
    DataLoader loader(images, chosen);
    report.loader.push_back(
        {workers, rate_of(loader, Device::cpu, options.batches, [](const Batch&) {})});
  }
  manual_seed(config.seed);
  const Device device = training::device(config);
  Steps steps(config, images);
  DataLoader loader(images, loading);
  const Batch first = [&] {
    const DeviceBatches batches(loader, device);
    return *batches.begin();
  }();
  steps(first);
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < options.batches; ++i) steps(first);
  report.steps = static_cast<double>(config.batch * options.batches) / seconds_since(start);
  report.training = rate_of(loader, device, options.batches, [&](const Batch& b) { steps(b); });
  return report;
}

}  // namespace joule::bench

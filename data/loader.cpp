// SPDX-License-Identifier: MIT
#include "joule/data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <stop_token>
#include <thread>
#include <utility>

#include "joule/core/error.h"
#include "joule/core/system/processors.h"
#include "joule/core/system/start_thread.h"

namespace joule {
namespace {

/// The others are left to what the net computes.
int workers_for(const Dataset& images) {
  return images.source ? std::clamp(usable_processors() / 2, 1, 8) : 1;
}

}  // namespace

DataLoader::DataLoader(Dataset dataset, LoaderOptions options)
    : dataset_(std::move(dataset)), options_(std::move(options)) {
  dataset_.check();
  require(options_.batch >= 1, "data loader: batch must be at least 1, got ", options_.batch);
  constexpr std::int64_t kMaxBatch = std::int64_t{1} << 32;  // sums with it do not overflow
  require(options_.batch <= kMaxBatch, "data loader: batch must be at most ", kMaxBatch, ", got ",
          options_.batch);
  require(options_.prefetch >= 1, "data loader: prefetch must be at least 1, got ",
          options_.prefetch);
  if (!options_.workers) {
    options_.workers = workers_for(dataset_);
    options_.prefetch = std::max(options_.prefetch, *options_.workers);
  }
  require(*options_.workers >= 0, "data loader: workers must not be negative, got ",
          *options_.workers);
  require(batches() >= 1, "data loader: drop_last leaves no batch: ", dataset_.size(),
          " images, batch ", options_.batch);
  const Shard& shard = options_.shard;
  require(shard.of >= 1 && shard.index >= 0 && shard.index < shard.of,
          "data loader: there is no shard ", shard.index, " of ", shard.of);
  const std::int64_t least = images_in(batches() - 1);
  require(least >= shard.of, "data loader: ", shard.of, " share each batch, and ",
          batches() > 1 ? "the last one" : "the only one", " has ", least,
          " images: expected at least one for each; choose another batch size");
}

std::int64_t DataLoader::batches() const {
  const std::int64_t round_up = options_.drop_last ? 0 : options_.batch - 1;
  return (dataset_.size() + round_up) / options_.batch;
}

std::int64_t DataLoader::images_in(std::int64_t batch) const {
  return std::min(options_.batch, dataset_.size() - batch * options_.batch);
}

void DataLoader::set_epoch(std::int64_t epoch, std::int64_t first_batch) {
  require(epoch >= 0, "data loader: the epoch must not be negative, got ", epoch);
  require(first_batch >= 0 && first_batch <= batches(),
          "data loader: the first batch must lie in 0 to ", batches(), ", got ", first_batch);
  epoch_ = epoch;
  first_batch_ = first_batch;
}

Batch DataLoader::make_batch(std::span<const std::int64_t> images) const {
  const auto count = static_cast<std::int64_t>(images.size());
  const Shape shape = dataset_.image_shape();
  const auto pixels = static_cast<std::size_t>(shape.numel());
  Batch batch{.images = Tensor({count, shape[0], shape[1], shape[2]}),
              .labels = Tensor({count}, DType::i32)};
  float* to = batch.images.mutable_data<float>();
  std::int32_t* label = batch.labels.mutable_data<std::int32_t>();
  std::vector<std::uint8_t> room = dataset_.room();
  for (const std::int64_t i : images) {
    require(i >= 0 && i < dataset_.size(), "data loader: image ", i, " of ", dataset_.size());
    if (dataset_.values) {
      std::ranges::copy(dataset_.image_values(i), to);
    } else {
      const std::uint8_t* const bytes = dataset_.image(i, room);
      for (std::size_t p = 0; p < pixels; ++p) to[p] = static_cast<float>(bytes[p]) * (1.0f / 255);
    }
    const Image image{shape[0], shape[1], shape[2], {to, pixels}};
    Generator random = image_generator(options_.seed, epoch_, i);
    for (const Transform& transform : options_.transforms) transform(image, random);
    normalize(image, dataset_.mean, dataset_.deviation);
    *label++ = dataset_.labels[static_cast<std::size_t>(i)];
    to += pixels;
  }
  return batch;
}

/// The workers take the batches in turn; the consumer waits for the one that is due.
class DataLoader::Iterator::Pass {
 public:
  explicit Pass(const DataLoader& loader)
      : loader_(loader),
        next_made_(loader.first_batch_),
        next_taken_(loader.first_batch_),
        last_(loader.batches()) {
    const std::int64_t images = loader.dataset_.size();
    if (loader.options_.shuffle) {
      order_ = shuffled_order(loader.options_.seed, loader.epoch_, images);
    } else {
      order_.resize(static_cast<std::size_t>(images));
      std::iota(order_.begin(), order_.end(), std::int64_t{0});
    }
    for (int i = 0; i < *loader.options_.workers; ++i) {
      workers_.push_back(
          start_thread("prepares batches", [this](const std::stop_token& stop) { work(stop); }));
    }
  }

  /// The batch that is due; one of undefined tensors after the last.
  Batch next() {
    if (next_taken_ == last_) return {};
    if (workers_.empty()) return make(next_taken_++);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return made_.contains(next_taken_); });
    Made made = std::move(made_.extract(next_taken_).mapped());
    ++next_taken_;
    changed_.notify_all();
    if (made.error) std::rethrow_exception(made.error);
    return std::move(made.batch);
  }

 private:
  struct Made {
    Batch batch;
    std::exception_ptr error;
  };

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto may_go_on = [this] {
      return next_made_ == last_ || next_made_ < next_taken_ + loader_.options_.prefetch;
    };
    while (changed_.wait(lock, stop, may_go_on) && !stop.stop_requested() && next_made_ < last_) {
      const std::int64_t number = next_made_++;
      lock.unlock();
      Made made;
      try {
        made.batch = make(number);
      } catch (...) {
        made.error = std::current_exception();
      }
      lock.lock();
      made_.emplace(number, std::move(made));
      changed_.notify_all();
    }
  }

  Batch make(std::int64_t number) const {
    const Shard& shard = loader_.options_.shard;
    const std::int64_t images = loader_.images_in(number);
    const std::int64_t begin = number * loader_.options_.batch + shard.first(images);
    return loader_.make_batch(std::span(order_).subspan(begin, shard.count(images)));
  }

  const DataLoader& loader_;
  std::vector<std::int64_t> order_;
  std::mutex mutex_;  // guards what follows, up to the workers
  std::condition_variable_any changed_;
  std::map<std::int64_t, Made> made_;
  std::int64_t next_made_, next_taken_;
  const std::int64_t last_;
  std::vector<std::jthread> workers_;  // destroyed first: asked to stop, and joined
};

DataLoader::Iterator::Iterator(const DataLoader& loader)
    : pass_(std::make_unique<Pass>(loader)), batch_(pass_->next()) {}
DataLoader::Iterator::Iterator(Iterator&&) noexcept = default;
DataLoader::Iterator& DataLoader::Iterator::operator=(Iterator&&) noexcept = default;
DataLoader::Iterator::~Iterator() = default;

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  batch_ = {};  // its memory is free for the batch that is being made
  batch_ = pass_->next();
  return *this;
}

}  // namespace joule

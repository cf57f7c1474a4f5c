// SPDX-License-Identifier: MIT
#include "joule/training/parallel/shared_step.h"

#include <bit>

#include "joule/core/backend/read_back.h"
#include "joule/core/batch_share.h"
#include "joule/core/error.h"
#include "joule/core/random.h"

namespace joule::training {
namespace {

bool power_of_two(std::int64_t n) { return std::has_single_bit(static_cast<std::uint64_t>(n)); }

std::int64_t count_correct(const Tensor& logits, const Tensor& labels) {
  const auto expected = labels.values<std::int32_t>();
  const std::vector<std::int32_t> predicted = argmax(logits);
  std::int64_t correct = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) correct += predicted[i] == expected[i];
  return correct;
}

/// Everything is queued: only now does the host wait for what the device has computed.
StepSums read_slice(const TrainingStep::Output& out, const Tensor& slice_labels) {
  ReadBack read(out.logits.device());
  const Tensor cross_entropy = read.add(out.cross_entropy), logits = read.add(out.logits);
  const Tensor labels = read.add(slice_labels);
  const Tensor penalty = out.penalty ? read.add(out.penalty) : Tensor();
  std::vector<const std::int64_t*> counts;
  StepSums sums;
  for (const auto& [layer, mask] : out.masks) {
    counts.push_back(&read.add(*mask));
    sums.relu_outputs += mask->rows() * mask->channels();
  }
  read.wait();
  sums.images = labels.numel();
  const auto images = static_cast<double>(sums.images);
  sums.loss = cross_entropy.item() * images;
  sums.penalty = penalty ? penalty.item() * images : 0;
  sums.correct = count_correct(logits, labels);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sums.nonzeros.emplace_back(out.masks[i].layer, *counts[i]);
  }
  return sums;
}

}  // namespace

Sums& Sums::operator+=(const Sums& o) {
  loss += o.loss;
  penalty += o.penalty;
  images += o.images;
  correct += o.correct;
  seconds += o.seconds;
  return *this;
}

Division division_of(const Config& config, const parallel::Communicator& ranks) {
  const std::int64_t size = ranks.size();
  Division division{.slices = config.slices > 0 ? config.slices : size};
  if (config.slices > 0) {
    require(size <= division.slices && power_of_two(size), "slices: ", size,
            " processes cannot have the same number of ", division.slices,
            " slices: expected a power of two of processes, up to that");
    division.order = parallel::Order::tree;
  } else {
    require(size == 1 || !config.deterministic, "deterministic: the bits of ", size,
            " processes depend on their number unless slices is given: a power of two that they "
            "divide, the same for any number of them");
  }
  division.per_rank = division.slices / size;
  require(!division.divided() || device(config) == Device::cpu, "device: a batch is divided into ",
          division.slices, " slices on the CPU alone, got ", config.device);
  require(config.sync_batch_norm == "off" || division.per_rank == 1,
          "sync_batch_norm: needs all slices at the same time, but each of ", size,
          size == 1 ? " process" : " processes", " would run ", division.per_rank,
          " of them one after another");
  return division;
}

SharedStep::SharedStep(const Config& config, nn::Net& net, const Shape& image,
                       parallel::Communicator& ranks)
    : config_(config),
      ranks_(ranks),
      division_(division_of(config, ranks)),
      step_(config, net, image) {
  if (!division_.divided()) return;
  // With synchronised statistics, the running ones are the same everywhere.
  sum_.emplace(ranks, net.parameters(),
               config.sync_batch_norm == "on" ? std::vector<NamedTensor>() : net.buffers(),
               division_.order);
}

void SharedStep::require_images(std::int64_t images) const {
  require(images >= division_.slices, "batch: the smallest of an epoch has ", images,
          " images, and is divided into ", division_.slices,
          " slices: expected at least one image for each; choose another batch size");
}

Shard SharedStep::slice(std::size_t i) const {
  return {.index = ranks_.rank() * division_.per_rank + static_cast<std::int64_t>(i),
          .of = division_.slices};
}

std::vector<TrainingStep::Output> SharedStep::run(const Batch& batch, std::int64_t images,
                                                  double lambda) {
  std::vector<TrainingStep::Output> outputs;
  if (!sum_) {
    outputs.push_back(step_.run(batch, lambda));
    return outputs;
  }
  std::vector<float> weights;
  for (std::int64_t i = 0; i < division_.per_rank; ++i) {
    weights.push_back(static_cast<float>(slice(static_cast<std::size_t>(i)).count(images)) /
                      static_cast<float>(images));
  }
  const RandomState random = default_generator().state();
  sum_->sum(weights, [&](std::size_t i) {
    default_generator().set_state(random);  // each slice draws for the whole batch
    const Shard part = slice(i);
    const std::int64_t from = part.first(images) - slice(0).first(images);
    BatchShare share{
        .first = part.first(images), .count = part.count(images), .all = images, .gather = {}};
    if (config_.sync_batch_norm == "on") {
      share.gather = [this](std::span<const double> mine) { return ranks_.gather(mine); };
    }
    const SharedBatch shared(std::move(share));
    outputs.push_back(step_.run({.images = batch.images.slice(from, part.count(images)),
                                 .labels = batch.labels.slice(from, part.count(images))},
                                lambda, weights[i]));
  });
  return outputs;
}

StepSums SharedStep::read(const std::vector<TrainingStep::Output>& slices, const Tensor& labels) {
  if (!sum_) return read_slice(slices.front(), labels);
  std::vector<StepSums> mine;
  std::int64_t from = 0;
  for (const TrainingStep::Output& slice : slices) {
    const std::int64_t count = slice.logits.dim(0);
    mine.push_back(read_slice(slice, labels.slice(from, count)));
    from += count;
  }
  return over_all(mine);
}

StepSums SharedStep::over_all(const std::vector<StepSums>& mine) const {
  std::vector<double> numbers;  // the counts are exact
  for (const StepSums& slice : mine) {
    numbers.insert(numbers.end(),
                   {slice.loss, slice.penalty, static_cast<double>(slice.images),
                    static_cast<double>(slice.correct), static_cast<double>(slice.relu_outputs)});
    for (const auto& [layer, count] : slice.nonzeros) {
      numbers.push_back(static_cast<double>(count));
    }
  }
  const std::vector<double> all = ranks_.gather(numbers);
  StepSums sums;
  for (const auto& [layer, count] : mine.front().nonzeros) sums.nonzeros.emplace_back(layer, 0);
  const auto count = [](double number) { return static_cast<std::int64_t>(number); };
  for (auto at = all.begin(); at != all.end();) {
    sums.loss += *at++;
    sums.penalty += *at++;
    sums.images += count(*at++);
    sums.correct += count(*at++);
    sums.relu_outputs += count(*at++);
    for (auto& [layer, nonzeros] : sums.nonzeros) nonzeros += count(*at++);
  }
  return sums;
}

}  // namespace joule::training

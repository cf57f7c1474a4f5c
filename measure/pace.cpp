// SPDX-License-Identifier: MIT
#include "joule/measure/pace.h"

#include <algorithm>
#include <chrono>

#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/energy/ledger.h"
#include "joule/training/evaluate.h"

namespace joule::measure {
namespace {

constexpr int kWarmUp = 2;

double seconds_per_image(nn::Module& net, const Tensor& images, bool skip_zeros) {
  const ContextGuard guard;
  context().skip_zeros = skip_zeros;
  const auto begin = std::chrono::steady_clock::now();
  training::predict(net, images);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  return taken.count() / static_cast<double>(images.dim(0));
}

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Adds what the operations took, by layer, to the member `way` of `layers`.
void add_times(std::vector<LayerPace>& layers, const energy::Ledger& ledger, double LayerPace::*way,
               double passes_of_one_image) {
  for (const energy::Ledger::Line& line : ledger.lines()) {
    const std::string layer(line.run.scope.layer);
    auto found = std::ranges::find(layers, layer, &LayerPace::layer);
    if (found == layers.end()) found = layers.insert(found, {.layer = layer});
    (*found).*way += 1e-9 * static_cast<double>(line.tally.nanoseconds) / passes_of_one_image;
  }
}

std::optional<std::vector<LayerPace>> layer_paces(nn::Module& net, const Tensor& images, int rounds,
                                                  const std::function<bool()>& stop) {
  energy::Ledger skipping, dense;
  for (int round = 0; round < rounds; ++round) {
    if (stop && stop()) return std::nullopt;
    for (energy::Ledger* const ledger : {&skipping, &dense}) {
      const energy::Recording recording(*ledger);
      seconds_per_image(net, images, ledger == &skipping);
    }
  }
  std::vector<LayerPace> layers;
  const double images_run = static_cast<double>(rounds) * static_cast<double>(images.dim(0));
  add_times(layers, skipping, &LayerPace::skipping, images_run);
  add_times(layers, dense, &LayerPace::dense, images_run);
  return layers;
}

}  // namespace

std::optional<InferencePace> inference_pace(nn::Module& net, const Tensor& images, int rounds,
                                            std::uint64_t seed, const std::function<bool()>& stop) {
  require(rounds >= 1, "rounds: expected at least 1, got ", rounds);
  Generator generator(seed);
  InferencePace pace;
  for (int round = -kWarmUp; round < rounds; ++round) {
    if (stop && stop()) return std::nullopt;
    const bool dense_first = generator.below(2) == 0;
    const double first = seconds_per_image(net, images, !dense_first);
    const double second = seconds_per_image(net, images, dense_first);
    if (round < 0) continue;
    pace.dense.seconds.push_back(dense_first ? first : second);
    pace.skipping.seconds.push_back(dense_first ? second : first);
    pace.ratios.push_back(pace.dense.seconds.back() / pace.skipping.seconds.back());
  }
  auto layers = layer_paces(net, images, rounds / 3 + 1, stop);
  if (!layers) return std::nullopt;
  pace.layers = std::move(*layers);
  pace.dense.median = median_of(pace.dense.seconds);
  pace.skipping.median = median_of(pace.skipping.seconds);
  return pace;
}

}  // namespace joule::measure

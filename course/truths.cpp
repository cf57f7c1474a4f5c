// SPDX-License-Identifier: MIT
#include "joule/course/truths.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/core/tensor.h"
#include "joule/data/loader.h"
#include "joule/data/synthetic.h"
#include "joule/energy/ledger.h"
#include "joule/energy/measurement.h"
#include "joule/energy/meters/replay.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/window.h"
#include "joule/layers/containers.h"
#include "joule/layers/modules.h"
#include "joule/search/front/front.h"
#include "joule/training/energy/asic_counts.h"

namespace joule::course::truth {
namespace {

/// What the ledger says of one pass of `images` of the layer.
energy::Totals recorded(nn::Module&& layer, const Shape& images) {
  const NoGrad inference;
  energy::Ledger ledger;
  {
    const energy::Recording recording(ledger);
    layer(Tensor::zeros(images));
  }
  return ledger.total();
}

double number(std::int64_t count) { return static_cast<double>(count); }

/// The loss of lesson 2's questions, (3 w - 6)^2.
struct Parabola {
  Tensor w = Tensor::full({1, 1}, 1).set_requires_grad();
  /// d loss / d w where w is `at`.
  double gradient(float at) const {
    w.zero_grad();
    w.fill(at);
    mse_loss(linear(Tensor::full({1, 1}, 3), w), Tensor::full({1, 1}, 6)).backward();
    return w.grad().item();
  }
};

/// The accelerator's counts of one pass of one image.
energy::AsicCounts asic_counts(nn::Module&& net, const Shape& images) {
  energy::Ledger ledger;
  return training::total(training::count_pass(net, Tensor::full(images, 1), {}, ledger));
}

energy::AsicCounts counts_of_linear() {
  return asic_counts(nn::Sequential(nn::Linear(100, 10)), {1, 100});
}

}  // namespace

Value macs_without_padding() {
  return recorded(nn::Conv2d({.in = 1, .out = 16, .kernel = 3}), {1, 28, 28, 1}).work.macs;
}
Value macs_with_padding() {
  return recorded(nn::Conv2d({.in = 1, .out = 16, .kernel = 3, .padding = 1}), {1, 28, 28, 1})
      .work.macs;
}
Value bytes_of_linear() { return nn::Linear(784, 10).parameter_count() * 4; }

Value gradient_by_tape() { return Parabola().gradient(1); }
Value weight_after_step() { return 1 - 0.05 * Parabola().gradient(1); }
Value largest_rate() {
  const Parabola parabola;  // its gradient is a line, so its slope is the same everywhere
  return 2 / (parabola.gradient(2) - parabola.gradient(1));
}

Value loss_of_guessing() {
  return cross_entropy(Tensor::zeros({1, 10}), Tensor::from(std::vector<std::int32_t>{0}, {1}))
      .item();
}
Value steps_of_an_epoch() {
  const DataSplit data = make_synthetic({.train = 5400, .test = 1, .size = 1});
  return DataLoader(data.train, {.batch = 128}).batches();
}
Value interval_of_accuracy() { return 100 * 1.96 * std::sqrt(0.85 * 0.15 / 1000); }

Value intensity_of_convolution() {
  const Work work =
      recorded(nn::Conv2d({.in = 16, .out = 32, .kernel = 3, .padding = 1}), {1, 14, 14, 16}).work;
  return number(work.macs) / number(work.bytes_read + work.bytes_written);
}
Value bend_of_the_roof() { return 50e9 / 10e9; }
Value macs_of_a_byte() {
  const energy::CostModel& model = energy::horowitz45();
  return model.per_byte.energy / model.per_mac.energy;
}

Value macs_of_skipping() {
  const Tensor x = Tensor::zeros({1, 1000});
  std::fill_n(x.mutable_data<float>(), 250, 1.0f);
  const NoGrad inference;
  energy::Ledger ledger;
  {
    const energy::Recording recording(ledger);
    linear(x, Tensor::full({256, 1000}, 1));
  }
  return ledger.total().work.macs - ledger.total().tally.macs_skippable;
}
Value break_even() { return 100 * (0.1 * 256'000 - 400) / (0.13 * 256'000); }
Value macs_skipped_by_masking() { return std::int64_t{0}; }

Value smooth_l0_of_values() {
  const Tensor x = Tensor::from(std::vector{0.0f, 0.01f, 0.1f, 1.0f}, {4});
  return relu_with_l0(x, 1e-4f).l0_sum.item();
}
Value slope_of_smooth_l0() {
  Tensor x = Tensor::full({1}, 0.01f).set_requires_grad();
  relu_with_l0(x, 1e-4f).l0_sum.backward();
  return x.grad().item();
}
Value nets_on_the_front() {
  using search::Direction;
  const search::Objectives nets({Direction::maximise, Direction::minimise},
                                {{91.8, 11.0}, {91.2, 5.4}, {91.0, 6.6}, {89.7, 2.5}, {89.4, 2.9}});
  std::string letters;
  for (const std::size_t net : search::front(nets)) letters += static_cast<char>('A' + net);
  std::ranges::sort(letters);
  return letters;
}

Value worst_energy_of_linear() {
  return 1e9 * energy::asic_models()[0].worst(counts_of_linear()).value().value();
}
Value share_of_arithmetic() {
  const energy::EnergyParts worst = energy::asic_models()[0].energy(counts_of_linear()).worst;
  return 100 * (worst.compute / worst.total());
}
Value overcount_of_depthwise() {
  const nn::Conv2dOptions layer{.in = 64, .out = 64, .kernel = 3, .padding = 1, .groups = 64};
  const Shape images{1, 16, 16, 64};
  return number(asic_counts(nn::Sequential(nn::Conv2d(layer)), images).operations) /
         number(recorded(nn::Conv2d(layer), images).work.macs);
}

Value dynamic_energy() {
  const auto meter = energy::replay_meter(
      R"({"joule_trace":1,"meter":"rapl","scope":"package 0","joules_per_tick":1e-06,"systematic":0}
{"ns":10000000000,"ticks":5000000}
{"ns":12000000000,"ticks":21000000})",
      "the recording of lesson 8");
  energy::Window window(*meter);
  const energy::Interval interval = window.close();
  return energy::measure(meter->info(), interval, energy::stated_idle_power(energy::Watts(3)))
      .dynamic.value()
      .value();
}
Value doubt_of_the_edges() { return 0.1 * 8; }
Value seconds_until_the_wrap() { return std::exp2(32) * std::exp2(-14) / 40; }

Value inferences_until_it_pays() { return std::int64_t{20 * 30 * 1000 / 2}; }
Value share_of_halving() {
  int epochs = 0;
  for (int nets = 8, more = 1; nets > 0; nets /= 2) {
    epochs += nets * more;
    if (nets < 8) more *= 2;
  }
  return 100 * epochs / (8 * 8.0);
}
Value draws_until_a_good_one() {
  return static_cast<std::int64_t>(std::ceil(std::log(0.05) / std::log(0.95)));
}

}  // namespace joule::course::truth

// SPDX-License-Identifier: MIT
#include "joule/measure/profile_run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "joule/core/backend/memory.h"
#include "joule/core/context.h"
#include "joule/core/random.h"
#include "joule/data/loader.h"
#include "joule/energy/window.h"
#include "joule/layers/functions.h"
#include "joule/layers/graph/executor.h"
#include "joule/training/components.h"
#include "joule/training/inference.h"

namespace joule::measure {
namespace {

Batch synthetic_batch(const ModelSpec& spec, std::int64_t n) {
  Batch batch{Tensor({n, spec.image.h, spec.image.w, spec.channels}), Tensor({n}, DType::i32)};
  default_generator().normal(
      {batch.images.mutable_data<float>(), static_cast<std::size_t>(batch.images.numel())});
  auto* const labels = batch.labels.mutable_data<std::int32_t>();
  for (std::int64_t i = 0; i < n; ++i) labels[i] = static_cast<std::int32_t>(i % spec.classes);
  return batch;
}

/// As many as the steps need, or as there are.
std::vector<Batch> make_batches(const Subject& subject, const ProfilePlan& plan) {
  if (!subject.images) return {synthetic_batch(subject.model.spec, plan.batch)};
  const DataLoader loader(*subject.images, {.batch = plan.batch, .shuffle = false});
  std::vector<Batch> batches;
  for (const Batch& batch : loader) {
    batches.push_back(batch);
    if (std::ssize(batches) == plan.steps || plan.mode == ProfileMode::layers) break;
  }
  return batches;
}

/// Something to be run and measured by itself.
using Body = std::function<void()>;

/// The meter whose energy is shared out, and those beside it.
struct Metered {
  energy::Meter& meter;
  std::span<energy::Meter* const> beside;
};

/// Runs bodies between the laps of one window.
class Pieces {
 public:
  Pieces(const Metered& metered, energy::Edges edges, energy::OpTrace* trace)
      : trace_(trace), beside_(windows(metered.beside)), window_(metered.meter, edges) {}

  void run(const Body& body) {
    energy::Ledger ledger;
    {
      const ContextGuard guard;
      context().sink = trace_ ? static_cast<WorkSink*>(trace_) : &ledger;
      body();
    }
    if (trace_) trace_->flush(ledger);
    ledger_.merge(ledger);
    pieces_.push_back({window_.lap(), ledger.lines()});
  }
  ProfileRun finish() && {
    std::vector<energy::Interval> beside;
    for (const auto& window : beside_) beside.push_back(window->close());
    return {ledger_.lines(), window_.so_far(), std::move(pieces_), std::move(beside), {}};
  }

 private:
  using Windows = std::vector<std::unique_ptr<energy::Window>>;
  static Windows windows(std::span<energy::Meter* const> meters) {
    Windows windows;
    for (energy::Meter* const meter : meters) {
      windows.push_back(std::make_unique<energy::Window>(*meter));
    }
    return windows;
  }

  energy::OpTrace* trace_;
  energy::Ledger ledger_;
  std::vector<energy::Piece> pieces_;
  Windows beside_;
  energy::Window window_;  // last: it begins when all else is there
};

/// The bodies of the plan, in order; `warm_up` is run before.
std::optional<ProfileRun> run_bodies(const std::vector<Body>& bodies, const Body& warm_up,
                                     const ProfilePlan& plan, const Metered& meter,
                                     energy::OpTrace* trace) {
  for (std::int64_t i = 0; i < plan.warmup; ++i) {
    if (plan.stop && plan.stop()) return {};
    warm_up();
  }
  // What ran before may have drawn much more than this layer, and an edge would give it some of
  // that; steps are all alike, and long.
  const bool layers = plan.mode == ProfileMode::layers;
  Pieces pieces(meter, layers ? energy::Edges::aligned : energy::Edges::immediate, trace);
  for (const Body& body : bodies) {
    if (plan.stop && plan.stop()) return {};
    pieces.run(body);
  }
  return std::move(pieces).finish();
}

std::optional<ProfileRun> run_steps(const std::vector<Batch>& batches, const ProfilePlan& plan,
                                    const std::function<void(const Batch&)>& step,
                                    const Metered& meter, energy::OpTrace* trace) {
  std::vector<Body> bodies;
  for (std::int64_t i = 0; i < plan.steps; ++i) {
    const Batch& batch = batches[static_cast<std::size_t>(i % std::ssize(batches))];
    bodies.emplace_back([&step, &batch] { step(batch); });
  }
  return run_bodies(
      bodies, [&] { step(batches.front()); }, plan, meter, trace);
}

std::optional<ProfileRun> run_layers(nn::Module& net, const Tensor& images, const ProfilePlan& plan,
                                     const Metered& meter, energy::OpTrace* trace) {
  const nn::GraphExecutor layers(nn::GraphBuilder::build(net));
  std::vector<Body> once, pieces;
  Tensor x = images;
  for (std::size_t first = 0, last = 1; first < layers.nodes(); first = last, ++last) {
    while (!layers.is_cut(last)) ++last;
    once.emplace_back([&layers, first, last, x] { layers.run(first, last, x); });
    x = layers.run(first, last, x);
  }
  for (std::int64_t calls = plan.steps; calls <= kRounds * plan.steps; calls += plan.steps) {
    for (const Body& layer : once) {
      pieces.emplace_back([layer, calls] {
        for (std::int64_t i = 0; i < calls; ++i) layer();
      });
    }
  }
  const Body all_once = [&] { std::ranges::for_each(once, [](const Body& body) { body(); }); };
  std::optional<ProfileRun> run = run_bodies(pieces, all_once, plan, meter, trace);
  if (!run || !plan.loops) return run;
  auto looped = run_loops(once, plan.loops(), meter.meter);
  if (!looped) return {};
  run->looped = std::move(*looped);
  return run;
}

/// What a forward pass leaves for its backward pass.  Weights that are packed once per update are
/// not in it: the pass before has packed them.
std::int64_t kept_bytes(nn::Module& net, const Batch& batch) {
  const auto forward = [&] { return cross_entropy(net(batch.images), batch.labels); };
  forward();
  const std::int64_t before = memory_stats(net.device()).in_use;
  const Tensor loss = forward();
  return memory_stats(net.device()).in_use - before;
}

}  // namespace

std::string_view name_of(ProfileMode mode) {
  switch (mode) {
    case ProfileMode::training:
      return "training";
    case ProfileMode::layers:
      return "layers";
    case ProfileMode::forward:
      break;
  }
  return "forward";
}

std::string ran_text(ProfileMode mode, bool loops, std::int64_t steps, std::int64_t batch) {
  return str(name_of(mode), loops ? " and loops" : "", ", ", steps, " steps of ", batch, " images");
}

void require_as_recorded(const energy::MeterInfo& meter, const std::string& selection,
                         const std::string& runs) {
  require(meter.ran.empty() || meter.ran == runs, "meter ", selection, ": when it was recorded, '",
          meter.ran, "' was run, and these options run '", runs, "'; say the same ones as then");
}

std::optional<ProfileRun> run_profile(Subject& subject, const ProfilePlan& plan,
                                      energy::Meter& meter, std::span<energy::Meter* const> beside,
                                      energy::OpTrace* trace) {
  const Metered metered{meter, beside};
  nn::Module& net = subject.model.net;
  std::vector<Batch> batches = make_batches(subject, plan);
  for (Batch& batch : batches) {
    batch = {.images = batch.images.to(net.device()), .labels = batch.labels.to(net.device())};
  }
  if (plan.mode == ProfileMode::training) {
    net.train();
    const auto optimizer = training::make_optimizer(plan.config, net.parameters());
    const std::int64_t kept = kept_bytes(net, batches.front());
    auto run = run_steps(
        batches, plan,
        [&](const Batch& batch) {
          cross_entropy(net(batch.images), batch.labels).backward();
          optimizer->step();
          optimizer->zero_grad();
        },
        metered, trace);
    if (run) run->kept_bytes = kept;
    return run;
  }
  const training::Inference inference(net);
  if (plan.mode == ProfileMode::layers) {
    return run_layers(net, batches.front().images, plan, metered, trace);
  }
  return run_steps(
      batches, plan, [&](const Batch& batch) { net(batch.images); }, metered, trace);
}

}  // namespace joule::measure

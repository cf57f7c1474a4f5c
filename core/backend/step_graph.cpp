// SPDX-License-Identifier: MIT
#include "joule/core/backend/step_graph.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"

namespace joule {

/// Records each operation by itself.
class WorkLog final : public WorkSink {
 public:
  struct Entry {
    OpRun run;
    Work work;
    Tally tally;
  };

  ~WorkLog() override {
    try {
      settle_tallies();
    } catch (const DeviceError&) {  // nobody is left who could read the counts
    }
  }
  Tally* record(const OpRun& run, const Work& nominal) override {
    entries_.push_back({run, nominal, {}});
    return &entries_.back().tally;
  }
  std::deque<Entry>& entries() { return entries_; }

 private:
  std::deque<Entry> entries_;  // which do not move
};

/// Notes which operations run, for another sink.
class OperationLog final : public WorkSink {
 public:
  OperationLog(std::vector<OpRun>& runs, WorkSink& sink) : runs_(runs), sink_(sink) {}
  Tally* record(const OpRun& run, const Work& nominal) override {
    runs_.push_back(run);
    return sink_.record(run, nominal);
  }

 private:
  std::vector<OpRun>& runs_;
  WorkSink& sink_;
};

bool StepGraph::Settings::operator==(const Settings& other) const {
  const Context &x = context, &y = other.context;
  return seed == other.seed && (x.sink == nullptr) == (y.sink == nullptr) && x.force == y.force &&
         x.deterministic == y.deterministic && x.skip_zeros == y.skip_zeros &&
         x.precision == y.precision && x.algorithms == y.algorithms &&
         x.grad_enabled == y.grad_enabled;
}

StepGraph::StepGraph(Device device)
    : device_(device),
      why_not_(device == Device::cpu ? "on the CPU there is nothing to capture" : "") {}

StepGraph::~StepGraph() = default;

void StepGraph::reset() {
  graph_ = nullptr;
  log_ = nullptr;
  runs_ = 0;
}

StepGraph::Ran StepGraph::run(const std::function<void()>& work) {
  if (!why_not_.empty()) {
    work();
    return Ran::eagerly;
  }
  const Settings now{context(), default_generator().state().seed};
  if (runs_ > 0 && now != settings_) reset();
  settings_ = now;
  if (runs_++ < kWarmUp) {
    run_eagerly(work);
    return Ran::eagerly;
  }
  if (graph_) {
    launch();
    ++replays_;
    return Ran::replayed;
  }
  capture(work);
  launch();
  return Ran::captured;
}

void StepGraph::run_eagerly(const std::function<void()>& work) {
  const std::int64_t before = backend(device_).waits();
  operations_.clear();
  if (WorkSink* const sink = context().sink) {
    OperationLog log(operations_, *sink);
    const ContextGuard guard;
    context().sink = &log;
    work();
  } else {
    work();
  }
  if (backend(device_).waits() != before) {
    reset();
    why_not_ = "the step waits for values of the device";
  }
}

void StepGraph::capture(const std::function<void()>& work) {
  auto log = std::make_unique<WorkLog>();
  random_ = default_generator().state();
  const auto captured = [&] {
    ContextGuard guard;
    if (context().sink) context().sink = log.get();
    work();
  };
  auto graph = backend(device_).capture(operations_.size(), captured);
  require_same_operations(*log);
  counters_ = default_generator().state().next - random_.next;
  default_generator().set_state(random_);  // launch() draws them
  log_ = std::move(log);
  graph_ = std::move(graph);
  launches_ = 0;
}

void StepGraph::require_same_operations(WorkLog& log) const {
  const auto same = [](const WorkLog::Entry& entry, const OpRun& before) {
    return entry.run.op == before.op && entry.run.implementation == before.implementation &&
           entry.run.scope.layer == before.scope.layer;
  };
  const auto [now, before] = std::ranges::mismatch(log.entries(), operations_, same);
  const auto text = [](const OpRun& run) {
    return str(run.op, " by ", run.implementation, " in ", run.scope.layer);
  };
  require(now == log.entries().end() && before == operations_.end(),
          "captured step: a step must be the same each time, but operation ",
          now - log.entries().begin() + 1, " was ",
          before == operations_.end() ? "none" : text(*before), " and is ",
          now == log.entries().end() ? "none" : text(now->run));
}

void StepGraph::launch() {
  const RandomState drawn = default_generator().reserve(counters_);
  const std::uint64_t shift = drawn.next - random_.next;
  std::vector<TallyMove> moves;
  for (auto& [run, nominal, tally] : log_->entries()) {
    moves.push_back({&tally, context().sink->record(run, nominal)});
  }
  if (!moves.empty() && launches_ % kTimed == 0) {
    times_ = graph_->launch_timed(shift, moves);
    // Of another number, the times would be those of other operations.
    if (times_.size() != moves.size()) {
      throw DeviceError(str("captured step: ", moves.size(), " operations have ", times_.size(),
                            " times in the graph"));
    }
  } else {
    graph_->launch(shift, moves);
  }
  ++launches_;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    if (moves[i].to) moves[i].to->nanoseconds += times_[i];
  }
}

}  // namespace joule

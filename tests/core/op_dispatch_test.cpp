// SPDX-License-Identifier: MIT
#include <array>

#include "joule/core/autograd/accumulate.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

std::string last_run;

/// An op whose table has every kind of row.
struct Probe {
  static constexpr std::string_view kName = "probe";
  Tensor x = Tensor({2});
  bool even = true;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const { require(x.numel() > 0, "probe: x is empty"); }
  Work work() const { return {.macs = x.numel()}; }

  template <int row>
  static void run(const Probe&, Context&, Tally* tally) {
    last_run = implementations()[row].name;
    if (tally) tally->macs_skippable += 1;
  }
  static const char* needs_even(const Probe& op) { return op.even ? nullptr : "needs an even x"; }
  static std::span<const Implementation<Probe>> implementations() {
    static constexpr std::array kTable = {
        Implementation<Probe>{"cuda.tiled", Device::cuda, runs_all<Probe>, run<0>},
        Implementation<Probe>{"cpu.even", Device::cpu, needs_even, run<1>, false},
        Implementation<Probe>{"cpu.any", Device::cpu, runs_all<Probe>, run<2>},
        Implementation<Probe>{kReference, Device::cpu, runs_all<Probe>, run<3>},
    };
    return kTable;
  }
};

/// A probe whose first row rounds its operands.
struct RoundingProbe : Probe {
  static std::span<const Implementation<RoundingProbe>> implementations() {
    using Row = Implementation<RoundingProbe>;
    const auto run = [](const RoundingProbe&, Context&, Tally*) {};
    static const std::array table = {
        Row{.name = "cpu.tf32",
            .device = Device::cpu,
            .unsupported = runs_all<RoundingProbe>,
            .run = run,
            .precision = Precision::tf32},
        Row{kReference, Device::cpu, runs_all<RoundingProbe>, run},
    };
    return table;
  }
};

TEST(Dispatch, NothingIsLessPreciseThanAskedFor) {
  const RoundingProbe probe{};
  EXPECT_EQ(select(probe, Context{}).name, kReference);
  EXPECT_EQ(select(probe, Context{.precision = Precision::tf32}).name, "cpu.tf32");
  EXPECT_EQ(select(probe, Context{.precision = Precision::bf16}).name, "cpu.tf32");
  EXPECT_EQ(explain(probe, Context{}),
            "cpu.tf32: is less precise than asked for\nreference: can run it\n");
}

TEST(Dispatch, TakesTheFirstThatFits) {
  dispatch(Probe{});
  EXPECT_EQ(last_run, "cpu.even");
  dispatch(Probe{.even = false});
  EXPECT_EQ(last_run, "cpu.any");
  dispatch(Probe{.x = Tensor({2}, DType::f64)});
  EXPECT_EQ(last_run, "reference");
}

TEST(Dispatch, DeterministicPassesOverWhatDependsOnTheThreads) {
  const ContextGuard guard;
  context().deterministic = true;
  dispatch(Probe{});
  EXPECT_EQ(last_run, "cpu.any");
}

TEST(Dispatch, RunsWhatIsForced) {
  {
    const ContextGuard guard;
    context().force = "reference";
    dispatch(Probe{});
    EXPECT_EQ(last_run, "reference");
  }
  force_implementation("probe", "cpu.any");
  dispatch(Probe{});
  EXPECT_EQ(last_run, "cpu.any");
  force_implementation("probe", "");
  dispatch(Probe{});
  EXPECT_EQ(last_run, "cpu.even");
}

/// An op whose first row is worth running for large tensors only.
struct Choosy {
  static constexpr std::string_view kName = "choosy";
  Tensor x;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {}
  Work work() const { return {}; }
  static void run(const Choosy&, Context&, Tally*) {}
  static const char* small(const Choosy& op) { return op.x.numel() < 10 ? "x is small" : nullptr; }
  static std::span<const Implementation<Choosy>> implementations() {
    static constexpr std::array kTable = {
        Implementation<Choosy>{"cpu.large", Device::cpu, runs_all<Choosy>, run, true, small},
        Implementation<Choosy>{kReference, Device::cpu, runs_all<Choosy>, run},
    };
    return kTable;
  }
};

/// An op with a row that skips zeros.
struct Skipping {
  static constexpr std::string_view kName = "skipping";
  Tensor x = Tensor({2});

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {}
  Work work() const { return {}; }
  static void run(const Skipping&, Context&, Tally*) {}
  static std::span<const Implementation<Skipping>> implementations() {
    using Row = Implementation<Skipping>;
    static constexpr std::array kTable = {
        Row{"cpu.skip_zero", Device::cpu, runs_all<Skipping>, run, true, nullptr, true},
        Row{kReference, Device::cpu, runs_all<Skipping>, run},
    };
    return kTable;
  }
};

TEST(Dispatch, SkipsNoZerosIfTheContextSaysSoUnlessItIsPinned) {
  EXPECT_EQ(select(Skipping{}, Context{}).name, "cpu.skip_zero");
  EXPECT_EQ(select(Skipping{}, Context{.skip_zeros = false}).name, kReference);
  EXPECT_EQ(select(Skipping{}, Context{.force = "cpu.skip_zero", .skip_zeros = false}).name,
            "cpu.skip_zero");
}

TEST(Dispatch, PassesOverWhatIsSlowerUnlessItIsPinned) {
  const Choosy small{Tensor({2})}, large{Tensor({20})};
  EXPECT_EQ(select(small, Context{}).name, kReference);
  EXPECT_EQ(select(large, Context{}).name, "cpu.large");
  EXPECT_EQ(select(small, Context{.force = "cpu.large"}).name, "cpu.large");
  EXPECT_EQ(explain(small, Context{}), "cpu.large: x is small\nreference: can run it\n");
}

/// An op that can be tuned: a row that skips the zeros of x, a plain one, one whose bits depend on
/// the threads, and one that is not measured.
struct Tuned {
  static constexpr std::string_view kName = "tuned";
  Tensor x;
  bool sparse_can_run = true;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const {}
  Work work() const { return {}; }
  TuningKey tuning_key() const { return {.sizes = {x.numel()}, .sparse = {{{"x", &x}}}}; }
  static void run(const Tuned&, Context&, Tally*) {}
  static const char* no(const Tuned& op) { return op.sparse_can_run ? nullptr : "needs zeros"; }
  static const char* never(const Tuned&) { return "it is expected to be slow"; }
  static std::span<const Implementation<Tuned>> implementations() {
    static constexpr std::array kTable = {
        Implementation<Tuned>{"cpu.sparse", Device::cpu, no, run, true, never},
        Implementation<Tuned>{"cpu.plain", Device::cpu, runs_all<Tuned>, run},
        Implementation<Tuned>{"cpu.split", Device::cpu, runs_all<Tuned>, run, false},
        Implementation<Tuned>{kReference, Device::cpu, runs_all<Tuned>, run},
    };
    return kTable;
  }
};

/// Of Tuned with 100 elements: below a density of 0.485 cpu.sparse is the fastest, then cpu.split.
class TunedDispatch : public testing::Test {
 protected:
  TunedDispatch() { measured_with(num_threads()); }
  ~TunedDispatch() override { set_tuning_table(nullptr); }

  static void measured_with(int threads) {
    auto table = std::make_shared<TuningTable>();
    table->add(
        {.op = "tuned",
         .threads = threads,
         .sizes = {100},
         .densities = {0.25, 0.75},
         .rows = {
             {"cpu.sparse", 4, {{1, 3}}}, {"cpu.plain", 3, {{3, 3}}}, {"cpu.split", 2, {{2, 2}}}}});
    set_tuning_table(std::move(table));
  }

  static Tensor with_nonzeros(std::int64_t count) {
    Tensor x = Tensor::zeros({100});
    auto mask = std::make_shared<ZeroMask>(1, 100, Device::cpu);
    mask->set_nonzeros(count);
    x.attach(mask);
    return x;
  }
  static std::string choice(const Tuned& op, const Context& ctx = {}) {
    return std::string(select(op, ctx).name);
  }
};

TEST_F(TunedDispatch, TakesTheRowThatWasMeasuredToBeTheFastest) {
  EXPECT_EQ(choice({with_nonzeros(10)}), "cpu.sparse");
  EXPECT_EQ(choice({with_nonzeros(46)}), "cpu.sparse");
  EXPECT_EQ(choice({with_nonzeros(49)}), "cpu.split") << "saves less than 3 %";
  EXPECT_EQ(choice({Tensor::zeros({100})}), "cpu.split") << "nobody counted: no zeros";
  EXPECT_EQ(choice({Tensor::zeros({101})}), "cpu.plain") << "another size: the static choice";
  set_tuning_table(nullptr);
  EXPECT_EQ(choice({with_nonzeros(10)}), "cpu.plain");
}

TEST_F(TunedDispatch, OtherNumbersOfThreadsWereNotMeasured) {
  measured_with(num_threads() + 1);
  EXPECT_EQ(choice({with_nonzeros(10)}), "cpu.plain");
}

TEST_F(TunedDispatch, APinnedRowWins) {
  EXPECT_EQ(choice({with_nonzeros(10)}, {.force = "cpu.split"}), "cpu.split");
  force_implementation("tuned", kReference);
  EXPECT_EQ(choice({with_nonzeros(10)}), kReference);
  force_implementation("tuned", "");
}

TEST_F(TunedDispatch, WhatCannotRunFallsThroughToTheNextFastest) {
  EXPECT_EQ(choice({with_nonzeros(10), false}), "cpu.split");
  EXPECT_EQ(choice({Tensor({100}, DType::f64)}), kReference);
}

TEST_F(TunedDispatch, DeterministicChoicesDoNotDependOnTheTable) {
  EXPECT_EQ(choice({with_nonzeros(10)}, {.deterministic = true}), "cpu.plain");
}

TEST_F(TunedDispatch, ExplainsByHowMuchARowIsSlower) {
  EXPECT_EQ(explain(Tuned{with_nonzeros(25)}, Context{}),
            "cpu.sparse: can run it\n"
            "cpu.plain: measured: cpu.sparse is faster here (3x)\n"
            "cpu.split: measured: cpu.sparse is faster here (2x)\n"
            "reference: was not measured, and cpu.sparse was\n");
  EXPECT_EQ(explain(Tuned{with_nonzeros(100), false}, Context{}),
            "cpu.sparse: needs zeros\n"
            "cpu.plain: measured: cpu.split is faster here (1.5x)\n"
            "cpu.split: can run it\n"
            "reference: was not measured, and cpu.split was\n");
}

TEST_F(TunedDispatch, ObserversSeeTheOperationBeforeItRuns) {
  std::vector<std::int64_t> seen;
  {
    const auto subscription =
        dispatch_observers<Tuned>().add([&](const Tuned& op) { seen.push_back(op.x.numel()); });
    dispatch(Tuned{Tensor({7})});
  }
  dispatch(Tuned{Tensor({8})});
  EXPECT_EQ(seen, std::vector<std::int64_t>{7});
}

TEST(Dispatch, SaysWhyNothingFits) {
  const ContextGuard guard;
  context().force = "cpu.even";
  EXPECT_EQ(error_of([] { dispatch(Probe{.even = false}); }),
            "probe: no implementation named cpu.even for this on cpu:\n"
            "cuda.tiled: is for another device\n"
            "cpu.even: needs an even x\n"
            "cpu.any: can run it\n"
            "reference: can run it\n");
}

TEST(Dispatch, ChecksBeforeItRecords) {
  LastRecord sink;
  const ContextGuard guard;
  context().sink = &sink;
  EXPECT_EQ(error_of([] { dispatch(Probe{.x = Tensor(Shape{0})}); }), "probe: x is empty");
  EXPECT_EQ(sink.implementation, "");
}

TEST(Dispatch, RecordsWorkScopeAndTally) {
  struct Sink final : WorkSink {
    Tally* record(const OpRun& run, const Work& nominal) override {
      seen = run;
      work = nominal;
      return &tally;
    }
    OpRun seen;
    Work work;
    Tally tally;
  } sink;
  const ContextGuard guard;
  context().sink = &sink;
  context().scope = {"conv1", Phase::backward};
  dispatch(Probe{});
  EXPECT_EQ(sink.seen.op, "probe");
  EXPECT_EQ(sink.seen.implementation, "cpu.even");
  EXPECT_EQ(sink.seen.scope.layer, "conv1");
  EXPECT_EQ(sink.seen.scope.phase, Phase::backward);
  EXPECT_EQ(sink.work, Work{.macs = 2});
  EXPECT_EQ(sink.tally.macs_skippable, 1);
  EXPECT_GT(sink.tally.nanoseconds, 0);
}

TEST(Context, GuardRestoresEverything) {
  {
    const ContextGuard guard;
    context().deterministic = true;
    context().scope.layer = "inner";
  }
  EXPECT_FALSE(context().deterministic);
  EXPECT_EQ(context().scope.layer, "");
}

TEST(Intern, EqualTextsAreOneText) {
  const std::string a = "layer.1", b = "layer.1";
  EXPECT_EQ(intern(a).data(), intern(b).data());
  EXPECT_EQ(intern(a), "layer.1");
}

TEST(Accumulate, EveryImplementationAddsAndChecks) {
  const Tensor addend = random_tensor({100003}, 1), start = random_tensor({100003}, 2);
  for_each_implementation(
      ops::Accumulate{.sum = start, .addend = addend}, [&](std::string_view name) {
        const Tensor sum = start.clone();
        run(ops::Accumulate{.sum = sum, .addend = addend}, name);
        for (std::int64_t i = 0; i < sum.numel(); ++i) {
          ASSERT_EQ(sum.data<float>()[i], start.data<float>()[i] + addend.data<float>()[i]);
        }
      });
  EXPECT_EQ(error_of([] { dispatch(ops::Accumulate{.sum = Tensor({2}), .addend = Tensor({3})}); }),
            "accumulate: f32 [2] on cpu and f32 [3] on cpu differ");
}

TEST(Dispatch, TheContextIsObeyedBeforeTheProcess) {
  force_implementation("probe", "cpu.any");
  {
    const ContextGuard guard;
    context().force = "reference";
    dispatch(Probe{});
    EXPECT_EQ(last_run, "reference");
  }
  force_implementation("probe", "");
}

}  // namespace
}  // namespace joule

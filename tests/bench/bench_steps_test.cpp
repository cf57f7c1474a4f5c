// SPDX-License-Identifier: MIT
#include "joule/bench/steps/steps_bench.h"

#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "joule/bench/child_process.h"
#include "joule/bench/modelled_energy.h"
#include "joule/bench/steps/resident_memory.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/sources.h"

namespace joule::bench {
namespace {

using nlohmann::json;

Spread exactly(double value) { return {value, value, value, value, value, 2}; }

SideResult side_result() {
  return {.images_per_second = 500,
          .images_per_second_best = 600,
          .peak_bytes = 100'000'000,
          .density = 0.25,
          .work = {.calls = 3,
                   .work = {.macs = 4000, .bytes_read = 800, .bytes_written = 200},
                   .tally = {.macs_skippable = 2000,
                             .macs_skipped = 1000,
                             .values_in = 100,
                             .values_in_nonzero = 50,
                             .nanoseconds = 7}}};
}

StepsReport report() {
  StepsReport report{.environment = {.date = "2026-01-31T12:00:00Z",
                                     .cpu = "A processor",
                                     .simd = "AVX2",
                                     .processors = 2,
                                     .threads = 2,
                                     .compiler = "GCC 12.2.0",
                                     .joule = "0.1.0",
                                     .onednn = "2.6.3",
                                     .load = 0.25},
                     .train = false,
                     .device = "cpu",
                     .precision = "f32",
                     .batch = 500,
                     .steps = 20,
                     .rounds = 2};
  NetReport& net = report.nets.emplace_back();
  net.weights = "runs/l0";
  net.data = "fashion-mnist";
  net.sides.push_back({.name = "joule",
                       .way = "slices of 16",
                       .images_per_second = exactly(1500),
                       .peak_bytes = 100'000'000,
                       .over_pytorch = exactly(3),
                       .over_dense = std::nullopt,
                       .counted = side_result()});
  net.sides.push_back({.name = "PyTorch",
                       .way = "channels-last",
                       .library = "PyTorch 2.15.0",
                       .images_per_second = exactly(500),
                       .peak_bytes = 200'000'000,
                       .over_pytorch = exactly(1)});
  net.omitted.push_back({"joule, dense", "no row of this build skips zeros, so it is joule"});
  return report;
}

TEST(StepsReport, HasTheJsonOfTheCheckedExample) {
  std::ifstream file(test::source_path("tests/bench/bench_steps_example.json"));
  std::stringstream example;
  example << file.rdbuf();
  EXPECT_EQ(to_json(report()), example.str())
      << "A key that changes its meaning or goes needs a new kStepsSchema; then write the new text "
         "into tests/bench/bench_steps_example.json.";
}

TEST(StepsReport, HasATable) {
  const std::string text = table(report().nets[0], 500);
  const std::string joule_line =
      "joule     1500 (1500 to 1500)   3.00 (3.00 to 3.00)            -        100 MB          "
      "0.250         25.0 %";
  EXPECT_NE(text.find(joule_line), std::string::npos) << text;
  EXPECT_NE(text.find("left out: joule, dense: no row of this build skips zeros"),
            std::string::npos);
}

TEST(StepsReport, ItsPageHoldsTheJson) {
  const std::string html = to_html(report());
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = html.find(open) + open.size();
  EXPECT_EQ(json::parse(html.substr(from, html.find("</script>", from) - from)),
            json::parse(to_json(report())));
}

TEST(ModelledEnergy, IsScaledWithItsUncertainty) {
  const energy::Totals work = side_result().work;
  const auto step = energy::horowitz45().energy(work, energy::Skipping::executed);
  const auto per_1000 =
      per_1000_images(energy::horowitz45(), work, energy::Skipping::executed, 500);
  EXPECT_DOUBLE_EQ(per_1000.value().value(), 2 * step.value().value());
  EXPECT_DOUBLE_EQ(per_1000.uncertainty()->value(), 2 * step.uncertainty()->value());
  EXPECT_EQ(per_1000.quality(), energy::Quality::modelled);
}

TEST(Side, ReadsWhatItWrites) {
  EXPECT_EQ(side_from_json(to_json(side_result())), side_result());
  EXPECT_THROW(side_from_json("{}"), std::runtime_error);
  EXPECT_THROW(side_from_json("Segmentation fault"), std::runtime_error);
}

TEST(Side, CountsAStep) {
  SideOptions options{.train = false, .model = "lenet5", .batch = 4, .steps = 2, .warmup = 0};
  const SideResult infer = run_side(options);
  EXPECT_GT(infer.images_per_second, 0);
  EXPECT_GE(infer.images_per_second_best, infer.images_per_second);
  EXPECT_GT(infer.density, 0);
  EXPECT_LT(infer.density, 1);
  // joule summary: MACs of a forward pass of one image.
  EXPECT_EQ(infer.work.work.macs % 4, 0);
  options.train = true;
  const SideResult train = run_side(options);
  // Nobody asks for the gradient of the images, so it is less than three times as much.
  EXPECT_GT(train.work.work.macs, 2 * infer.work.work.macs);
  EXPECT_LT(train.work.work.macs, 3 * infer.work.work.macs);
  options.train = false;
  options.slice = 2;
  const SideResult slices = run_side(options);
  EXPECT_EQ(slices.work.work.macs, infer.work.work.macs);
  // Two convolutions and two pools run twice, the linear layers see all images at once.
  EXPECT_EQ(slices.work.calls, infer.work.calls + 4);
}

TEST(Side, ADenseOneSkipsNothing) {
  // small-cnn's second convolution meets the zeros of a ReLU.
  SideOptions options{.train = true, .model = "small-cnn", .batch = 2, .steps = 1, .warmup = 0};
  EXPECT_GT(run_side(options).work.tally.macs_skipped, 0);
  options.dense = true;
  EXPECT_EQ(run_side(options).work.tally.macs_skipped, 0);
  EXPECT_TRUE(context().skip_zeros);
}

TEST(Side, RefusesBadOptions) {
  EXPECT_EQ(test::error_of([] { run_side({.batch = 0}); }), "--batch: expected at least 1, got 0");
  EXPECT_EQ(test::error_of([] { run_side({.slice = -1}); }),
            "--slice: must not be negative, got -1");
  EXPECT_EQ(test::error_of([] { run_side({.data = "synthetic", .batch = 2001}); }),
            "--batch: synthetic has 2000 images, got 2001");
  EXPECT_TRUE(test::error_of([] {
                run_side({.model = "alexnet"});
              }).starts_with("model: there is no 'alexnet'"));
}

TEST(ResidentMemory, PeakStartsAnew) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  // From the system itself: a sanitizer would keep what is freed.
  const auto touch = [] {
    void* const pages =
        mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(pages, MAP_FAILED);
    std::memset(pages, 1, kBytes);
    munmap(pages, kBytes);
  };
  touch();
  const std::int64_t before = peak_resident_memory();
  reset_peak_resident_memory();
  EXPECT_LT(peak_resident_memory(), before - static_cast<std::int64_t>(kBytes / 2));
  touch();
  EXPECT_GT(peak_resident_memory(), before - static_cast<std::int64_t>(kBytes / 2));
}

TEST(ChildProcess, GivesWhatItWrites) {
  EXPECT_EQ(output_of({"/bin/echo", "a b", "c"}), "a b c\n");
  const std::string many =
      output_of({"/bin/sh", "-c", "yes | head -c 300000; yes | head -c 300000 >&2"});
  EXPECT_EQ(many.size(), 300000u);
}

TEST(ChildProcess, SaysWhyItFailed) {
  const auto error = [](std::vector<std::string> command) {
    return test::error_of<std::runtime_error>([&] { output_of(command); });
  };
  EXPECT_EQ(error({"/nowhere/program"}), "/nowhere/program: No such file or directory");
  EXPECT_EQ(error({"/bin/sh", "-c", "echo one >&2; echo two >&2; exit 3"}),
            "/bin/sh ended with status 3: two");
  EXPECT_EQ(error({"/bin/sh", "-c", "kill -9 $$"}), "/bin/sh was ended by signal 9: ");
}

/// A program that prints the same line whatever it is asked for.
std::string fake_program(const test::TemporaryFolder& folder, const std::string& name,
                         const std::string& line) {
  const std::string path = test::write(folder / name, "#!/bin/sh\ncat <<'END'\n" + line + "END\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST(BenchSteps, ComparesTheRatesOfTheRounds) {
  const test::TemporaryFolder folder;
  const std::int64_t parameters = make_model(usual_spec("small-cnn")).parameter_count();
  const json torch{{"images_per_second", 250},
                   {"images_per_second_best", 260},
                   {"peak_bytes", 200'000'000},
                   {"parameters", parameters},
                   {"library", "PyTorch 2.15.0"}};
  StepsOptions options{.train = false,
                       .nets = {{"small-cnn", ""}},
                       .batch = 32,
                       .steps = 2,
                       .rounds = 3,
                       .program = fake_program(folder, "joule", to_json(side_result())),
                       .torch_peer = fake_program(folder, "torch", torch.dump() + "\n")};
  const StepsReport report = bench_steps(options, {});
  ASSERT_EQ(report.nets.size(), 1u);
  const NetReport& net = report.nets[0];
  EXPECT_EQ(net.data, "random");
  ASSERT_EQ(net.sides.size(), 4u);
  EXPECT_TRUE(net.omitted.empty());
  EXPECT_EQ(net.sides.front().name, "joule");
  EXPECT_EQ(net.sides.front().way, "slices of 16") << "the first of equally quick ones";
  EXPECT_EQ(net.sides.front().images_per_second, (Spread{500, 500, 500, 500, 500, 3}));
  EXPECT_EQ(net.sides.front().over_pytorch, (Spread{2, 2, 2, 2, 2, 3}));
  EXPECT_EQ(net.sides.front().counted, side_result());
  EXPECT_EQ(net.sides[2].name, "PyTorch");
  EXPECT_EQ(net.sides[2].way, "channels-last, slices of 16");
  EXPECT_EQ(net.sides[2].peak_bytes, 200'000'000);
  EXPECT_EQ(net.sides[2].library, "PyTorch 2.15.0");
  EXPECT_EQ(net.sides[3].name, "PyTorch, compiled");

  const json other{{"images_per_second", 1},
                   {"images_per_second_best", 1},
                   {"peak_bytes", 1},
                   {"parameters", parameters + 1},
                   {"library", "PyTorch 2.15.0"}};
  options.torch_peer = fake_program(folder, "torch", other.dump() + "\n");
  const StepsReport another = bench_steps(options, {});
  EXPECT_EQ(another.nets[0].sides.size(), 2u);
  EXPECT_FALSE(another.nets[0].sides[0].over_pytorch);
  ASSERT_EQ(another.nets[0].omitted.size(), 2u) << "PyTorch, and PyTorch, compiled";
  EXPECT_TRUE(another.nets[0].omitted[0].reason.ends_with(
      str("its net has ", parameters + 1, " parameters, Joule's has ", parameters)));
}

// As where torch.compile finds no compiler, or breaks after the first rounds.
TEST(BenchSteps, APeerThatFailsIsLeftOutWithItsReason) {
  const test::TemporaryFolder folder;
  const std::int64_t parameters = make_model(usual_spec("small-cnn")).parameter_count();
  const json line{{"images_per_second", 250},
                  {"images_per_second_best", 260},
                  {"peak_bytes", 200'000'000},
                  {"parameters", parameters},
                  {"library", "PyTorch 2.15.0"}};
  StepsOptions options{.train = true,
                       .nets = {{"small-cnn", ""}},
                       .batch = 32,
                       .steps = 2,
                       .rounds = 3,
                       .program = fake_program(folder, "joule", to_json(side_result())),
                       .torch_peer = folder / "torch"};
  const auto peer = [&](const std::string& script) {
    test::write(folder / "torch", "#!/bin/sh\n" + script);
    std::filesystem::permissions(folder / "torch", std::filesystem::perms::owner_all);
    return bench_steps(options, {}).nets[0];
  };
  const std::string speak = "echo '" + line.dump() + "'\n";
  const NetReport one =
      peer("case $* in *--compile*) echo no compiler >&2; exit 1;; esac\n" + speak);
  ASSERT_EQ(one.sides.size(), 3u);
  EXPECT_EQ(one.sides[0].over_pytorch, (Spread{2, 2, 2, 2, 2, 3}));
  ASSERT_EQ(one.omitted.size(), 1u);
  EXPECT_EQ(one.omitted[0].name, "PyTorch, compiled");
  EXPECT_TRUE(one.omitted[0].reason.ends_with("ended with status 1: no compiler"));
  // PyTorch runs twice to find its best layout; the sixth call, in the second round, fails.
  const std::string count = "echo x >> " + (folder / "calls") + "\n";
  const std::string late = count + "[ $(wc -l < " + (folder / "calls") + ") -gt 5 ] && exit 3\n";
  const NetReport none = peer(late + speak);
  EXPECT_EQ(none.sides.size(), 2u);
  EXPECT_EQ(none.omitted.size(), 2u);
  EXPECT_FALSE(none.sides[0].over_pytorch);
  // A side of Joule must not fail.
  options.program = fake_program(folder, "joule", "no JSON\n");
  EXPECT_NE(test::error_of<std::runtime_error>([&] { peer(speak); }), "");
}

// A run that is ended early keeps what it has.
TEST(BenchSteps, TellsWhatIsKnownAfterEachProcess) {
  const test::TemporaryFolder folder;
  std::vector<StepsReport> known;
  const StepsReport report =
      bench_steps({.nets = {{"small-cnn", ""}},
                   .batch = 32,
                   .steps = 2,
                   .rounds = 2,
                   .program = fake_program(folder, "joule", to_json(side_result())),
                   .torch_peer = folder / "none"},
                  {.on_result = [&](const StepsReport& so_far) { known.push_back(so_far); }});
  ASSERT_EQ(known.size(), 4u) << "two sides, two rounds";
  for (const StepsReport& so_far : known) EXPECT_FALSE(so_far.complete);
  ASSERT_EQ(known[0].nets.size(), 1u);
  ASSERT_EQ(known[0].nets[0].sides.size(), 1u) << "the first side alone";
  EXPECT_EQ(known[0].nets[0].sides[0].images_per_second.count, 1);
  EXPECT_EQ(known[0].nets[0].sides[0].over_dense.has_value(),
            known[0].nets[0].sides[0].name == "joule, dense");
  EXPECT_EQ(known[1].nets[0].sides.size(), 2u);
  const SideReport& joule = known[2].nets[0].sides[0];
  ASSERT_EQ(joule.name, "joule");
  ASSERT_TRUE(joule.over_dense.has_value());
  EXPECT_EQ(joule.over_dense->count, 1) << "of the round that both have had";
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.nets[0].sides[0].images_per_second.count, 2);
  EXPECT_EQ(to_json(report).find("\"complete\": false"), std::string::npos);
  EXPECT_NE(to_json(known[3]).find("\"complete\": false"), std::string::npos);
}

TEST(BenchSteps, SaysHowToGetPyTorch) {
  const test::TemporaryFolder folder;
  const StepsReport report =
      bench_steps({.nets = {{"small-cnn", ""}},
                   .rounds = 1,
                   .program = fake_program(folder, "joule", to_json(side_result())),
                   .torch_peer = folder / "none"},
                  {});
  const auto& omitted = report.nets[0].omitted.back();
  EXPECT_EQ(omitted.name, "PyTorch");
  EXPECT_TRUE(omitted.reason.starts_with("not installed (there is no "));
  EXPECT_NE(omitted.reason.find("benchmarks/peers.sh"), std::string::npos);
}

TEST(BenchSteps, ChecksEveryNetBeforeTheFirstIsMeasured) {
  StepsOptions options{.nets = {{"small-cnn", ""}, {"alexnet", ""}}, .program = "/nowhere"};
  EXPECT_TRUE(test::error_of([&] {
                bench_steps(options, {});
              }).starts_with("model: there is no 'alexnet'"));
  options.rounds = 0;
  EXPECT_EQ(test::error_of([&] { bench_steps(options, {}); }),
            "--rounds: expected at least 1, got 0");
}

}  // namespace
}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#include "joule/energy/scope/scope.h"

#include <gtest/gtest.h>

#include "joule/tests/support/op_test.h"

namespace joule::energy {
namespace {

WindowSum sum(const std::string& meter, const std::string& scope, Domain domain,
              const std::string& beside = {}, const std::string& missing = {},
              bool denied = false) {
  return {.meter = meter,
          .scope = scope,
          .beside = beside,
          .domain = domain,
          .denied = denied,
          .missing = missing};
}

TEST(Scope, EachComponentIsCoveredLackingOrDenied) {
  const std::vector<WindowSum> meters{
      sum("nvml", "GPU 17 (whole card)", Domain::gpu),
      sum("nvml", "GPU 65 (whole card)", Domain::gpu, "the run computed on another GPU, 17"),
      sum("nvml", "GPU 99 (whole card)", Domain::gpu, "", "Not Supported"),
      sum("processors", "", Domain::processors, "so the sum lacks the energy of the host",
          "present but root-only", true)};
  const Scope scope = scope_of(meters);
  EXPECT_EQ(lines_of(scope),
            (std::vector<std::string>{
                "covers: nvml, GPU 17 (whole card)",
                "lacks: nvml, GPU 65 (whole card) (the run computed on another GPU, 17); nvml, GPU "
                "99 (whole card) (Not Supported); the rest of the machine (power supply, disks, "
                "network, fans)",
                "denied: processors (present but root-only)"}));
  EXPECT_FALSE(scope.machine);
}

TEST(Scope, MemoryThatIsNotCountedIsSaid) {
  const std::vector<WindowSum> amd{sum("perf", "package 0, without DRAM", Domain::processors)};
  EXPECT_EQ(scope_of(amd).lacks.front(), "the processors' memory (DRAM)");
  const std::vector<WindowSum> intel{sum("perf", "package 0 + DRAM", Domain::processors)};
  EXPECT_EQ(scope_of(intel).lacks.size(), 1u);
}

TEST(Scope, AMeterOfTheMachineLacksNothing) {
  const std::vector<WindowSum> plug{
      sum("stream", "the machine, as /tmp/plug tells its power", Domain::machine),
      sum("rapl", "package 0 + DRAM", Domain::processors,
          "the meter of the machine counts it, too")};
  const Scope scope = scope_of(plug);
  EXPECT_TRUE(scope.machine);
  EXPECT_EQ(scope.lacks.size(), 1u) << "only what stands beside it, and why";
  EXPECT_TRUE(scope_of(std::vector<WindowSum>{}).lacks.empty());
}

Measurement of(const MeterInfo& meter, double joules, std::optional<double> width) {
  Measurement m = no_measurement(meter, "-");
  const auto bound = width ? std::optional(Joules(*width)) : std::nullopt;
  m.gross = meter.integrates_power ? Figure<Joules>::sampled(Joules(joules), bound, meter.name)
                                   : Figure<Joules>::measured(Joules(joules), bound, meter.name);
  return m;
}

const MeterInfo kPlug{.name = "plug", .domain = Domain::machine, .integrates_power = true},
    kRapl{.name = "rapl", .domain = Domain::processors},
    kPerf{.name = "perf", .domain = Domain::processors},
    kCard{.name = "nvml", .scope = "65", .domain = Domain::gpu, .gpu = "0000:65:00.0"},
    kOther{.name = "nvml", .scope = "17", .domain = Domain::gpu, .gpu = "0000:17:00.0"},
    kUnknown{.name = "hwmon", .domain = Domain::unknown};

TEST(Closure, IsTheWallWithoutItsPartsAndTheBoundsAddUp) {
  const std::vector<MeterInfo> meters{kRapl, kPerf, kPlug, kCard, kOther, kUnknown};
  const std::vector<Measurement> measured{of(kRapl, 100, 1),   of(kPerf, 101, 1),
                                          of(kPlug, 500, 20),  of(kCard, 200, 10),
                                          of(kOther, 50, 2.5), of(kUnknown, 999, 1)};
  const auto closed = closure(meters, measured);
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->parts.value(), Joules(350)) << "perf counts the same again";
  EXPECT_EQ(closed->rest.value(), Joules(150));
  EXPECT_EQ(closed->rest.uncertainty(), Joules(33.5));
  EXPECT_EQ(closed->rest.quality(), Quality::sampled) << "as the plug";
  EXPECT_EQ(closed->rest.source(), "plug - (rapl + nvml + nvml)");
  EXPECT_EQ(closed->remark, "");
}

TEST(Closure, PartsThatExceedTheWallAreSaid) {
  const std::vector<MeterInfo> meters{kPlug, kRapl};
  const auto within = closure(meters, std::vector{of(kPlug, 100, 5), of(kRapl, 103, 1)});
  EXPECT_EQ(within->remark, "") << "the bounds explain it";
  const auto beyond = closure(meters, std::vector{of(kPlug, 100, 5), of(kRapl, 110, 1)});
  EXPECT_EQ(beyond->remark,
            "the parts counted more than the whole, by 10 J: one of the meters is "
            "wrong, or does not count what it is said to");
  const auto unsure = closure(meters, std::vector{of(kPlug, 100, {}), of(kRapl, 90, 1)});
  EXPECT_EQ(unsure->rest.uncertainty(), std::nullopt);
}

TEST(Closure, NeedsAWallAndAPart) {
  EXPECT_FALSE(closure(std::vector{kRapl, kCard}, std::vector{of(kRapl, 1, 1), of(kCard, 1, 1)}));
  EXPECT_FALSE(closure(std::vector{kPlug}, std::vector{of(kPlug, 1, 1)}));
  EXPECT_FALSE(
      closure(std::vector{kPlug, kRapl}, std::vector{of(kPlug, 1, 1), no_measurement(kRapl, "-")}));
  EXPECT_EQ(test::error_of([] { closure(std::vector{kPlug}, {}); }),
            "closure: 1 meters and 0 measurements");
}

}  // namespace
}  // namespace joule::energy

// SPDX-License-Identifier: MIT
#include "joule/energy/models/cost_model.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "joule/tests/support/op_test.h"
#include "joule/tests/support/sources.h"

namespace joule::energy {
namespace {

using test::error_of;

/// 1000 MACs on 80 + 20 values; of the 40 whose zeros count 10 are not zero.
Totals example() {
  return {
      .calls = 1,
      .work = {.macs = 1000, .bytes_read = 320, .bytes_written = 80},
      .tally = {
          .macs_skippable = 600, .macs_skipped = 200, .values_in = 40, .values_in_nonzero = 10}};
}

void expect_picojoules(std::optional<Joules> energy, double expected) {
  ASSERT_TRUE(energy);
  EXPECT_DOUBLE_EQ(*energy / picojoules(1), expected);
}

TEST(CostModel, Horowitz45) {
  const auto energy = [](Skipping skipping) { return horowitz45().energy(example(), skipping); };
  // 400 bytes are 50 words of 64 bit at 1950 +- 650 pJ; ideally 280 bytes, 35 words.
  expect_picojoules(energy(Skipping::none).value(), 1000 * 4.6 + 50 * 1950);
  expect_picojoules(energy(Skipping::ideal).value(), 400 * 4.6 + 35 * 1950);
  expect_picojoules(energy(Skipping::executed).value(), 800 * 4.6 + 50 * 1950);
  expect_picojoules(energy(Skipping::none).uncertainty(), 50 * 650);
  EXPECT_TRUE(energy(Skipping::none).is_range());
  expect_picojoules(energy(Skipping::ideal).uncertainty(), 35 * 650);
}

TEST(CostModel, ZeroSkip) {
  const auto energy = [](Skipping skipping) { return zero_skip().energy(example(), skipping); };
  expect_picojoules(energy(Skipping::none).value(), 1000 * 3.7 + 100 * 1950);
  expect_picojoules(energy(Skipping::ideal).value(), 400 * 3.7 + 70 * 1950);
  expect_picojoules(energy(Skipping::executed).value(), 800 * 3.7 + 100 * 1950);
  EXPECT_EQ(energy(Skipping::none).uncertainty(), std::nullopt);
  EXPECT_FALSE(energy(Skipping::none).is_range());
}

TEST(CostModel, Jouppi7) {
  const auto energy = [](Skipping skipping) { return jouppi7().energy(example(), skipping); };
  // 50 words of 64 bit at 350 +- 100 pJ; ideally 35.
  expect_picojoules(energy(Skipping::none).value(), 1000 * (1.31 + 0.38) + 50 * 350);
  expect_picojoules(energy(Skipping::ideal).value(), 400 * (1.31 + 0.38) + 35 * 350);
  expect_picojoules(energy(Skipping::executed).value(), 800 * (1.31 + 0.38) + 50 * 350);
  expect_picojoules(energy(Skipping::none).uncertainty(), 50 * 100);
}

TEST(CostModel, EyerissHasNoJoulesUntilAMacHas) {
  const CostModel model = eyeriss().at(picojoules(2));
  EXPECT_EQ(model.name, "eyeriss at 2 pJ per MAC");
  const auto energy = model.energy(example(), Skipping::none);
  expect_picojoules(energy.value(), 2 * (1000 + 100 * 200));
  EXPECT_EQ(str(energy), "42 nJ (modelled, eyeriss at 2 pJ per MAC)");
  EXPECT_EQ(error_of([] { eyeriss().at(Joules()); }),
            "eyeriss: a MAC costs more than 0 pJ, got 0 J");
  EXPECT_EQ(error_of([] { load_cost_model("eyeriss"); }),
            "eyeriss: its constants are multiples of the energy of a MAC, not joules; say what a "
            "MAC costs");
}

TEST(CostModel, CallsAndSecondsWhereAProfileChargesThem) {
  Totals totals = example();
  totals.calls = 7;
  totals.tally.nanoseconds = 2000;
  const CostModel model{.name = "fitted:me",
                        .per_mac = {picojoules(2), picojoules(0.5)},
                        .per_byte = {picojoules(3), {}},
                        .per_call = Constant{picojoules(100), picojoules(10)},
                        .per_second = ConstantPower{Watts(0.001), Watts(0.0001)}};
  // 2 us at 1 mW are 2000 pJ, whatever is skipped.
  expect_picojoules(model.energy(totals, Skipping::none).value(), 2000 + 1200 + 700 + 2000);
  expect_picojoules(model.energy(totals, Skipping::executed).value(), 1600 + 1200 + 700 + 2000);
  expect_picojoules(model.energy(totals, Skipping::none).uncertainty(), 500 + 70 + 200);
}

TEST(CostModel, PartsAddUpToTheEnergy) {
  const EnergyParts parts = zero_skip().parts(example(), Skipping::ideal, 120);
  expect_picojoules(parts.activations, 1950 * (70 - 30));
  expect_picojoules(parts.parameters, 1950 * 30);
  expect_picojoules(parts.compute, 400 * 3.7);
  expect_picojoules(parts.overhead, 0);
  expect_picojoules(parts.total(),
                    zero_skip().energy(example(), Skipping::ideal).value() / picojoules(1));
  EXPECT_EQ(error_of([] { zero_skip().parts(example(), Skipping::none, 401); }),
            "cost model: of 400 bytes 401 moved parameters");
}

TEST(CostModel, FiguresSayModelledByWhichProfile) {
  const auto figure = zero_skip().energy(Totals(), Skipping::none);
  EXPECT_EQ(str(figure), "0 J (modelled, zero-skip)");
}

TEST(CostModel, TheEnergyOfASumIsTheSumOfTheEnergies) {
  Totals other = example();
  other.work.macs = 5000;
  other.tally.values_in_nonzero = 33;
  Totals sum = example();
  sum += other;
  for (const CostModel& model : built_in_cost_models()) {
    for (const auto skipping : {Skipping::none, Skipping::ideal, Skipping::executed}) {
      const auto both = model.energy(sum, skipping);
      const auto a = model.energy(example(), skipping), b = model.energy(other, skipping);
      expect_picojoules(both.value(), (a.value() + b.value()) / picojoules(1));
      ASSERT_EQ(both.uncertainty().has_value(), model.per_byte.half_range.has_value());
      if (both.uncertainty()) {
        expect_picojoules(both.uncertainty(),
                          (*a.uncertainty() + *b.uncertainty()) / picojoules(1));
      }
    }
  }
}

TEST(CostModel, CountsThatContradictEachOtherAreRefused) {
  const auto refused = [](auto change) {
    Totals totals = example();
    change(totals);
    return error_of([&] { zero_skip().energy(totals, Skipping::ideal); });
  };
  EXPECT_EQ(refused([](Totals& t) { t.tally.macs_skipped = 601; }),
            "cost model: of 1000 MACs 600 were skippable and 601 skipped");
  EXPECT_EQ(refused([](Totals& t) { t.tally.macs_skippable = 1001; }),
            "cost model: of 1000 MACs 1001 were skippable and 200 skipped");
  EXPECT_EQ(refused([](Totals& t) { t.tally.values_in_nonzero = 41; }),
            "cost model: of 40 values 41 were not zero, and 400 bytes were moved");
  EXPECT_EQ(refused([](Totals& t) { t.tally.values_in = 101; }),
            "cost model: of 101 values 10 were not zero, and 400 bytes were moved");
}

std::string profile(std::string_view mac, std::string_view byte) {
  return str(R"({"name": "mine", "source": "me", "picojoules_per_mac": )", mac,
             R"(, "picojoules_per_byte": )", byte, "}");
}

TEST(CostModelFile, ConstantsAreNumbersOrRanges) {
  const auto model = parse_cost_model(profile("2", R"({"low": 10, "high": 30})"), "f.json");
  EXPECT_EQ(model.name, "mine");
  EXPECT_EQ(model.source, "me");
  const auto figure = model.energy(example(), Skipping::none);
  expect_picojoules(figure.value(), 1000 * 2 + 400 * 20);
  expect_picojoules(figure.uncertainty(), 400 * 10);
}

TEST(CostModelFile, AFittedProfileHasStandardErrorsAndSaysHowWellItFits) {
  const auto model = parse_cost_model(
      profile(R"({"value": 2, "standard_error": 0.5})",
              R"(3, "picojoules_per_call": 100, "watts": {"low": 1, "high": 3}, "device": "me",
                 "fit": {"windows": 9, "degrees_of_freedom": 6, "chi_square": 5.5,
                 "condition_number": 12, "rms_residual_joules": 0.1,
                 "largest_residual_joules": 0.2})"),
      "f.json");
  expect_picojoules(model.per_mac.energy, 2);
  expect_picojoules(model.per_mac.half_range, 0.5);
  expect_picojoules(model.per_call->energy, 100);
  EXPECT_EQ(model.per_second->power, Watts(2));
  EXPECT_EQ(model.per_second->half_range, Watts(1));
  EXPECT_EQ(model.device, "me");
  EXPECT_EQ(model.fit, (FitQuality{.windows = 9,
                                   .degrees_of_freedom = 6,
                                   .chi_square = 5.5,
                                   .condition_number = 12,
                                   .rms_residual = Joules(0.1),
                                   .largest_residual = Joules(0.2)}));
}

TEST(CostModelFile, EveryMistakeIsOneClearLine) {
  const std::string range = "f.json: 'picojoules_per_byte': ";
  const std::pair<std::string, std::string> cases[] = {
      {"", "f.json: not JSON at byte 1"},
      {R"({"name": )", "f.json: not JSON at byte 10"},
      {"{} x", "f.json: not JSON at byte 4"},
      {std::string(100000, '['), "f.json: nested more than 64 deep"},
      {"{\"name\": \"\xff\"}", "f.json: not JSON at byte 11"},
      {"[1]", "f.json: expected an object, got array"},
      {"{}", "f.json: 'name' is missing"},
      {R"({"name": 3})", "f.json: 'name' must be a text that is not empty"},
      {R"({"name": ""})", "f.json: 'name' must be a text that is not empty"},
      {R"({"name": "a", "name": "b"})", R"(f.json: the member "name" is there twice)"},
      {R"({"name": "a", "picojoules_per_byte": {"low": 1}, "name": "b"})",
       R"(f.json: the member "name" is there twice)"},
      {R"({"name": "mine", "source": "me", "picojoules_per_mac": 1})",
       "f.json: 'picojoules_per_byte' is missing"},
      {profile("null", "1"),
       "f.json: 'picojoules_per_mac' must be a number of picojoules >= 0, got null"},
      {profile("-1", "1"),
       "f.json: 'picojoules_per_mac' must be a number of picojoules >= 0, got -1"},
      {profile("1", "1e999"), "f.json: a number is out of the range of a double"},
      {profile("1", R"("1")"),
       "f.json: 'picojoules_per_byte' must be a number of picojoules >= 0, got string"},
      {profile("1", R"({"low": 1})"), range + "'high' is missing"},
      {profile("1", R"({"low": 3, "high": 2})"), range + "low 3 is above high 2"},
      {profile("1", R"({"low": -3, "high": 2})"),
       range + "'low' must be a number of picojoules >= 0, got -3"},
      {profile("1", R"({"low": 1, "high": 2, "mid": 1})"), range + "unknown member 'mid'"},
      {profile("1", R"({"value": 3})"), range + "'standard_error' is missing"},
      {profile("1", R"({"value": 3, "standard_error": 1, "low": 2})"),
       range + "unknown member 'low'"},
      {profile("1", R"(1, "watts": -1)"), "f.json: 'watts' must be a number of watts >= 0, got -1"},
      {profile("1", R"(1, "device": "")"), "f.json: 'device' must be a text that is not empty"},
      {profile("1", R"(1, "fit": 3)"), "f.json: 'fit': expected an object, got number"},
      {profile("1", R"(1, "fit": {"windows": 1.5})"),
       "f.json: 'fit': 'windows' must be a whole number >= 0, got 1.5"},
      {profile("1", R"(1, "picojoules_per_flop": 1)"),
       "f.json: unknown member 'picojoules_per_flop'"},
      {R"({"name": "zero-skip", "source": "me", "picojoules_per_mac": 1, "picojoules_per_byte": 1})",
       "f.json: 'zero-skip' is the name of a built-in profile"},
      {profile("1", std::string(75000, '[') + std::string(75000, ']')),
       "f.json: nested more than 64 deep"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(error_of<DataError>([&, &text = text] { parse_cost_model(text, "f.json"); }), message)
        << text;
  }
}

TEST(CostModelFile, IsLoadedByNameOrPath) {
  EXPECT_EQ(load_cost_model("horowitz45").name, "horowitz45");
  EXPECT_EQ(load_cost_model("zero-skip").name, "zero-skip");
  EXPECT_EQ(error_of<DataError>([] { load_cost_model("horowitz54"); }),
            "horowitz54: neither a profile (horowitz45, zero-skip, jouppi7) nor a readable file; "
            "did you mean 'horowitz45'?");
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / str("joule_cost_model_test.", ::getpid());
  fs::create_directory(folder);
  const std::string path = folder / "mine.json";
  std::ofstream(path) << profile("1", "2");
  EXPECT_EQ(load_cost_model(path).name, "mine");
  EXPECT_EQ(error_of<DataError>([&] { load_cost_model(folder); }),
            folder.string() + ": is a directory, expected a file");
  std::ofstream(path) << std::string((1 << 20) + 1, ' ');
  EXPECT_EQ(error_of<DataError>([&] { load_cost_model(path); }),
            path + ": a profile has at most 1048576 bytes");
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);  // nobody will ever write to it
  EXPECT_EQ(error_of<DataError>([&] { load_cost_model(path); }),
            path + ": is no regular file, expected a file");
  fs::remove_all(folder);
}

TEST(CostModelFile, TheExampleOfTheGuideIsAProfile) {
  const auto guide = std::filesystem::path(test::source_path("docs/energy.md"));
  std::ifstream file(guide);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string fence = "```json\n";
  const auto begin = text.str().find(fence);
  ASSERT_NE(begin, std::string::npos) << guide << " has no JSON example";
  const auto end = text.str().find("```", begin + fence.size());
  const auto model =
      parse_cost_model(text.str().substr(begin + fence.size(), end - begin - fence.size()), guide);
  EXPECT_EQ(model.name, "my-accelerator");
  EXPECT_EQ(model.per_mac.half_range, std::nullopt);
  expect_picojoules(model.per_byte.energy, 45);
  expect_picojoules(model.per_byte.half_range, 5);
}

}  // namespace
}  // namespace joule::energy

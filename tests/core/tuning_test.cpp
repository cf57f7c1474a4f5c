// SPDX-License-Identifier: MIT
#include "joule/core/tuning.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>

#include "joule/core/threads.h"
#include "joule/io/tuning_file.h"
#include "joule/kernels/conv2d/conv2d.h"
#include "joule/kernels/linear/linear.h"
#include "joule/kernels/this_machine.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/rounded_op.h"

namespace joule {
namespace {

using namespace test;

TuningEntry entry(std::int64_t size = 1, int threads = 2) {
  return {.op = "conv2d",
          .threads = threads,
          .sizes = {size, 28},
          .densities = {0.2, 0.6},
          .rows = {{"cpu.skip_zero", 10, {{2, 6}}}, {"cpu.direct", 5, {{5, 5}}}}};
}

TuningEntry two_operands() {
  return {.op = "both",
          .densities = {0.5},
          .rows = {{"skip_x", 8, {{4}, {8}}}, {"skip_y", 8, {{8}, {2}}}, {"plain", 4, {{4}, {4}}}}};
}

// The times.

TEST(TuningEntry, InterpolatesBetweenTheMeasuredDensities) {
  const TuningEntry e = entry();
  const auto at = [&](double density) { return e.milliseconds(e.rows[0], {density, 1}); };
  EXPECT_DOUBLE_EQ(at(0.2), 2);
  EXPECT_DOUBLE_EQ(at(0.4), 4);
  EXPECT_DOUBLE_EQ(at(0.6), 6);
  EXPECT_DOUBLE_EQ(at(0.8), 8);
  EXPECT_DOUBLE_EQ(at(1), 10);
  EXPECT_DOUBLE_EQ(at(0.1), 2) << "constant below the least";
  EXPECT_DOUBLE_EQ(at(0), 2);
}

TEST(TuningEntry, ADensityThatWandersCrossesOnce) {
  const TuningEntry e = entry();
  int changes = 0;
  bool skips = true;
  for (int i = 0; i <= 1000; ++i) {
    const std::array<double, 2> d{i / 1000.0, 1};
    const bool now = e.milliseconds(e.rows[0], d) < e.milliseconds(e.rows[1], d);
    changes += now != skips;
    skips = now;
    EXPECT_EQ(now, i < 500) << i;  // 2 + 4 (d - 0.2) / 0.4 = 5
  }
  EXPECT_EQ(changes, 1);
}

TEST(TuningEntry, RowsThatDifferByNoiseDoNotTakeTurns) {
  TuningEntry e{.op = "flat",
                .densities = {0.2, 0.4, 0.6},
                .rows = {{"a", 1.00, {{0.99, 1.01, 0.99}}}, {"b", 1.01, {{1.01, 0.99, 1.00}}}}};
  const auto choice = [&](double density) {
    return e.choose({density, 1}, [](std::string_view) { return true; })->name;
  };
  for (int i = 0; i <= 100; ++i) EXPECT_EQ(choice(i / 100.0), "a") << i;
  e.rows[1].sparse_ms[0][0] = 0.95;
  EXPECT_EQ(choice(0.2), "b") << "by more than noise";
  EXPECT_EQ(choice(1), "a");
}

TEST(TuningEntry, ChoosesAmongTheUsableRows) {
  const TuningEntry e = entry();
  EXPECT_EQ(e.choose({0.2, 1}, [](std::string_view) { return true; })->name, "cpu.skip_zero");
  EXPECT_EQ(e.choose({1, 1}, [](std::string_view) { return true; })->name, "cpu.direct");
  EXPECT_EQ(e.choose({0.2, 1}, [](auto name) { return name == "cpu.direct"; })->name, "cpu.direct");
  EXPECT_EQ(e.choose({1, 1}, [](auto name) { return name == "cpu.skip_zero"; })->name,
            "cpu.skip_zero");
  EXPECT_EQ(e.choose({1, 1}, [](std::string_view) { return false; }), nullptr);
}

TEST(TuningEntry, MultipliesWhatTheOperandsSave) {
  const TuningEntry e = two_operands();
  EXPECT_DOUBLE_EQ(e.milliseconds(e.rows[0], {0.5, 0.5}), 4);
  EXPECT_DOUBLE_EQ(e.milliseconds(e.rows[1], {0.5, 0.5}), 2);
  EXPECT_DOUBLE_EQ(e.milliseconds(e.rows[2], {0.5, 0.5}), 4);
  EXPECT_DOUBLE_EQ(e.milliseconds(e.rows[1], {0.5, 1}), 8);
}

TEST(TuningEntry, RefusesWhatCannotBe) {
  const auto problem = [](const std::function<void(TuningEntry&)>& spoil) {
    TuningEntry e = entry();
    spoil(e);
    return error_of([&] { e.check(); });
  };
  EXPECT_EQ(problem([](auto& e) { e.op = ""; }), "tuning: an entry names no operation");
  EXPECT_EQ(problem([](auto& e) { e.threads = 0; }),
            "tuning of conv2d: threads: expected at least 1, got 0");
  EXPECT_EQ(problem([](auto& e) { e.rows.clear(); }), "tuning of conv2d: there are no rows");
  EXPECT_EQ(problem([](auto& e) {
              e.densities = {0.6, 0.2};
            }),
            "tuning of conv2d: densities must ascend between 0 and 1, got 0.2 after 0.6");
  EXPECT_EQ(problem([](auto& e) { e.densities[1] = 1; }),
            "tuning of conv2d: densities must ascend between 0 and 1, got 1 after 0.2");
  EXPECT_EQ(problem([](auto& e) { e.rows[1].name = "cpu.skip_zero"; }),
            "tuning of conv2d: two rows are named 'cpu.skip_zero'");
  EXPECT_EQ(problem([](auto& e) { e.rows[0].dense_ms = 0; }),
            "tuning of conv2d, cpu.skip_zero: a time must be positive, got 0");
  EXPECT_EQ(problem([](auto& e) { e.rows[1].sparse_ms[0][1] = -1; }),
            "tuning of conv2d, cpu.direct: a time must be positive, got -1");
  EXPECT_EQ(problem([](auto& e) { e.rows[1].sparse_ms[0].pop_back(); }),
            "tuning of conv2d, cpu.direct: 1 times for 2 densities");
  EXPECT_EQ(problem([](auto& e) { e.rows[1].sparse_ms.clear(); }),
            "tuning of conv2d, cpu.direct: times for 0 sparse operands");
  EXPECT_EQ(problem([](auto& e) {
              e.rows[0].sparse_ms.resize(3, {1, 1});
            }),
            "tuning of conv2d, cpu.skip_zero: times for 3 sparse operands");
}

TEST(TuningTable, FindsWhatHasTheSameKey) {
  TuningTable table;
  table.add(entry(1));
  table.add(entry(2));
  table.add(entry(1, 1));
  EXPECT_EQ(table.size(), 3u);
  const auto* const found = table.find("conv2d", Device::cpu, 2, {1, 28});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, entry(1));
  EXPECT_EQ(table.find("conv2d", Device::cpu, 3, {1, 28}), nullptr);
  EXPECT_EQ(table.find("conv2d", Device::cuda, 2, {1, 28}), nullptr);
  EXPECT_EQ(table.find("linear", Device::cpu, 2, {1, 28}), nullptr);
  EXPECT_EQ(table.find("conv2d", Device::cpu, 2, {28, 1}), nullptr);
  TuningEntry again = entry(1);
  again.rows[0].dense_ms = 11;
  table.add(again);
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(table.find("conv2d", Device::cpu, 2, {1, 28})->rows[0].dense_ms, 11);
}

// The keys of the operations.

ops::Conv2d conv(std::int64_t batch = 2, const ConvParams& params = {.padding = 1}) {
  return {.x = random_tensor({batch, 6, 6, 16}, 1, 0.5),
          .weight = random_tensor({8, 3, 3, 16}, 2),
          .y = Tensor({batch, (6 + 2 * params.padding.h - 3) / params.stride.h + 1,
                       (6 + 2 * params.padding.w - 3) / params.stride.w + 1, 8}),
          .params = params};
}

TEST(TuningKeys, TellShapesApart) {
  const TuningSizes sizes = conv().tuning_key().sizes;
  EXPECT_EQ(sizes, conv().tuning_key().sizes);
  ops::Conv2d fused = conv();
  fused.relu = true;
  EXPECT_NE(sizes, fused.tuning_key().sizes);
  EXPECT_NE(sizes, conv(3).tuning_key().sizes);
  EXPECT_NE(sizes, conv(2, {.padding = 2}).tuning_key().sizes);
  EXPECT_NE(sizes, conv(2, {.stride = 2, .padding = 1}).tuning_key().sizes);
  const auto linear = [](std::int64_t n, std::int64_t in, std::int64_t out) {
    return ops::Linear{.x = Tensor({n, in}), .weight = Tensor({out, in}), .y = Tensor({n, out})}
        .tuning_key()
        .sizes;
  };
  EXPECT_EQ(linear(2, 3, 4), linear(2, 3, 4));
  EXPECT_NE(linear(2, 3, 4), linear(2, 4, 3));
  EXPECT_NE(linear(2, 3, 4), linear(3, 2, 4));
}

/// A table by which `row` is the fastest for `op`, whatever its zeros.
template <Tunable Op>
std::shared_ptr<TuningTable> in_favour_of(std::string_view row, const Op& op) {
  auto table = std::make_shared<TuningTable>();
  TuningEntry e{
      .op = std::string(Op::kName), .threads = num_threads(), .sizes = op.tuning_key().sizes};
  for (const auto& impl : Op::implementations()) {
    e.rows.push_back({std::string(impl.name), impl.name == row ? 1.0 : 2.0});
  }
  table->add(e);
  return table;
}

TEST(TuningTable, TheSameTableGivesTheSameBits) {
  const OnlyTheCpu the_table_is_of_the_cpu;
  const ops::Conv2d op = conv();
  for_each_implementation(op, [&](std::string_view name) {
    set_tuning_table(in_favour_of(name, op));
    LastRecord sink;
    Context ctx{.sink = &sink, .precision = precision_of(op, name)};
    dispatch(op, ctx);
    EXPECT_EQ(sink.implementation, name);
    const Tensor first = op.y.clone();
    for (int i = 0; i < 3; ++i) {
      op.y.fill(0);
      dispatch(op, ctx);
      EXPECT_EQ(sink.implementation, name);
      expect_same_bits(op.y, first);
    }
  });
  set_tuning_table(nullptr);
}

// The file.

const TuningMachine kHere{.cpu = "one", .simd = "AVX2", .joule = "0.1.0", .onednn = "2.6.0"};

class TuningFile : public testing::Test {
 protected:
  void save(const TuningMachine& machine, const std::vector<TuningEntry>& entries) {
    write(path_, merge_tuning(path_, machine, entries));
  }
  std::string problem() {
    return data_error_of([&] { load_tuning(path_, kHere); });
  }
  std::string contents() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// The problem of the file in which `old` is `text` instead.
  std::string problem_with(const std::string& old, const std::string& text) {
    save(kHere, {entry()});
    std::string all = contents();
    const std::size_t at = all.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    write(path_, all.replace(at, old.size(), text));
    const std::string why = problem();
    EXPECT_TRUE(why.starts_with(path_ + ": ")) << why;
    return why.substr(std::min(why.size(), path_.size() + 2));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "tuning.json";
};

TEST_F(TuningFile, ReadsBackExactly) {
  TuningEntry odd = entry(7, 1);
  odd.rows[0].dense_ms = 1.0 / 3;
  save(kHere, {entry(), odd, two_operands()});
  const LoadedTuning loaded = load_tuning(path_, kHere);
  EXPECT_EQ(loaded.table->size(), 3u);
  EXPECT_EQ(loaded.others, 0u);
  EXPECT_EQ(*loaded.table->find("conv2d", Device::cpu, 1, {7, 28}), odd);
  EXPECT_EQ(*loaded.table->find("both", Device::cpu, 1, {}), two_operands());
}

TEST_F(TuningFile, KeepsWhatWasMeasuredBefore) {
  save(kHere, {entry(1), entry(2)});
  TuningEntry again = entry(2);
  again.rows[0].dense_ms = 99;
  save(kHere, {again, entry(3)});
  const auto table = load_tuning(path_, kHere).table;
  EXPECT_EQ(table->size(), 3u);
  EXPECT_EQ(table->find("conv2d", Device::cpu, 2, {1, 28})->rows[0].dense_ms, 10);
  EXPECT_EQ(table->find("conv2d", Device::cpu, 2, {2, 28})->rows[0].dense_ms, 99);
}

TEST_F(TuningFile, EntriesOfAnotherMachineAreIgnoredAndKept) {
  save(kHere, {entry(1)});
  for (auto member :
       {&TuningMachine::cpu, &TuningMachine::simd, &TuningMachine::joule, &TuningMachine::onednn}) {
    TuningMachine other = kHere;
    other.*member = "another";
    const LoadedTuning before = load_tuning(path_, other);
    EXPECT_EQ(before.table->size(), 0u);
    save(other, {entry(5), entry(6)});
    EXPECT_EQ(load_tuning(path_, other).table->size(), 2u);
  }
  const LoadedTuning loaded = load_tuning(path_, kHere);
  EXPECT_EQ(loaded.table->size(), 1u);
  EXPECT_EQ(loaded.others, 8u);
}

TEST_F(TuningFile, SaysWhatIsWrong) {
  EXPECT_EQ(problem_with("\"joule tuning\"", "\"jowl tuning\""), "is not a 'joule tuning' file");
  EXPECT_EQ(problem_with("\"version\":1", "\"version\":2"), "has version 2, expected 1");
  EXPECT_EQ(problem_with("\"threads\":2", "\"threads\":0"),
            "tuning of conv2d: threads: expected at least 1, got 0");
  EXPECT_EQ(problem_with("\"threads\":2", "\"threads\":1.5"), "expected a whole number, got 1.5");
  EXPECT_EQ(problem_with("\"threads\":2", "\"threads\":4294967297"), "out of range: 4294967297");
  EXPECT_EQ(problem_with("\"threads\":2", "\"threads\":18446744073709551615"),
            "out of range: 18446744073709551615");
  EXPECT_EQ(problem_with("\"cpu\",\"threads\"", "\"gpu\",\"threads\""), "unknown device 'gpu'");
  EXPECT_EQ(problem_with("\"sizes\":[1,", "\"sizes\":["),
            "sizes: expected 16 whole numbers, got [28,0,0,0,0,0,0,0,0,0,0,0,0,0,0]");
  EXPECT_EQ(problem_with("10.0", "-10.0"),
            "tuning of conv2d, cpu.skip_zero: a time must be positive, got -10");
  for (const auto& [old, text] : {std::pair{"10.0", "\"10\""},
                                  {"10.0", "1e999"},
                                  {"\"rows\"", "\"rose\""},
                                  {"\"machines\":[", "\"machines\":[7,"},
                                  {"\"format\"", "\xff\"format\""}}) {
    EXPECT_TRUE(problem_with(old, text).starts_with("is damaged: ")) << problem_with(old, text);
  }
}

TEST_F(TuningFile, EveryTruncationIsAnError) {
  save(kHere, {entry()});
  const std::string whole = contents();
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {  // the last byte is a newline
    write(path_, whole.substr(0, size));
    ASSERT_TRUE(problem().starts_with(path_ + ": ")) << size;
  }
  write(path_, whole);
  EXPECT_EQ(load_tuning(path_, kHere).table->size(), 1u);
}

TEST_F(TuningFile, OtherJsonAndDeepJsonAreErrors) {
  for (const std::string& text :
       {std::string("[]"), std::string("7"), std::string("null"), std::string(R"({"format": 3})"),
        std::string(100000, '['), test::nested_json(75000)}) {
    write(path_, text);
    EXPECT_TRUE(problem().starts_with(path_ + ": ")) << text.substr(0, 20);
  }
}

TEST_F(TuningFile, MergingReplacesWhatCannotBeLoaded) {
  write(path_, "{\"format\": \"joule tuning\", \"version\": 1, \"mach");
  save(kHere, {entry()});
  EXPECT_EQ(load_tuning(path_, kHere).table->size(), 1u);
}

TEST_F(TuningFile, MissingFoldersAndHugeFilesAreErrors) {
  EXPECT_TRUE(problem().starts_with(path_ + ": "));
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(problem().starts_with(path_ + ": "));
  std::filesystem::remove(path_);
  write(path_, "{");
  std::filesystem::resize_file(path_, (std::uintmax_t{64} << 20) + 1);  // a hole: no room is used
  EXPECT_EQ(problem(), path_ + ": a table has at most 67108864 bytes");
}

/// Sets or unsets an environment variable until the end of the block.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* const old = std::getenv(name)) old_ = old;
    set(value);
  }
  ~Variable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) { value ? ::setenv(name_, value, 1) : ::unsetenv(name_); }
  const char* name_;
  std::optional<std::string> old_;
};

TEST(TuningPath, FollowsTheEnvironment) {
  const Variable home("HOME", "/home/ada");
  const Variable cache("XDG_CACHE_HOME", nullptr);
  const Variable named("JOULE_TUNING", nullptr);
  EXPECT_EQ(tuning_path(), "/home/ada/.cache/joule/tuning.json");
  {
    const Variable set("XDG_CACHE_HOME", "/cache");
    EXPECT_EQ(tuning_path(), "/cache/joule/tuning.json");
    const Variable file("JOULE_TUNING", "here.json");
    EXPECT_EQ(tuning_path(), "here.json");
    const Variable off("JOULE_TUNING", "off");
    EXPECT_EQ(tuning_path(), "");
  }
  {
    const Variable relative("XDG_CACHE_HOME", "cache");
    EXPECT_EQ(tuning_path(), "/home/ada/.cache/joule/tuning.json");
  }
  const Variable homeless("HOME", nullptr);
  EXPECT_EQ(tuning_path(), "");
}

TEST(ThisMachine, TellsWhatItIs) {
  const TuningMachine machine = this_machine();
  EXPECT_NE(machine.cpu, "");
  EXPECT_NE(machine.simd, "");
  EXPECT_EQ(machine, this_machine());
}

}  // namespace
}  // namespace joule

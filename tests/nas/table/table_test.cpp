// SPDX-License-Identifier: MIT
#include "joule/nas/table/table.h"

#include <gtest/gtest.h>

#include "joule/io/input_file.h"
#include "joule/tests/support/files.h"

namespace joule::nas {
namespace {

Value of(std::string name, double number, Checkpoint at = Checkpoint::end, std::string unit = "",
         Quality quality = Quality::measured) {
  return {.metric = {.name = std::move(name), .at = at, .unit = std::move(unit)},
          .number = number,
          .origin = {.quality = quality, .source = "a test"}};
}

Record record(const char* cell, std::int64_t epochs, std::int64_t repeat, double accuracy,
              double joules) {
  return {.cell = parse_cell(cell),
          .epochs = epochs,
          .repeat = repeat,
          .values = {of(kParameters, 1000, Checkpoint::run, "", Quality::counted),
                     of(kEpochs, static_cast<double>(epochs) / 4, Checkpoint::half),
                     of(kTrainingTime, 10, Checkpoint::half, "s"),
                     of(kEnergy, joules / 4, Checkpoint::half, "J"),
                     of(kValidationAccuracy, accuracy / 2, Checkpoint::half),
                     of(kTrainingTime, 40, Checkpoint::end, "s"),
                     of(kEnergy, joules, Checkpoint::end, "J"), of(kValidationAccuracy, accuracy)}};
}

// Two isomorphic cells, and a third one.
constexpr const char* kFirst =
    "01100/00010/00001/00001/00000:conv3x3-bn-relu,maxpool3x3,conv1x1-bn-relu";
constexpr const char* kSame =
    "01100/00001/00010/00001/00000:maxpool3x3,conv3x3-bn-relu,conv1x1-bn-relu";
constexpr const char* kOther = "011/001/000:conv3x3-bn-relu";

Table table() {
  Table table;
  table.add(record(kFirst, 4, 1, 0.5, 400));
  table.add(record(kFirst, 4, 2, 0.7, 600));
  table.add(record(kFirst, 12, 1, 0.8, 1200));
  table.add(record(kOther, 4, 1, 0.3, 100));
  return table;
}

std::string message(Table& table, const char* cell, std::int64_t epochs,
                    const QueryOptions& options = {}) {
  try {
    table.query(parse_cell(cell), epochs, options);
  } catch (const OutOfDomain& error) {
    return error.what();
  }
  return "no error";
}

TEST(Table, AnswersWithTheMeanOfTheTrainings) {
  Table t = table();
  const Answer answer = t.query(parse_cell(kFirst), 4);
  EXPECT_EQ(answer.repeats(), 2U);
  EXPECT_DOUBLE_EQ(*answer.number(kValidationAccuracy), 0.6);
  EXPECT_DOUBLE_EQ(*answer.number(kEnergy), 500);
  EXPECT_DOUBLE_EQ(*answer.number(kParameters), 1000);
  const Value energy = *answer.value(kEnergy);
  // Student's: t(1, 0.975) = 12.7062; the deviation over sqrt(2) is 100.
  EXPECT_NEAR(*energy.low, 500 - 1270.62, 0.01);
  EXPECT_NEAR(*energy.high, 500 + 1270.62, 0.01);
  EXPECT_EQ(energy.origin.source, "a test, mean of 2 runs");
  EXPECT_EQ(energy.metric.unit, "J");
  const Value parameters = *answer.value(kParameters);
  EXPECT_EQ(parameters.origin.quality, Quality::counted);
  EXPECT_FALSE(parameters.low) << "all trainings have the same";
}

TEST(Table, AnswersWithOneTraining) {
  Table t = table();
  const Answer answer = t.query(parse_cell(kFirst), 4, {.repeat = 2});
  EXPECT_EQ(answer.repeats(), 1U);
  EXPECT_EQ(*answer.number(kEnergy), 600);
  EXPECT_EQ(message(t, kFirst, 4, {.repeat = 3}),
            str("the table has no repeat 3 of 4 epochs of cell ", kFirst));
}

TEST(Table, IsomorphicCellsGetTheSameAnswer) {
  Table t = table();
  const Answer first = t.query(parse_cell(kFirst), 12);
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    const Answer same = t.query(parse_cell(kSame), 12);
    EXPECT_EQ(same.values(), first.values());
    EXPECT_EQ(same.cell(), first.cell());
  }
  // With a vertex that leads nowhere.
  const Answer pruned = t.query(parse_cell("0111/0001/0000/0000:conv3x3-bn-relu,maxpool3x3"), 4);
  EXPECT_EQ(pruned.cell(), parse_cell(kOther));
}

TEST(Table, HalfwayIsTheCheckpointInBetween) {
  Table t = table();
  const Answer answer = t.query(parse_cell(kFirst), 12, {.stop_halfway = true});
  EXPECT_EQ(*answer.number(kValidationAccuracy), 0.4);
  EXPECT_EQ(*answer.number(kParameters), 1000) << "of the run";
  EXPECT_EQ(answer.values().size(), 5U);
  Record without = record(kOther, 36, 1, 0.9, 10);
  std::erase_if(without.values, [](const Value& v) { return v.metric.at == Checkpoint::half; });
  t.add(without);
  EXPECT_EQ(message(t, kOther, 36, {.stop_halfway = true}),
            str("the record of 36 epochs of cell ", kOther, " has no checkpoint halfway"));
}

TEST(Table, CountsWhatTrainingWouldHaveCost) {
  Table t = table();
  t.query(parse_cell(kFirst), 4);
  t.query(fingerprint(parse_cell(kFirst)), 12, {.stop_halfway = true});
  EXPECT_EQ(t.spent().queries, 2);
  EXPECT_DOUBLE_EQ(t.spent().seconds, 40 + 10);
  EXPECT_DOUBLE_EQ(t.spent().joules, 500 + 300);
  EXPECT_DOUBLE_EQ(t.spent().epochs, 4 + 3) << "what the checkpoint says, not half of 12";
  message(t, kFirst, 108);
  EXPECT_EQ(t.spent().queries, 2) << "what the table lacks costs nothing";
  t.add({.cell = parse_cell(kOther), .epochs = 8, .values = {of(kValidationAccuracy, 0.5)}});
  t.query(parse_cell(kOther), 8);
  EXPECT_EQ(t.spent().without_seconds, 1);
  EXPECT_EQ(t.spent().without_joules, 1);
  EXPECT_DOUBLE_EQ(t.spent().epochs, 4 + 3 + 8);
  t.reset_spent();
  EXPECT_EQ(t.spent().queries, 0);
  EXPECT_EQ(t.spent().joules, 0);
}

TEST(Table, SaysWhyACellIsOutOfDomain) {
  Table t = table();
  EXPECT_EQ(message(t, "000/001/000:conv3x3-bn-relu", 4),
            "cell 000/001/000:conv3x3-bn-relu: no way leads from the cell's input to its output");
  EXPECT_EQ(message(t,
                    "010000/001000/000100/000010/000001/000000:maxpool3x3,maxpool3x3,maxpool3x3,"
                    "maxpool3x3",
                    4),
            "cell 010000/001000/000100/000010/000001/000000:maxpool3x3,maxpool3x3,maxpool3x3,"
            "maxpool3x3: the cell has 6 vertices, this table at most 5");
  EXPECT_EQ(message(t, "0111/0011/0001/0000:maxpool3x3,maxpool3x3", 4),
            "cell 0111/0011/0001/0000:maxpool3x3,maxpool3x3: the cell has 6 edges, this table "
            "at most 5");
  EXPECT_EQ(message(t, "01/00:", 4),
            "the table has no cell 01/00; it has 2 cells of at most 5 vertices and 5 edges");
  EXPECT_EQ(message(t, kFirst, 108),
            str("the table has no record of 108 epochs of cell ", kFirst, "; it has 4, 12 epochs"));
  EXPECT_FALSE(t.find(parse_cell(kFirst), 108));
  EXPECT_FALSE(t.find(parse_cell("01/00:"), 4));
  EXPECT_TRUE(t.find(fingerprint(parse_cell(kOther)), 4));
  EXPECT_THROW(t.query(fingerprint(parse_cell("01/00:")), 4), OutOfDomain);
}

TEST(Table, SaysWhichNumbersThereAre) {
  Table t = table();
  try {
    t.column("accuracy");
    FAIL();
  } catch (const ArgumentError& error) {
    EXPECT_STREQ(error.what(),
                 "the table has no 'accuracy'; it has parameters, epochs, training "
                 "time, energy, validation accuracy");
  }
}

TEST(Table, RefusesRecordsThatCannotBe) {
  Table t = table();
  const auto refused = [&](Record record) {
    try {
      t.add(record);
    } catch (const ArgumentError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(refused(record(kSame, 4, 2, 0.5, 1)),
            str("record of cell ", kSame, ", 4 epochs, repeat 2: the table has it already"));
  Record twice = record(kOther, 8, 1, 0.5, 1);
  twice.values.push_back(twice.values.back());
  EXPECT_EQ(refused(twice),
            str("record of cell ", kOther, ", 8 epochs, repeat 1: has validation accuracy twice"));
  Record other = record(kOther, 8, 1, 0.5, 1);
  other.values.back().metric.unit = "%";
  EXPECT_EQ(refused(other), "table: validation accuracy is in '', a record has it in '%'");
  Record nan = record(kOther, 8, 1, 0.0 / 0.0, 1);
  EXPECT_NE(refused(nan).find("validation accuracy: expected a finite number"), std::string::npos);
  EXPECT_NE(refused(record(kOther, 0, 1, 0.5, 1)).find("expected epochs"), std::string::npos);
  EXPECT_EQ(t.points().size(), 4U);
  t.add(record(kOther, 8, 1, 0.5, 1));
  EXPECT_EQ(*t.query(parse_cell(kOther), 8).number(kEnergy), 1) << "what was refused left nothing";
}

TEST(Table, KeepsIntervalsAndWhatIsUnavailable) {
  Table t = table();
  Record r = record(kOther, 8, 1, 0.5, 100);
  r.values.back().low = 0.4;
  r.values.back().high = 0.6;
  r.values.push_back({.metric = {.name = kCo2eq, .unit = "g"},
                      .origin = {.quality = Quality::unavailable, .reason = "not on the grid"}});
  t.add(r);
  const Answer answer = t.query(parse_cell(kOther), 8);
  EXPECT_EQ(answer.value(kValidationAccuracy)->low, 0.4);
  EXPECT_EQ(answer.value(kCo2eq)->origin.reason, "not on the grid");
  EXPECT_FALSE(answer.number(kCo2eq));
  EXPECT_FALSE(t.query(parse_cell(kOther), 4).value(kCo2eq)) << "never heard of";
  EXPECT_FALSE(t.query(parse_cell(kOther), 4).value(kValidationAccuracy)->low);
}

TEST(Table, ComesBackFromItsFileAsItWas) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "table.db";
  Table t = table();
  Record r = record(kOther, 8, 1, 0.5, 100);
  r.values.front().low = 990;
  r.values.front().high = 1010;
  r.values.push_back({.metric = {.name = kCo2eq, .unit = "g"},
                      .origin = {.quality = Quality::unavailable, .reason = "not on the grid"}});
  t.add(r);
  t.save(path);
  Table back = Table::open(path);
  ASSERT_EQ(back.points().size(), t.points().size());
  ASSERT_EQ(back.models().size(), t.models().size());
  EXPECT_EQ(back.limits(), t.limits());
  for (const auto& [cell, epochs] :
       {std::pair{kFirst, 4}, {kFirst, 12}, {kOther, 4}, {kOther, 8}}) {
    for (const bool half : {false, true}) {
      const QueryOptions options{.stop_halfway = half};
      EXPECT_EQ(back.query(parse_cell(cell), epochs, options).values(),
                t.query(parse_cell(cell), epochs, options).values());
    }
  }
  EXPECT_EQ(back.spent().joules, t.spent().joules);
  const std::string bytes = read_file(path);
  back.save(path);
  EXPECT_EQ(read_file(path), bytes);
  back.add(record(kOther, 108, 1, 0.9, 1));
  EXPECT_EQ(*back.query(parse_cell(kOther), 108).number(kEnergy), 1);
}

TEST(Table, RefusesOtherFiles) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "no_table.db";
  EXPECT_THROW(Table::open(path + "x"), DataError);
  test::write(path, "not a database, but a text that is long enough");
  EXPECT_THROW(Table::open(path), DataError);
  table().save(path);
  const std::string bytes = read_file(path);
  test::write(path, bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(Table::open(path), DataError);
  std::string newer = bytes;
  newer[63] = 9;  // PRAGMA user_version, big-endian at byte 60
  test::write(path, newer);
  try {
    Table::open(path);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.what(), path + ": is a table of version 9; this Joule reads version 1");
  }
  std::string foreign = bytes;
  foreign[68] = 'X';  // PRAGMA application_id
  test::write(path, foreign);
  EXPECT_THROW(Table::open(path), DataError);
}

}  // namespace
}  // namespace joule::nas

// SPDX-License-Identifier: MIT
#include "joule/exchange/tensorboard/event_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "joule/core/error.h"
#include "joule/exchange/tfrecord/tfrecord.h"
#include "joule/tests/support/files.h"

// What the records say is read in tests/cli/cli_tensorboard_test.py.
namespace joule::exchange {
namespace {

std::vector<std::string> records_in(const std::string& path) {
  TfRecordReader reader(path);
  std::vector<std::string> all;
  for (std::string data; reader.next(data);) all.push_back(data);
  return all;
}

TEST(EventFile, BeginsWithItsVersionAndWhereItStarts) {
  const test::TemporaryFolder folder;
  EventFile file(folder / "new/deep", 7);
  const std::vector<std::string> records = records_in(file.path());
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[0].ends_with(std::string("\x1a\x0d") + "brain.Event:2"));  // field 3
  // Step 7; field 7 (SessionLog), in which field 1 is START.
  EXPECT_TRUE(records[1].ends_with("\x10\x07\x3a\x02\x08\x01"));
}

TEST(EventFile, EachCallIsARecordThatIsThereAtOnce) {
  const test::TemporaryFolder folder;
  EventFile file(folder / "a", 0);
  file.begin(
      {.values = {{"lr", 0.1}, {"model", std::string("x")}, {"on", true}}, .metrics = {"a"}});
  EXPECT_EQ(records_in(file.path()).size(), 3u);
  file.add(1, {.scalars = {{"a", 2.5}}});
  EXPECT_EQ(records_in(file.path()).size(), 4u);
  file.end();
  file.sync();
  EXPECT_EQ(records_in(file.path()).size(), 5u);
}

TEST(EventFile, AHistogramOfNothingIsLeftOut) {
  const test::TemporaryFolder folder;
  EventFile file(folder / "a", 0);
  file.add(1, {.histograms = {{"empty", Histogram()}}});
  EXPECT_EQ(records_in(file.path()).back().find("empty"), std::string::npos);
  Histogram one;
  one.add(std::vector<float>{1});
  file.add(1, {.histograms = {{"one", one}}});
  EXPECT_NE(records_in(file.path()).back().find("one"), std::string::npos);
}

TEST(EventFile, ComesBehindThoseThatAreThere) {
  const test::TemporaryFolder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 4; ++i) paths.push_back(EventFile(folder / "a", i).path());  // in one second
  EXPECT_TRUE(std::ranges::is_sorted(paths));
  const std::string later = "events.out.tfevents.9000000000.host.1";
  test::write(folder / ("a/" + later), "");
  test::write(folder / "a/other.txt", "");
  const EventFile last(folder / "a", 9);
  EXPECT_TRUE(last.path().find("events.out.tfevents.9000000001.joule.") != std::string::npos);
  const std::vector<std::string> all = event_files(folder / "a");
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[4], later);
  EXPECT_TRUE(last.path().ends_with(all[5]));
}

TEST(EventFile, OfNoFolderThereIsNone) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(event_files(folder / "missing").empty());
}

TEST(EventFile, SaysWhatItCannotDo) {
  const test::TemporaryFolder folder;
  test::write(folder / "file", "");
  const std::string under = folder / "file/events";
  EXPECT_TRUE(
      test::data_error_of([&] { EventFile(under, 0); }).starts_with(under + ": cannot be made: "));
  EXPECT_TRUE(test::data_error_of([&] {
                event_files(folder / "file");
              }).starts_with((folder / "file") + ": cannot be read: "));
}

}  // namespace
}  // namespace joule::exchange

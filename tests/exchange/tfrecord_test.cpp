// SPDX-License-Identifier: MIT
#include "joule/exchange/tfrecord/tfrecord.h"

#include <gtest/gtest.h>

#include "joule/tests/support/files.h"
#include "joule/tests/support/tfrecord_bytes.h"

namespace joule::exchange {
namespace {

std::vector<std::string> records_of(const std::string& path) {
  TfRecordReader reader(path);
  std::vector<std::string> all;
  for (std::string data; reader.next(data);) all.push_back(data);
  return all;
}

TEST(Crc32c, IsThatOfRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, IsMaskedAsTensorFlowDoes) {
  const std::uint32_t crc = crc32c("foo");
  EXPECT_EQ(masked_crc32c("foo"), ((crc >> 15) | (crc << 17)) + 0xa282ead8U);
}

TEST(TfRecord, ReadsRecordsAlsoGzipped) {
  const test::TemporaryFolder folder;
  const std::string bytes = test::tfrecord("one") + test::tfrecord("") + test::tfrecord("three");
  const std::vector<std::string> expected{"one", "", "three"};
  EXPECT_EQ(records_of(test::write(folder / "a", bytes)), expected);
  EXPECT_EQ(records_of(test::write(folder / "b.gz", test::gzipped(bytes))), expected);
  EXPECT_TRUE(records_of(test::write(folder / "c", "")).empty());
}

TEST(TfRecord, WritesWhatItReads) {
  const test::TemporaryFolder folder;
  std::string bytes, expected;
  const std::vector<std::string> records{"", "one", std::string(300, '\xfe')};
  for (const std::string& record : records) {
    bytes += tfrecord(record);
    expected += test::tfrecord(record);
  }
  EXPECT_EQ(bytes, expected);
  EXPECT_EQ(records_of(test::write(folder / "a", bytes)), records);
}

TEST(TfRecord, SaysWhereWhatIsWrong) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "damaged";
  const std::string first = test::tfrecord("one"), second = test::tfrecord("two");
  const auto error_of = [&](std::string bytes) {
    test::write(path, bytes);
    return test::data_error_of([&] { records_of(path); });
  };
  const std::string at = path + ": record at byte 19: ";
  for (std::size_t left = 1; left < second.size(); ++left) {
    EXPECT_EQ(error_of(first + second.substr(0, left)), at + "the file ends within it") << left;
  }
  std::string length = first + second;
  length[19] ^= 1;
  EXPECT_EQ(error_of(length),
            at + "the check sum of its length is wrong: damaged, or no TFRecord file");
  std::string data = first + second;
  data[19 + 12] ^= 1;
  EXPECT_EQ(error_of(data), at + "the check sum of its data is wrong: damaged");
  EXPECT_EQ(error_of(first + test::tfrecord_head(std::uint64_t{1} << 40)),
            at + "is of 1099511627776 bytes, more than the 16777216 that one may have");
}

}  // namespace
}  // namespace joule::exchange

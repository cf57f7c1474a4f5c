// SPDX-License-Identifier: MIT
#include "joule/data/readers/idx.h"

#include "joule/io/gzip_reader.h"
#include "joule/io/input_file.h"
#include "joule/tests/support/files.h"

namespace joule {
namespace {

using namespace test;

class IdxTest : public testing::Test {
 protected:
  /// What read_idx says about these bytes, after the path.
  std::string complaint(std::string_view bytes, int rank = 3) {
    const std::string path = write(folder_ / "file", bytes);
    const std::string message = data_error_of([&] { read_idx(path, rank); });
    EXPECT_TRUE(message.starts_with(path + ": ")) << message;
    return message.substr(std::min(message.size(), path.size() + 2));
  }

  TemporaryFolder folder_;
  const std::string pixels_ = counting_bytes(2 * 3 * 4);
  const std::string file_ = idx_images(2, 3, 4, pixels_);
};

TEST_F(IdxTest, ReadsPlainAndGzipped) {
  const std::string members = gzipped(file_.substr(0, 11)) + gzipped(file_.substr(11));
  for (const std::string& bytes : {file_, gzipped(file_), members, members + std::string(1, '\0'),
                                   gzipped(file_) + std::string(200000, '\0')}) {
    const Idx idx = read_idx(write(folder_ / "file", bytes), 3);
    EXPECT_EQ(idx.shape, (Shape{2, 3, 4}));
    EXPECT_EQ(std::string(idx.values.begin(), idx.values.end()), pixels_);
  }
  const Idx labels = read_idx(write(folder_ / "labels", idx_labels(3, "\1\2\3")), 1);
  EXPECT_EQ(labels.values, (std::vector<std::uint8_t>{1, 2, 3}));
}

TEST_F(IdxTest, ReadsMoreThanOneBuffer) {
  const std::string pixels = counting_bytes(1000 * 50 * 60);
  const Idx idx = read_idx(write(folder_ / "big", gzipped(idx_images(1000, 50, 60, pixels))), 3);
  EXPECT_EQ(std::string(idx.values.begin(), idx.values.end()), pixels);
}

TEST_F(IdxTest, SaysWhatIsWrong) {
  EXPECT_EQ(complaint(""), "at byte 0: the file ends within the IDX header");
  EXPECT_EQ(complaint(file_.substr(0, 13)), "at byte 13: the file ends within the IDX header");
  EXPECT_EQ(
      complaint(idx_labels(24, pixels_)),
      "at byte 0: the magic number is 0x00000801, expected 0x00000803 (IDX, unsigned bytes, 3 "
      "dimensions)");
  EXPECT_EQ(
      complaint(file_, 1),
      "at byte 0: the magic number is 0x00000803, expected 0x00000801 (IDX, unsigned bytes, 1 "
      "dimension)");
  EXPECT_EQ(complaint(file_.substr(0, 39)),
            "at byte 39: the file is truncated: the header promises [2,3,4] = 24 bytes, there are "
            "23");
  EXPECT_EQ(complaint(file_ + "x"),
            "at byte 41: the file goes on after the [2,3,4] = 24 bytes that the header promises");
}

TEST_F(IdxTest, BelievesNoPromise) {
  EXPECT_EQ(complaint(idx_images(10'000'000, 28, 28, pixels_)),
            "at byte 40: the file is truncated: the header promises [10000000,28,28] = 7840000000 "
            "bytes, there are 24");
  EXPECT_EQ(
      complaint(gzipped(idx_images(0x80000000, 28, 28, pixels_))),
      "at byte 16: the IDX header promises [2147483648,28,28] = 1683627180032 bytes, expected "
      "at most 8589934592");
  EXPECT_EQ(complaint(idx_images(0xffffffff, 0xffffffff, 0xffffffff, pixels_)),
            "at byte 16: the IDX header promises too much: shape: too many elements, got "
            "[4294967295,4294967295,4294967295]");
}

TEST_F(IdxTest, FindsDamagedGzipData) {
  const std::string packed = gzipped(file_);
  EXPECT_EQ(complaint(packed.substr(0, packed.size() - 9)),
            "at byte 40: the gzip data ends early: the file is truncated");
  EXPECT_EQ(complaint(packed + "more"), "at byte 40: damaged gzip data: incorrect header check");
  EXPECT_EQ(complaint(packed + std::string(100000, '\0') + "more"),
            "at byte 40: the gzip data are followed by zeros, and those by something else");
  EXPECT_EQ(complaint(packed + std::string(3, '\0') + packed),
            "at byte 40: the gzip data are followed by zeros, and those by something else");
  EXPECT_EQ(complaint(packed + packed.substr(0, 1)),
            "at byte 40: the gzip data ends early: the file is truncated");
  std::string flipped = packed;
  flipped[packed.size() - 8] ^= 1;  // of the check sum
  EXPECT_EQ(complaint(flipped), "at byte 40: damaged gzip data: incorrect data check");
  flipped = packed;
  flipped[packed.size() - 1] ^= 1;  // of the length
  EXPECT_EQ(complaint(flipped), "at byte 40: damaged gzip data: incorrect length check");
}

TEST_F(IdxTest, EveryTruncationIsAnError) {
  for (const std::string& whole : {file_, gzipped(file_)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      SCOPED_TRACE(size);
      complaint(whole.substr(0, size));
    }
  }
}

TEST_F(IdxTest, EveryFlippedBitIsAnErrorOrChangesNothing) {
  const std::string packed = gzipped(file_);
  int errors = 0;
  for (std::size_t bit = 16; bit < 8 * packed.size(); ++bit) {
    std::string flipped = packed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    write(folder_ / "file", flipped);
    try {
      const Idx idx = read_idx(folder_ / "file", 3);
      EXPECT_EQ(std::string(idx.values.begin(), idx.values.end()), pixels_) << bit;
    } catch (const DataError&) {
      ++errors;
    }
  }
  // The header's time and system (6 bytes), and less than a byte before the check sum, say nothing.
  EXPECT_GE(errors, static_cast<int>(8 * packed.size() - 16 - 6 * 8 - 7));
}

TEST_F(IdxTest, NeedsARegularFile) {
  EXPECT_EQ(data_error_of([&] { read_idx(folder_ / "missing", 3); }),
            folder_ / "missing" + ": cannot be opened: No such file or directory");
  EXPECT_EQ(data_error_of([&] { read_idx(folder_.path().string(), 3); }),
            folder_.path().string() + ": is a directory, expected a file");
  EXPECT_EQ(data_error_of([] { read_idx("/dev/zero", 3); }),
            "/dev/zero: is no regular file, expected a file");
}

TEST(InputFile, ReadFileGivesAllBytes) {
  const TemporaryFolder folder;
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 200000}) {
    const std::string bytes = counting_bytes(size);
    EXPECT_EQ(read_file(write(folder / "file", bytes)), bytes);
  }
}

TEST(GzipReader, MemoryGrowsWithWhatArrives) {
  const TemporaryFolder folder;
  GzipReader reader(write(folder / "file", "abc"));
  const auto bytes = reader.read_at_most(std::uint64_t{1} << 60);
  EXPECT_EQ(bytes.size(), 3u);
  EXPECT_LE(bytes.capacity(), std::size_t{1} << 21);
}

}  // namespace
}  // namespace joule

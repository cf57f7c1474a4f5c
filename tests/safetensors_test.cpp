// SPDX-License-Identifier: MIT
#include "data/safetensors.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <functional>
#include <limits>

#include "core/memory.h"
#include "data/input_file.h"
#include "tests/files.h"

namespace joule {
namespace {

using namespace test;

std::string file_of(const std::string& header, std::string_view data) {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + std::string(data);
}

State sample_state() {
  State state;
  state.tensors["conv.weight"] =
      Tensor::from(std::vector<float>{1.5f, -0.0f, std::numeric_limits<float>::quiet_NaN(), 1e-45f,
                                      std::numeric_limits<float>::infinity(), 3},
                   {1, 2, 3, 1});
  state.tensors["step"] = Tensor::from(std::vector<std::int32_t>{-7}, Shape{});
  state.tensors["empty"] = Tensor(Shape{0, 4});
  state.values = {{"lr", "0.05"}, {"quote\" and \n line", "\xc3\xa9"}};
  return state;
}

void expect_equal(const State& actual, const State& expected) {
  EXPECT_EQ(actual.values, expected.values);
  ASSERT_EQ(actual.tensors.size(), expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(actual.tensors.contains(name));
    const Tensor& found = actual.tensors.at(name);
    ASSERT_EQ(found.shape(), tensor.shape());
    ASSERT_EQ(found.dtype(), tensor.dtype());
    const auto bytes = [](const Tensor& t) -> const void* {
      if (t.dtype() == DType::i32) return t.data<std::int32_t>();
      return t.data<float>();
    };
    EXPECT_EQ(std::memcmp(bytes(found), bytes(tensor), tensor.bytes()), 0);
  }
}

class SafetensorsTest : public testing::Test {
 protected:
  std::string complaint(std::string_view bytes) {
    write(path_, bytes);
    const std::string message = data_error_of([&] { load_safetensors(path_); });
    EXPECT_TRUE(message.starts_with(path_ + ": ")) << message;
    return message.substr(std::min(message.size(), path_.size() + 2));
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "model.safetensors";
};

TEST_F(SafetensorsTest, RoundTripKeepsEveryBit) {
  save_safetensors(path_, sample_state());
  expect_equal(load_safetensors(path_), sample_state());
  save_safetensors(path_, State{});
  expect_equal(load_safetensors(path_), State{});
}

TEST_F(SafetensorsTest, WritesTheFormat) {
  State state;
  state.tensors["b"] = Tensor::from(std::vector<float>{1, 2}, {2});
  state.tensors["a"] = Tensor::from(std::vector<std::int32_t>{3}, {1, 1});
  state.values["k"] = "v";
  save_safetensors(path_, state);
  std::string header =
      R"({"__metadata__":{"k":"v"},"a":{"data_offsets":[0,4],"dtype":"I32","shape":[1,1]},)"
      R"("b":{"data_offsets":[4,12],"dtype":"F32","shape":[2]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string data("\3\0\0\0\0\0\x80\x3f\0\0\0\x40", 12);
  EXPECT_EQ(read_file(path_), file_of(header, data));
}

TEST_F(SafetensorsTest, HeaderIsPaddedToEightBytes) {
  for (std::size_t length = 1; length <= 8; ++length) {
    State state;
    state.values["k"] = std::string(length, 'v');
    save_safetensors(path_, state);
    EXPECT_EQ(std::filesystem::file_size(path_) % 8, 0u);
  }
}

TEST_F(SafetensorsTest, RefusesWhatTheFormatCannotHold) {
  const auto refusal = [&](const State& state) -> std::string {
    try {
      save_safetensors(path_, state);
    } catch (const ArgumentError& error) {
      return error.what();
    }
    return "saved";
  };
  EXPECT_EQ(refusal({.tensors = {{"x", Tensor()}}, .values = {}}),
            "save_safetensors: x is undefined");
  EXPECT_EQ(refusal({.tensors = {{"x", Tensor({1}, DType::f64)}}, .values = {}}),
            "save_safetensors: x is f64, expected f32 or i32");
  EXPECT_EQ(refusal({.tensors = {{"__metadata__", Tensor({1})}}, .values = {}}),
            "save_safetensors: a tensor cannot be named __metadata__");
  EXPECT_EQ(refusal({.tensors = {}, .values = {{"k", "\xff"}}}),
            "save_safetensors: a name or value is not valid UTF-8");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(SafetensorsTest, SaysWhatIsWrongWithTheHeader) {
  EXPECT_EQ(complaint("1234567"), "has 7 bytes, expected a safetensors file, which has at least 8");
  EXPECT_EQ(complaint(std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)),
            "promises a header of 18446744073709551615 bytes, but has 10 bytes; headers have at "
            "most 100000000");
  EXPECT_EQ(complaint(std::string("\3\0\0\0\0\0\0\0{}", 10)),
            "promises a header of 3 bytes, but has 10 bytes; headers have at most 100000000");
  EXPECT_TRUE(complaint(file_of("", "")).starts_with("the header is not valid JSON: "));
  EXPECT_TRUE(complaint(file_of("{\"a\":", "")).starts_with("the header is not valid JSON: "));
  EXPECT_TRUE(complaint(file_of("{} {}", "")).starts_with("the header is not valid JSON: "));
  EXPECT_TRUE(complaint(file_of("{\"\xff\":1}", "")).starts_with("the header is not valid JSON: "));
  EXPECT_EQ(complaint(file_of("[]", "")), "the header is not a JSON object");
  EXPECT_EQ(complaint(file_of(std::string(100000, '['), "")), "the header is nested too deeply");
  EXPECT_EQ(complaint(file_of(R"({"a":{"b":{"c":{"d":1}}}})", "")),
            "the header is nested too deeply");
  EXPECT_EQ(complaint(file_of(R"({"__metadata__":[]})", "")), "__metadata__ is not an object");
  EXPECT_EQ(complaint(file_of(R"({"__metadata__":{"lr":0.1}})", "")),
            "__metadata__ 'lr' is not a string");
  const std::string entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_EQ(complaint(file_of("{\"a\":" + entry + ",\"a\":" + entry + "}", "1234")),
            "the header has \"a\" twice");
  EXPECT_EQ(complaint(file_of(R"({"a":{"dtype":"F32","dtype":"I32"}})", "1234")),
            "the header has \"dtype\" twice");
}

TEST_F(SafetensorsTest, SaysWhatIsWrongWithATensor) {
  const auto with = [&](const std::string& entry, std::string_view data = "12345678") {
    return complaint(file_of("{\"a\":" + entry + "}", data));
  };
  const std::string malformed = "tensor 'a': expected a dtype, a shape and two data_offsets";
  for (const char* const entry :
       {"1", "null", "[]", "{}", R"({"dtype":"F32","shape":[2]})",
        R"({"dtype":"F32","data_offsets":[0,8]})", R"({"shape":[2],"data_offsets":[0,8]})",
        R"({"dtype":1,"shape":[2],"data_offsets":[0,8]})",
        R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})",
        R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})",
        R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})",
        R"({"dtype":"F32","shape":["2"],"data_offsets":[0,8]})",
        R"({"dtype":"F32","shape":[2],"data_offsets":[0]})",
        R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})",
        R"({"dtype":"F32","shape":[2],"data_offsets":[-1,7]})"}) {
    EXPECT_EQ(with(entry), malformed) << entry;
  }
  for (const char* const dtype : {"F64", "F16", "BF16", "U8", "f32", ""}) {
    EXPECT_EQ(with(str(R"({"dtype":")", dtype, R"(","shape":[2],"data_offsets":[0,8]})")),
              str("tensor 'a': dtype ", dtype, ", expected F32 or I32"));
  }
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[1,1,1,1,2],"data_offsets":[0,8]})"),
            "tensor 'a': shape: at most 4 dimensions, got 5");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})"),
            "tensor 'a': shape: too many elements, got [4294967296,4294967296]");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]})"),
            "tensor 'a': extent 18446744073709551615 in its shape");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
            "tensor 'a': data_offsets 0 to 8, but F32 [3] takes 12 bytes");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"),
            "tensor 'a': data_offsets 8 to 0, but F32 [2] takes 8 bytes");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})"),
            "tensor 'a' begins at 4, with a gap after the one before it, which ends at 0");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", "1234567"),
            "tensor 'a' ends at 8, but there are only 7 bytes of data");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", "123456789"),
            "1 bytes follow the last tensor");
}

TEST_F(SafetensorsTest, TensorsLieSideBySide) {
  const auto two = [&](const char* first, const char* second) {
    return complaint(
        file_of(str(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)", first,
                    R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)", second, "}}"),
                "123456789012"));
  };
  EXPECT_EQ(two("[0,4]", "[2,6]"),
            "tensor 'b' begins at 2, inside the one before it, which ends at 4");
  EXPECT_EQ(two("[0,4]", "[0,4]"),
            "tensor 'b' begins at 0, inside the one before it, which ends at 4");
  EXPECT_EQ(two("[8,12]", "[0,4]"),
            "tensor 'a' begins at 8, with a gap after the one before it, which ends at 4");
  EXPECT_EQ(two("[0,4]", "[4,8]"), "4 bytes follow the last tensor");
}

TEST_F(SafetensorsTest, AllocatesNothingByTheFilesClaim) {
  write(path_, file_of(R"({"a":{"dtype":"F32","shape":[1000000000000],)"
                       R"("data_offsets":[0,4000000000000]}})",
                       "1234"));
  reset_peak_memory();
  const std::int64_t before = memory_stats().peak;
  EXPECT_EQ(data_error_of([&] { load_safetensors(path_); }),
            path_ + ": tensor 'a' ends at 4000000000000, but there are only 4 bytes of data");
  EXPECT_EQ(memory_stats().peak, before);
}

TEST_F(SafetensorsTest, EveryTruncationIsAnError) {
  save_safetensors(path_, sample_state());
  const std::string whole = read_file(path_);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    complaint(whole.substr(0, size));
  }
}

TEST_F(SafetensorsTest, EveryFlippedByteIsAnErrorOrAState) {
  save_safetensors(path_, sample_state());
  const std::string whole = read_file(path_);
  std::uint64_t header = 0;
  std::memcpy(&header, whole.data(), sizeof header);
  const std::size_t end_of_header = sizeof header + header;
  int errors = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x20, 0xff}) {
      SCOPED_TRACE(str("byte ", at, " ^ ", flip));
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      write(path_, damaged);
      try {
        const State state = load_safetensors(path_);
        EXPECT_GE(at, sizeof header);
        EXPECT_GE(state.tensors.size(), 2u);
      } catch (const DataError&) {
        EXPECT_LT(at, end_of_header);  // any bits are a number
        ++errors;
      }
    }
  }
  EXPECT_GT(errors, 100);
}

TEST_F(SafetensorsTest, AFailedSaveLeavesTheOldFile) {
  save_safetensors(path_, sample_state());
  State large;
  large.tensors["x"] = Tensor::zeros({1 << 16});
  // A limit on the size of files stands for a full disk: write() fails half-way in the same manner.
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit low{.rlim_cur = 100'000, .rlim_max = old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  const std::string message = data_error_of([&] { save_safetensors(path_, large); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(message, path_ + ": cannot be written: File too large");
  expect_equal(load_safetensors(path_), sample_state());
  EXPECT_FALSE(std::filesystem::exists(path_ + ".joule.tmp"));
}

}  // namespace
}  // namespace joule

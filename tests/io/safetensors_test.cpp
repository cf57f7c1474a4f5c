// SPDX-License-Identifier: MIT
#include "joule/io/safetensors.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include "joule/core/backend/memory.h"
#include "joule/io/input_file.h"
#include "joule/io/stored_tensors.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

std::string file_of(const std::string& header, std::string_view data) {
  return safetensors_file(header, data);
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
      R"({"__metadata__":{"joule.layout":"ohwi","k":"v"},"a":{"data_offsets":[0,4],"dtype":"I32","shape":[1,1]},)"
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
  EXPECT_EQ(complaint(file_of("", "")), "the header: not JSON at byte 1");
  EXPECT_EQ(complaint(file_of("{\"a\":", "")), "the header: not JSON at byte 6");
  EXPECT_EQ(complaint(file_of("{} {}", "")), "the header: not JSON at byte 4");
  EXPECT_EQ(complaint(file_of("{\"\xff\":1}", "")), "the header: not JSON at byte 3");
  EXPECT_EQ(complaint(file_of("[]", "")), "the header is not a JSON object");
  EXPECT_EQ(complaint(file_of(std::string(100000, '['), "")),
            "the header: nested more than 3 deep");
  EXPECT_EQ(complaint(file_of(R"({"a":{"b":{"c":{"d":1}}}})", "")),
            "the header: nested more than 3 deep");
  EXPECT_EQ(complaint(file_of(R"({"__metadata__":[]})", "")), "__metadata__ is not an object");
  EXPECT_EQ(complaint(file_of(R"({"__metadata__":{"lr":0.1}})", "")),
            "__metadata__ 'lr' is not a string");
  const std::string entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_EQ(complaint(file_of("{\"a\":" + entry + ",\"a\":" + entry + "}", "1234")),
            "the header: the member \"a\" is there twice");
  EXPECT_EQ(complaint(file_of(R"({"a":{"dtype":"F32","dtype":"I32"}})", "1234")),
            "the header: the member \"dtype\" is there twice");
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
  for (const char* const dtype : {"F64", "I64", "U8", "f32", ""}) {
    EXPECT_EQ(with(str(R"({"dtype":")", dtype, R"(","shape":[2],"data_offsets":[0,8]})")),
              str("tensor 'a': dtype ", dtype, ", expected F32, F16, BF16 or I32"));
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

/// conv.weight [8,3,3,3], which fits in either layout, and fc.weight [2,12] behind an image
/// [2,2,3].
State layered_state() {
  State state;
  std::vector<float> values(8 * 3 * 3 * 3 + 24);
  std::iota(values.begin(), values.end(), 0.0f);
  const std::span<const float> all(values);
  state.tensors["conv.weight"] = Tensor::from(all.first(216), {8, 3, 3, 3});
  state.tensors["fc.weight"] = Tensor::from(all.last(24), {2, 12});
  state.tensors["fc.bias"] = Tensor::from(all.first(2), {2});
  state.tensors["norm.weight"] = Tensor::from(all.first(12), {12});
  return state;
}
const FlattenedInputs kFlattened = {{"fc", {2, 2, 3}}, {"norm", {2, 2, 3}}};

TEST_F(SafetensorsTest, TheFileStatesItsLayout) {
  const State state = layered_state();
  for (const SaveOptions& options :
       {SaveOptions{}, SaveOptions{.layout = WeightLayout::oihw, .flattened = kFlattened}}) {
    save_safetensors(path_, state, options);
    expect_equal(load_safetensors(path_), state);
  }
  // What PyTorch sees: channels first.
  const StoredTensors stored = read_stored_tensors(path_);
  EXPECT_EQ(stored.metadata.at("joule.layout"), "oihw");
  EXPECT_EQ(stored.metadata.at("joule.flattened"), R"({"fc":[2,2,3],"norm":[2,2,3]})");
  const float* const conv = stored.tensors.at("conv.weight").data<float>();
  EXPECT_EQ(conv[1], 3);  // [0,0,0,1] of OIHW is [0,0,1,0] of OHWI
  const float* const columns = stored.tensors.at("fc.weight").data<float>();
  EXPECT_EQ(columns[1], 216 + 3);
  EXPECT_EQ(stored.tensors.at("norm.weight").data<float>()[4], 1);
  EXPECT_EQ(stored.tensors.at("fc.bias").data<float>()[1], 1);
}

TEST_F(SafetensorsTest, ALayoutThatNobodyStatesIsRefused) {
  const auto store = [&](const State& state, std::map<std::string, std::string> metadata = {}) {
    write_stored_tensors(path_, {.tensors = state.tensors, .metadata = std::move(metadata)});
  };
  const auto refusal = [&](const LoadOptions& options = {}) {
    const std::string message = data_error_of([&] { load_safetensors(path_, options); });
    return message.substr(std::min(message.size(), path_.size() + 2));
  };
  State state = layered_state();
  store(state);
  EXPECT_EQ(refusal(),
            "does not state its layout, and 'conv.weight' [8,3,3,3] could be [out,kh,kw,in] as in "
            "Joule or [out,in,kh,kw] as in PyTorch: state it, load_safetensors(path, {.layout = "
            "WeightLayout::ohwi}) or {.layout = WeightLayout::oihw, .flattened = ...}");
  const std::string unknown_columns =
      "'fc.weight' [2,12] could read a flattened image, whose channels come first in this file: "
      "state what does, load_safetensors(path, {.layout = WeightLayout::oihw, .flattened = "
      "nn::flattened_inputs(net, {height, width, channels})}), or {} if no layer does";
  EXPECT_EQ(refusal({.layout = WeightLayout::oihw}), unknown_columns);
  expect_equal(load_safetensors(path_, {.layout = WeightLayout::ohwi}), state);
  const State converted =
      load_safetensors(path_, {.layout = WeightLayout::oihw, .flattened = kFlattened});
  expect_same_bits(converted.tensors.at("conv.weight"),
                   oihw_to_ohwi(state.tensors.at("conv.weight")));
  EXPECT_EQ(converted.tensors.at("fc.weight").data<float>()[1], 216 + 4);
  EXPECT_EQ(refusal({.layout = WeightLayout::oihw, .flattened = FlattenedInputs{{"f", {2, 2, 3}}}}),
            "layout: no tensor of layer 'f' has the 12 columns of a flattened image [2,2,3]");
  // A model of a Joule that did not state it.
  store(state, {{"format", "pt"}, {"joule", "0.1.0"}, {"model", "x"}});
  EXPECT_EQ(refusal(), unknown_columns);
  expect_same_bits(load_safetensors(path_, {.flattened = kFlattened}).tensors.at("conv.weight"),
                   oihw_to_ohwi(state.tensors.at("conv.weight")));
  // Nothing but vectors, and matrices that are too narrow to be of images with channels.
  std::erase_if(state.tensors, [](const auto& named) { return named.second.shape().rank() == 4; });
  store(state);
  EXPECT_TRUE(refusal().starts_with(
      "does not state its layout, and 'fc.weight' [2,12] could be behind a flattened image of "
      "channels last as in Joule or first as in PyTorch: state it"));
  state.tensors["fc.weight"] = Tensor::zeros({2, 3});
  store(state);
  expect_equal(load_safetensors(path_), state);
}

TEST_F(SafetensorsTest, TwoStatementsMustAgree) {
  save_safetensors(path_, layered_state(), {.layout = WeightLayout::oihw, .flattened = kFlattened});
  EXPECT_EQ(data_error_of([&] { load_safetensors(path_, {.layout = WeightLayout::ohwi}); }),
            path_ + ": states that its weights lie as oihw, expected ohwi");
  EXPECT_EQ(data_error_of([&] { load_safetensors(path_, {.flattened = FlattenedInputs{}}); }),
            path_ + R"(: states the flattened inputs {"fc":[2,2,3],"norm":[2,2,3]}, the net {})");
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"joule.layout", "hwio"},
           {"joule.flattened", "[]"},
           {"joule.flattened", "{"},
           {"joule.flattened", R"({"fc":[2,2]})"},
           {"joule.flattened", R"({"fc":[2,2,-3]})"},
           {"joule.flattened", R"({"fc":[2,2,18446744073709551615]})"}}) {
    write_stored_tensors(path_, {.tensors = {}, .metadata = {{key, value}}});
    EXPECT_EQ(data_error_of([&] { load_safetensors(path_); }),
              path_ + ": the metadata's '" + key + "' cannot be '" + value + "'");
  }
  EXPECT_EQ(
      error_of([&] {
        save_safetensors(path_, {.values = {{"joule.layout", "ohwi"}}});
      }),
      "save_safetensors: the values state 'joule.layout': say .layout and .flattened instead");
  EXPECT_EQ(
      error_of([&] { save_safetensors(path_, layered_state(), {.layout = WeightLayout::oihw}); }),
      "save_safetensors: 'fc.weight' [2,12] could read a flattened image: say .flattened = "
      "nn::flattened_inputs(net, {height, width, channels}), or {} if no layer does");
}

TEST_F(SafetensorsTest, HalfTypesAreWidened) {
  const auto load = [&](const char* dtype, const std::vector<std::uint16_t>& bits) {
    const std::string data(reinterpret_cast<const char*>(bits.data()), bits.size() * 2);
    write(path_, file_of(str(R"({"a":{"dtype":")", dtype, R"(","shape":[)", bits.size(),
                             R"(],"data_offsets":[0,)", data.size(), "]}}"),
                         data));
    const Tensor a = load_safetensors(path_).tensors.at("a");
    return std::vector<float>(a.data<float>(), a.data<float>() + a.numel());
  };
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(load("F16", {0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00}),
            (std::vector<float>{1, -2, 0x1.554p-2f, 0x1p-24f, 0x1.ff8p-15f, 0x1p-14f, 65504,
                                kInfinity, -kInfinity}));
  EXPECT_TRUE(std::signbit(load("F16", {0x8000})[0]));
  EXPECT_TRUE(std::isnan(load("F16", {0x7e00})[0]));
  EXPECT_EQ(load("BF16", {0x3f80, 0xc000, 0x0001, 0x7f80}),
            (std::vector<float>{1, -2, 0x1p-133f, kInfinity}));
  const std::vector<float> many = load("BF16", std::vector<std::uint16_t>(10000, 0x4040));
  EXPECT_EQ(std::ranges::count(many, 3.0f), 10000);
}

TEST_F(SafetensorsTest, CountersOfBatchesAreLeftOut) {
  const auto with = [](const char* name, const char* shape, int bytes) {
    return file_of(
        str(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[)", bytes, ",", bytes + 4, R"(]},")",
            name, R"(":{"dtype":"I64","shape":)", shape, R"(,"data_offsets":[0,)", bytes, "]}}"),
        std::string(static_cast<std::size_t>(bytes), '\1') + std::string("\0\0\x80\x3f", 4));
  };
  for (const char* const name : {"num_batches_tracked", "block1.norm.num_batches_tracked"}) {
    write(path_, with(name, "[]", 8));
    const State state = load_safetensors(path_);
    ASSERT_EQ(state.tensors.size(), 1u);
    EXPECT_EQ(state.tensors.at("b").data<float>()[0], 1.0f);
  }
  EXPECT_EQ(complaint(with("my_num_batches_tracked", "[]", 8)),
            "tensor 'my_num_batches_tracked': dtype I64, expected F32, F16, BF16 or I32");
  EXPECT_EQ(complaint(with("norm.num_batches_tracked", "[2]", 16)),
            "tensor 'norm.num_batches_tracked': dtype I64, expected one number, got shape [2]");
  EXPECT_EQ(complaint(with("norm.num_batches_tracked", "[]", 4)),
            "tensor 'norm.num_batches_tracked': data_offsets 0 to 4, but I64 [] takes 8 bytes");
}

}  // namespace
}  // namespace joule

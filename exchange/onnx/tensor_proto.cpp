// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/tensor_proto.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <type_traits>

#include "joule/core/error.h"
#include "joule/io/input_file.h"
#include "joule/io/parse_number.h"
#include "joule/io/stored_tensors.h"

namespace joule::exchange {
namespace {

using ::onnx::TensorProto;

/// The bytes of a tensor whose data is in another file.
std::string external_bytes(const TensorProto& tensor, const std::string& path,
                           std::uint64_t bytes) {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = parse_number<std::uint64_t>("offset", entry.value());
    if (entry.key() == "length") length = parse_number<std::uint64_t>("length", entry.value());
  }
  const std::filesystem::path file = location;
  require(!location.empty() && file.is_relative() &&
              std::ranges::none_of(file, [](const auto& part) { return part == ".."; }),
          "expected its data in a file beside this one or below, got '", location, "'");
  require(!length || *length == bytes, "expected ", bytes, " bytes of external data, got ",
          length.value_or(0));
  InputFile input((std::filesystem::path(path).parent_path() / file).string());
  require(offset <= input.size() && bytes <= input.size() - offset, "expected ", bytes,
          " bytes from ", offset, " of ", location, ", it has ", input.size());
  std::string data(bytes, '\0');
  require(input.read_at(offset, data.data(), bytes) == bytes, location, " became shorter");
  return data;
}

/// The raw values of type T as To.
template <class T, class To, class Convert>
void append_raw(std::string_view raw, std::vector<To>& to, Convert&& convert) {
  for (std::size_t at = 0; at < raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    to.push_back(convert(value));
  }
}

std::int64_t bytes_of(int type) {
  switch (type) {
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
    case TensorProto::UINT64:
      return 8;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 4;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::INT16:
    case TensorProto::UINT16:
      return 2;
    case TensorProto::INT8:
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return 1;
    default:
      throw ArgumentError(str("elements of ONNX's type ", type,
                              ": expected float32, float16, bfloat16, float64, whole numbers or "
                              "booleans"));
  }
}

std::int64_t checked_integer(std::uint64_t value) {
  require(value <= std::uint64_t{1} << 62, "a whole number is too large: ", value);
  return static_cast<std::int64_t>(value);
}

std::int64_t checked_integer(std::int64_t value) {
  require(value != kBatch, "a whole number is too small: ", value);
  return value;
}

void read_raw(std::string_view raw, int type, Constant& to) {
  const auto integers = [&]<class T>(T) {
    append_raw<T>(raw, to.integers, [](T v) {
      using Wide = std::conditional_t<std::is_unsigned_v<T>, std::uint64_t, std::int64_t>;
      return checked_integer(Wide{v});
    });
  };
  switch (type) {
    case TensorProto::FLOAT:
      to.floats.resize(raw.size() / sizeof(float));
      if (!raw.empty()) std::memcpy(to.floats.data(), raw.data(), raw.size());  // not from null
      return;
    case TensorProto::DOUBLE:
      return append_raw<double>(raw, to.floats, [](double v) { return static_cast<float>(v); });
    case TensorProto::FLOAT16:
      return append_raw<std::uint16_t>(raw, to.floats, float_of_f16);
    case TensorProto::BFLOAT16:
      return append_raw<std::uint16_t>(raw, to.floats, float_of_bf16);
    case TensorProto::INT64:
      return integers(std::int64_t{});
    case TensorProto::UINT64:
      return integers(std::uint64_t{});
    case TensorProto::INT32:
      return integers(std::int32_t{});
    case TensorProto::UINT32:
      return integers(std::uint32_t{});
    case TensorProto::INT16:
      return integers(std::int16_t{});
    case TensorProto::UINT16:
      return integers(std::uint16_t{});
    case TensorProto::INT8:
      return integers(std::int8_t{});
    default:
      return integers(std::uint8_t{});
  }
}

/// Data in the fields that are of a type.
void read_fields(const TensorProto& tensor, Constant& to) {
  const auto halves = [&](float (*widen)(std::uint16_t)) {
    for (const std::int32_t v : tensor.int32_data()) {
      to.floats.push_back(widen(static_cast<std::uint16_t>(v)));
    }
  };
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      to.floats.assign(tensor.float_data().begin(), tensor.float_data().end());
      return;
    case TensorProto::DOUBLE:
      for (const double v : tensor.double_data()) to.floats.push_back(static_cast<float>(v));
      return;
    case TensorProto::FLOAT16:
      return halves(float_of_f16);
    case TensorProto::BFLOAT16:
      return halves(float_of_bf16);
    case TensorProto::INT64:
      for (const std::int64_t v : tensor.int64_data()) to.integers.push_back(checked_integer(v));
      return;
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      for (const std::uint64_t v : tensor.uint64_data()) to.integers.push_back(checked_integer(v));
      return;
    default:
      to.integers.assign(tensor.int32_data().begin(), tensor.int32_data().end());
  }
}

ElementType element_type(int type) {
  switch (type) {
    case TensorProto::FLOAT:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return ElementType::f32;
    case TensorProto::DOUBLE:
      return ElementType::f64;
    case TensorProto::BOOL:
      return ElementType::boolean;
    default:
      return ElementType::integer;
  }
}

}  // namespace

Constant decode(const TensorProto& tensor, const std::string& path) {
  const int type = tensor.data_type();
  const std::int64_t size = bytes_of(type);
  Constant result{.type = element_type(type),
                  .dims = Dims(tensor.dims().begin(), tensor.dims().end())};
  const auto count = static_cast<std::uint64_t>(elements(result));
  const std::uint64_t bytes = count * static_cast<std::uint64_t>(size);
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    read_raw(external_bytes(tensor, path, bytes), type, result);
  } else if (tensor.has_raw_data()) {
    require(tensor.raw_data().size() == bytes, "expected ", bytes, " bytes for ",
            dims_text(result.dims), ", got ", tensor.raw_data().size());
    read_raw(tensor.raw_data(), type, result);
  } else {
    read_fields(tensor, result);
  }
  const std::size_t got = result.is_float() ? result.floats.size() : result.integers.size();
  require(got == count, "expected ", count, " values for ", dims_text(result.dims), ", got ", got);
  if (result.type == ElementType::boolean) {
    for (std::int64_t& v : result.integers) v = v != 0;
  }
  return result;
}

}  // namespace joule::exchange

// SPDX-License-Identifier: MIT
#include "joule/io/stored_tensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <vector>

#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/input_file.h"
#include "joule/io/json_text.h"

namespace joule {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr const char* kMetadata = "__metadata__";
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the Python package reads no longer ones
constexpr std::uint64_t kMaxExtent = std::numeric_limits<std::int64_t>::max();

const void* contents(const Tensor& tensor) {
  if (tensor.dtype() == DType::i32) return tensor.data<std::int32_t>();
  return tensor.data<float>();
}

std::string make_header(const StoredTensors& state) {
  json header = json::object();
  if (!state.metadata.empty()) header[kMetadata] = state.metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : state.tensors) {
    require(name != kMetadata, "save_safetensors: a tensor cannot be named ", kMetadata);
    require(tensor.defined(), "save_safetensors: ", name, " is undefined");
    require(tensor.dtype() != DType::f64, "save_safetensors: ", name,
            " is f64, expected f32 or i32");
    const std::uint64_t end = offset + tensor.bytes();
    header[name] = {
        {"dtype", tensor.dtype() == DType::f32 ? "F32" : "I32"},
        {"shape", std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end())},
        {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    throw ArgumentError("save_safetensors: a name or value is not valid UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  require(text.size() <= kMaxHeader, "save_safetensors: the names and values take ", text.size(),
          " bytes, at most ", kMaxHeader, " are allowed");
  return text;
}

/// A type of values that files hold, and what it becomes in memory.
struct Element {
  std::string_view name;
  std::size_t bytes;
  DType as;
};
constexpr std::array kElements = {Element{"F32", 4, DType::f32}, Element{"I32", 4, DType::i32},
                                  Element{"F16", 2, DType::f32}, Element{"BF16", 2, DType::f32}};
/// PyTorch's batch norms count their batches, which nothing here uses.
constexpr Element kCounter{"I64", 8, DType::i32};
constexpr std::string_view kCounterName = "num_batches_tracked";

bool is_counter(std::string_view name, std::string_view dtype) {
  return dtype == kCounter.name && (name == kCounterName || name.ends_with(str(".", kCounterName)));
}

/// Where a tensor lies in the file, counted from the end of the header.
struct Entry {
  std::uint64_t begin, end;
  std::string name;
  Element element;
  Shape shape;
  bool is_counter;
};

/// The header's text as JSON: an object of tensors, which are objects with arrays.
json parse_header(const std::string& path, const std::string& text) {
  constexpr int kDepth = 3;
  if (const std::string fault = fault_of_json(text, kDepth); !fault.empty()) {
    throw DataError(str(path, ": the header: ", fault));
  }
  json header = json::parse(text);
  if (!header.is_object()) throw DataError(str(path, ": the header is not a JSON object"));
  return header;
}

Entry parse_entry(const std::string& path, const std::string& name, const json& value) {
  const auto fail = [&]<class... Ts>(const Ts&... what) {
    throw DataError(str(path, ": tensor '", name, "': ", what...));
  };
  const auto is_list = [&](const char* key) {
    return value.is_object() && value.contains(key) && value[key].is_array() &&
           std::ranges::all_of(value[key], [](const json& n) { return n.is_number_unsigned(); });
  };
  if (!is_list("shape") || !is_list("data_offsets") || value["data_offsets"].size() != 2 ||
      !value.contains("dtype") || !value["dtype"].is_string()) {
    fail("expected a dtype, a shape and two data_offsets");
  }
  const auto dtype = value["dtype"].get<std::string>();
  const bool counter = is_counter(name, dtype);
  const auto* const element = std::ranges::find(kElements, dtype, &Element::name);
  if (!counter && element == kElements.end()) {
    fail("dtype ", dtype, ", expected F32, F16, BF16 or I32");
  }
  Entry entry{.begin = value["data_offsets"][0],
              .end = value["data_offsets"][1],
              .name = name,
              .element = counter ? kCounter : *element,
              .shape = {},
              .is_counter = counter};
  std::vector<std::int64_t> dims;
  for (const json& dim : value["shape"]) {
    const auto extent = dim.get<std::uint64_t>();
    if (extent > kMaxExtent) fail("extent ", extent, " in its shape");
    dims.push_back(static_cast<std::int64_t>(extent));
  }
  try {
    entry.shape = Shape(dims);
  } catch (const ArgumentError& error) {
    fail(error.what());
  }
  const std::uint64_t bytes = static_cast<std::uint64_t>(entry.shape.numel()) * entry.element.bytes;
  if (counter && entry.shape.numel() != 1) {
    fail("dtype ", dtype, ", expected one number, got shape ", entry.shape);
  }
  if (entry.begin > entry.end || entry.end - entry.begin != bytes) {
    fail("data_offsets ", entry.begin, " to ", entry.end, ", but ", dtype, " ", entry.shape,
         " takes ", bytes, " bytes");
  }
  return entry;
}

/// Every byte after the header belongs to exactly one tensor.
void check_coverage(const std::string& path, std::vector<Entry>& entries,
                    std::uint64_t data_bytes) {
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::tie(e.begin, e.end, e.name); });
  std::uint64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered) {
      throw DataError(str(path, ": tensor '", entry.name, "' begins at ", entry.begin, ", ",
                          entry.begin < covered ? "inside" : "with a gap after",
                          " the one before it, which ends at ", covered));
    }
    covered = entry.end;
    if (covered > data_bytes) {
      throw DataError(str(path, ": tensor '", entry.name, "' ends at ", covered,
                          ", but there are only ", data_bytes, " bytes of data"));
    }
  }
  if (covered != data_bytes) {
    throw DataError(str(path, ": ", data_bytes - covered, " bytes follow the last tensor"));
  }
}

void read_exactly(InputFile& file, void* to, std::size_t bytes) {
  if (file.read(to, bytes) < bytes) {
    throw DataError(str(file.path(), ": became shorter while it was read"));
  }
}

std::string read_header(InputFile& file) {
  std::uint64_t length = 0;
  if (file.read(&length, sizeof length) < sizeof length) {
    throw DataError(str(file.path(), ": has ", file.size(),
                        " bytes, expected a safetensors file, which has at least 8"));
  }
  if (file.size() < sizeof length || length > file.size() - sizeof length || length > kMaxHeader) {
    throw DataError(str(file.path(), ": promises a header of ", length, " bytes, but has ",
                        file.size(), " bytes; headers have at most ", kMaxHeader));
  }
  std::string text(length, '\0');
  read_exactly(file, text.data(), length);
  return text;
}

/// Reads `count` 16-bit numbers as floats.
void read_widened(InputFile& file, float* to, std::size_t count, float (*widen)(std::uint16_t)) {
  std::array<std::uint16_t, 4096> chunk;
  while (count > 0) {
    const std::size_t some = std::min(count, chunk.size());
    read_exactly(file, chunk.data(), some * sizeof chunk[0]);
    to =
        std::transform(chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(some), to, widen);
    count -= some;
  }
}

Tensor read_tensor(InputFile& file, const Entry& entry) {
  const Tensor tensor(entry.shape, entry.element.as);
  if (entry.element.as == DType::i32) {
    read_exactly(file, tensor.mutable_data<std::int32_t>(), tensor.bytes());
  } else if (entry.element.bytes == sizeof(float)) {
    read_exactly(file, tensor.mutable_data<float>(), tensor.bytes());
  } else {
    read_widened(file, tensor.mutable_data<float>(), static_cast<std::size_t>(tensor.numel()),
                 entry.element.name == "F16" ? float_of_f16 : float_of_bf16);
  }
  return tensor;
}

std::map<std::string, std::string> parse_metadata(const std::string& path, const json& value) {
  if (!value.is_object()) throw DataError(str(path, ": ", kMetadata, " is not an object"));
  std::map<std::string, std::string> metadata;
  for (const auto& [key, item] : value.items()) {
    if (!item.is_string()) {
      throw DataError(str(path, ": ", kMetadata, " '", key, "' is not a string"));
    }
    metadata.emplace(key, item.get<std::string>());
  }
  return metadata;
}

}  // namespace

float float_of_f16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16, mantissa = bits & 0x3ffu;
  const int exponent = bits >> 10 & 0x1f;
  if (exponent == 0) {  // zero, and the subnormal numbers: multiples of 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const std::uint32_t widened =
      exponent == 0x1f ? 0xffu : static_cast<std::uint32_t>(exponent - 15 + 127);
  return std::bit_cast<float>(sign | widened << 23 | mantissa << 13);
}

float float_of_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

void write_stored_tensors(const std::string& path, const StoredTensors& stored) {
  const std::string header = make_header(stored);
  AtomicFile file(path);
  const std::uint64_t length = header.size();
  file.write(&length, sizeof length);
  file.write(header.data(), header.size());
  for (const auto& [name, tensor] : stored.tensors) {
    const Tensor on_host = tensor.to(Device::cpu);
    file.write(contents(on_host), on_host.bytes());
  }
  file.commit();
}

StoredTensors read_stored_tensors(const std::string& path) {
  InputFile file(path);
  const std::string text = read_header(file);
  StoredTensors stored;
  std::vector<Entry> entries;
  const json header = parse_header(path, text);
  for (const auto& [name, value] : header.items()) {
    if (name == kMetadata) {
      stored.metadata = parse_metadata(path, value);
    } else {
      entries.push_back(parse_entry(path, name, value));
    }
  }
  check_coverage(path, entries, file.size() - sizeof(std::uint64_t) - text.size());
  for (const Entry& entry : entries) {
    if (entry.is_counter) {
      std::uint64_t unused = 0;
      read_exactly(file, &unused, sizeof unused);
    } else {
      stored.tensors.emplace(entry.name, read_tensor(file, entry));
    }
  }
  if (char beyond = 0; file.read(&beyond, 1) > 0) {
    throw DataError(str(path, ": became longer while it was read"));
  }
  return stored;
}

}  // namespace joule

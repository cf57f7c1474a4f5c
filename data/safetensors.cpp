// SPDX-License-Identifier: MIT
#include "data/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "data/atomic_file.h"
#include "data/input_file.h"

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

std::string make_header(const State& state) {
  json header = json::object();
  if (!state.values.empty()) header[kMetadata] = state.values;
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

/// Where a tensor lies in the file, counted from the end of the header.
struct Entry {
  std::uint64_t begin, end;
  std::string name;
  DType dtype;
  Shape shape;
};

/// The header's text as JSON: no name twice, no deeper than the format goes.
json parse_header(const std::string& path, const std::string& text) {
  std::vector<std::set<std::string>> names;  // of the objects that are open
  const auto callback = [&](int depth, json::parse_event_t event, json& value) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth > 2) throw DataError(str(path, ": the header is nested too deeply"));
    }
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key && !names.back().insert(value.get<std::string>()).second) {
      throw DataError(str(path, ": the header has ", value.dump(), " twice"));
    }
    return true;
  };
  try {
    json header = json::parse(text, callback);
    if (!header.is_object()) throw DataError(str(path, ": the header is not a JSON object"));
    return header;
  } catch (const json::exception& error) {
    throw DataError(str(path, ": the header is not valid JSON: ", error.what()));
  }
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
  if (dtype != "F32" && dtype != "I32") fail("dtype ", dtype, ", expected F32 or I32");
  Entry entry{.begin = value["data_offsets"][0],
              .end = value["data_offsets"][1],
              .name = name,
              .dtype = dtype == "F32" ? DType::f32 : DType::i32,
              .shape = {}};
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
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(entry.shape.numel()) * size_of(entry.dtype);
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

std::string read_header(InputFile& file) {
  std::uint64_t length = 0;
  if (file.read(&length, sizeof length) < sizeof length) {
    throw DataError(str(file.path(), ": has ", file.size(),
                        " bytes, expected a safetensors file, which has at least 8"));
  }
  if (length > file.size() - sizeof length || length > kMaxHeader) {
    throw DataError(str(file.path(), ": promises a header of ", length, " bytes, but has ",
                        file.size(), " bytes; headers have at most ", kMaxHeader));
  }
  std::string text(length, '\0');
  if (file.read(text.data(), length) < length) {
    throw DataError(str(file.path(), ": became shorter while it was read"));
  }
  return text;
}

}  // namespace

void save_safetensors(const std::string& path, const State& state) {
  const std::string header = make_header(state);
  AtomicFile file(path);
  const std::uint64_t length = header.size();
  file.write(&length, sizeof length);
  file.write(header.data(), header.size());
  for (const auto& [name, tensor] : state.tensors) {
    const Tensor on_host = tensor.to(Device::cpu);
    file.write(contents(on_host), on_host.bytes());
  }
  file.commit();
}

State load_safetensors(const std::string& path) {
  InputFile file(path);
  const std::string text = read_header(file);
  State state;
  std::vector<Entry> entries;
  const json header = parse_header(path, text);
  for (const auto& [name, value] : header.items()) {
    if (name != kMetadata) {
      entries.push_back(parse_entry(path, name, value));
      continue;
    }
    if (!value.is_object()) throw DataError(str(path, ": ", kMetadata, " is not an object"));
    for (const auto& [key, item] : value.items()) {
      if (!item.is_string()) {
        throw DataError(str(path, ": ", kMetadata, " '", key, "' is not a string"));
      }
      state.values.emplace(key, item.get<std::string>());
    }
  }
  check_coverage(path, entries, file.size() - sizeof(std::uint64_t) - text.size());
  for (const Entry& entry : entries) {
    const Tensor tensor(entry.shape, entry.dtype);
    void* const to = entry.dtype == DType::f32 ? static_cast<void*>(tensor.mutable_data<float>())
                                               : tensor.mutable_data<std::int32_t>();
    if (file.read(to, tensor.bytes()) < tensor.bytes()) {
      throw DataError(str(path, ": became shorter while it was read"));
    }
    state.tensors.emplace(entry.name, tensor);
  }
  return state;
}

}  // namespace joule

// SPDX-License-Identifier: MIT
#include "joule/io/safetensors.h"

#include <cstring>

#include "joule/core/error.h"
#include "joule/io/stored_tensors.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/tests/support/file_bytes.h"

namespace joule::fuzz {
namespace {

/// Every byte was read from the file, and is there.
void touch(const State& state) {
  for (const auto& [name, tensor] : state.tensors) {
    const std::string copy(static_cast<const char*>(tensor.raw()), tensor.bytes());
    require(copy.size() == tensor.bytes(), "another size");
  }
}

void read(std::string_view bytes) {
  for (const LoadOptions& options :
       {LoadOptions{}, LoadOptions{.layout = WeightLayout::ohwi},
        LoadOptions{.layout = WeightLayout::oihw, .flattened = FlattenedInputs{}}}) {
    try {
      touch(load_safetensors(file_in_memory(bytes), options));
    } catch (const DataError&) {
    }
  }
}

std::vector<std::string> seeds() {
  const std::string floats = test::counting_bytes(48);
  return {test::safetensors_file("{}", ""),
          test::safetensors_file(
              R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1,2,1],)"
              R"("data_offsets":[0,16]},"n":{"dtype":"I64","shape":[],"data_offsets":[16,24]}})",
              floats.substr(0, 24)),
          test::safetensors_file(
              R"({"x.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
              R"("h":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},)"
              R"("b":{"dtype":"BF16","shape":[2,1],"data_offsets":[12,16]},)"
              R"("i":{"dtype":"I32","shape":[2],"data_offsets":[16,24]}})",
              floats.substr(0, 24)),
          test::safetensors_file(
              R"({"__metadata__":{"joule.layout":"oihw","joule.flattened":"{\"fc\":[1,2,2]}"},)"
              R"("c":{"dtype":"F32","shape":[1,2,1,2],"data_offsets":[0,16]},)"
              R"("fc.weight":{"dtype":"F32","shape":[2,4],"data_offsets":[16,48]}})",
              floats)};
}

}  // namespace

const Reader kSafetensors{.name = "safetensors", .read = read, .seeds = seeds};

}  // namespace joule::fuzz

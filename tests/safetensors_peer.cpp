// SPDX-License-Identifier: MIT
//
// Joule's side of safetensors_python_test.py:
//   safetensors_peer write FILE          writes the sample
//   safetensors_peer check FILE          exits 0 if FILE holds the sample, as another program wrote
//   it
#include <cmath>
#include <iostream>
#include <limits>
#include <vector>

#include "core/error.h"
#include "data/layout.h"
#include "data/safetensors.h"

namespace joule {
namespace {

/// weight[o, h, w, i] = 1000 o + 100 h + 10 w + i, given to the world as OIHW.
State make_sample() {
  std::vector<float> weight;
  for (int o = 0; o < 2; ++o) {
    for (int h = 0; h < 3; ++h) {
      for (int w = 0; w < 4; ++w) {
        for (int i = 0; i < 5; ++i) {
          weight.push_back(static_cast<float>(1000 * o + 100 * h + 10 * w + i));
        }
      }
    }
  }
  State state;
  state.tensors["conv.weight"] = ohwi_to_oihw(Tensor::from(weight, {2, 3, 4, 5}));
  state.tensors["special"] =
      Tensor::from(std::vector<float>{0.1f, 1e-45f, -std::numeric_limits<float>::infinity()}, {3});
  state.tensors["empty"] = Tensor(Shape{0, 2});
  state.tensors["step"] = Tensor::from(std::vector<std::int32_t>{-7}, Shape{});
  state.values = {{"format", "pt"}, {"learning rate \"\xc3\xa9\"", "0.05"}};
  return state;
}

template <class T>
void check_values(const std::string& name, const Tensor& actual, const Tensor& expected) {
  for (std::int64_t i = 0; i < expected.numel(); ++i) {
    require(actual.data<T>()[i] == expected.data<T>()[i], name, "[", i, "] is ",
            actual.data<T>()[i], ", expected ", expected.data<T>()[i]);
  }
}

void check(const std::string& path) {
  const State actual = load_safetensors(path), expected = make_sample();
  require(actual.values == expected.values, "the values differ");
  require(actual.tensors.size() == expected.tensors.size(), actual.tensors.size(), " tensors");
  for (const auto& [name, tensor] : expected.tensors) {
    require(actual.tensors.contains(name), name, " is missing");
    const Tensor& found = actual.tensors.at(name);
    require(found.shape() == tensor.shape() && found.dtype() == tensor.dtype(), name, " is ",
            found.dtype(), " ", found.shape());
    if (tensor.dtype() == DType::f32) check_values<float>(name, found, tensor);
    if (tensor.dtype() == DType::i32) check_values<std::int32_t>(name, found, tensor);
  }
}

}  // namespace
}  // namespace joule

int main(int argc, char** argv) {
  const std::string verb = argc == 3 ? argv[1] : "";
  try {
    if (verb == "write") {
      joule::save_safetensors(argv[2], joule::make_sample());
    } else if (verb == "check") {
      joule::check(argv[2]);
    } else {
      std::cerr << "usage: safetensors_peer write|check FILE\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "safetensors_peer: " << error.what() << '\n';
    return 1;
  }
}

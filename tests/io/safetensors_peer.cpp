// SPDX-License-Identifier: MIT
//
// Joule's side of safetensors_python_test.py:
//   safetensors_peer write FILE          writes the sample
//   safetensors_peer check FILE          exits 0 if FILE holds the sample, as another program wrote
//   it
// A program of one's own, of cli_model_file_test.py; FILE is a model.safetensors of a lenet5:
//   safetensors_peer logits FILE         prints the logits of the first test images of its data set
//   safetensors_peer foreign FILE        the same of a file that does not state its layout
//   safetensors_peer resave FILE         writes it to FILE.model, and in Joule's layout to
//   FILE.ohwi
#include <array>
#include <cmath>
#include <iostream>
#include <limits>
#include <vector>

#include <joule/joule.h>

namespace joule {
namespace {

/// weight[o, h, w, i] = 1000 o + 100 h + 10 w + i.
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
  state.tensors["conv.weight"] = Tensor::from(weight, {2, 3, 4, 5});
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
  const State actual = load_safetensors(path, {.layout = WeightLayout::oihw}),
              expected = make_sample();
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

training::Model model_of(const State& state) {
  const DataSplit split = load_dataset(state.values.at("data"));
  training::Model model = training::make_model_for("lenet5", state.values.at("data"), split.train);
  model.net.load_state(state);
  model.net.eval();
  model.epoch = std::stoll(state.values.at("epoch"));
  model.epochs = std::stoll(state.values.at("epochs"));
  return model;
}

void print_logits(const State& state) {
  training::Model model = model_of(state);
  const DataLoader loader(load_dataset(model.data).test);
  const NoGrad no_grad;
  const Tensor logits = model.net(loader.make_batch(std::array<std::int64_t, 3>{0, 1, 2}).images);
  std::cout.precision(9);
  for (std::int64_t i = 0; i < logits.numel(); ++i) {
    std::cout << logits.data<float>()[i] << ((i + 1) % logits.dim(1) ? ' ' : '\n');
  }
}

void resave(const std::string& path) {
  const State state = load_safetensors(path);
  training::Model model = model_of(state);
  training::save_model(path + ".model", model);
  save_safetensors(path + ".ohwi", state);
}

/// As one loads a file of PyTorch's.
State load_foreign(const std::string& path) {
  nn::Sequential net = make_model({.name = "lenet5"});
  return load_safetensors(
      path, {.layout = WeightLayout::oihw, .flattened = nn::flattened_inputs(net, {28, 28, 1})});
}

}  // namespace
}  // namespace joule

int main(int argc, char** argv) {
  const std::string verb = argc == 3 ? argv[1] : "";
  try {
    if (verb == "write") {
      joule::save_safetensors(argv[2], joule::make_sample(), {.layout = joule::WeightLayout::oihw});
    } else if (verb == "check") {
      joule::check(argv[2]);
    } else if (verb == "logits") {
      joule::print_logits(joule::load_safetensors(argv[2]));
    } else if (verb == "foreign") {
      joule::print_logits(joule::load_foreign(argv[2]));
    } else if (verb == "resave") {
      joule::resave(argv[2]);
    } else {
      std::cerr << "usage: safetensors_peer write|check|logits|foreign|resave FILE\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "safetensors_peer: " << error.what() << '\n';
    return 1;
  }
}

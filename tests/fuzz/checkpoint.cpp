// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "joule/core/error.h"
#include "joule/data/synthetic.h"
#include "joule/io/safetensors.h"
#include "joule/tests/fuzz/reader.h"
#include "joule/training/trainer.h"

namespace joule::fuzz {
namespace {

using training::Trainer;

/// Of a net with a thousand weights, so that what is mutated is seldom a weight.
Trainer make_trainer() {
  return {training::Config{.model = "simple-cnn",
                           .data = "synthetic",
                           .validation = 0,
                           .epochs = 2,
                           .batch = 4,
                           .deterministic = true},
          make_synthetic({.train = 8, .test = 2, .classes = 2, .size = 8})};
}

State copy_of(const Trainer& trainer) {
  State state = trainer.state();
  for (auto& [name, tensor] : state.tensors) tensor = tensor.clone();
  return state;
}

void require_same(const State& a, const State& b, const char* what) {
  require(a.values == b.values && a.tensors.size() == b.tensors.size(), what);
  for (const auto& [name, tensor] : a.tensors) {
    const auto other = b.tensors.find(name);
    require(other != b.tensors.end() && other->second.shape() == tensor.shape() &&
                std::memcmp(other->second.raw(), tensor.raw(), tensor.bytes()) == 0,
            what, ": ", name);
  }
}

/// As a run that goes on reads its checkpoint: what is refused changes nothing.
void read(std::string_view bytes) {
  static Trainer trainer = make_trainer(), again = make_trainer();
  const State before = copy_of(trainer);
  try {
    const State state = load_safetensors(file_in_memory(bytes), {.layout = WeightLayout::ohwi});
    trainer.load_state(state, {});
  } catch (const DataError&) {
    return require_same(before, trainer.state(), "a refused file changed the trainer");
  } catch (const ArgumentError&) {
    return require_same(before, trainer.state(), "a refused state changed the trainer");
  }
  again.load_state(copy_of(trainer), {});
  require_same(trainer.state(), again.state(), "another state");
}

std::string file_of(const Trainer& trainer) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("joule-fuzz-" + std::to_string(::getpid()) + ".safetensors");
  save_safetensors(path.string(), trainer.state());
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  return bytes;
}

/// Of a run that has just begun, and of one that has done a step.
std::vector<std::string> seeds() {
  Trainer trainer = make_trainer();
  std::vector<std::string> all = {file_of(trainer)};
  trainer.run_epoch({.stop = [] { return true; }});
  all.push_back(file_of(trainer));
  return all;
}

}  // namespace

const Reader kCheckpoint{.name = "checkpoint", .read = read, .seeds = seeds};

}  // namespace joule::fuzz

// SPDX-License-Identifier: MIT
#include "joule/optim/state_text.h"

#include <charconv>

#include "joule/core/error.h"

namespace joule {
namespace {

template <class T>
std::string shortest(T value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

template <class T>
T parse(std::string_view owner, const State& state, const std::string& key) {
  const std::string& text = state.values.at(key);
  T value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  require(error == std::errc() && end == last, owner, ": the state's ", key, " is '", text,
          "', not a number");
  return value;
}

template <class Map>
void require_same_names(std::string_view owner, const Map& given, const Map& expected) {
  for (const auto& [name, value] : expected) {
    require(given.contains(name), owner, ": the state has no ", name);
  }
  for (const auto& [name, value] : given) {
    require(expected.contains(name), owner, ": the state has ", name, ", which has no place here");
  }
}

}  // namespace

std::string exact_text(double value) { return shortest(value); }
std::string exact_text(std::int64_t value) { return shortest(value); }
std::string exact_text(bool value) { return value ? "true" : "false"; }

double saved_double(std::string_view owner, const State& state, const std::string& key) {
  return parse<double>(owner, state, key);
}
std::int64_t saved_integer(std::string_view owner, const State& state, const std::string& key) {
  return parse<std::int64_t>(owner, state, key);
}

void require_state_like(std::string_view owner, const State& state, const State& expected,
                        const std::map<std::string, std::string>& fixed) {
  for (const auto& [name, value] : fixed) {
    const auto found = state.values.find(name);
    require(found != state.values.end(), owner, ": the state has no ", name);
    require(found->second == value, owner, ": the state was saved with ", name, " ", found->second,
            ", expected ", value);
  }
  require_same_names(owner, state.values, expected.values);
  require_same_names(owner, state.tensors, expected.tensors);
  for (const auto& [name, tensor] : expected.tensors) {
    const Tensor& given = state.tensors.at(name);
    require(given.defined(), owner, ": the state's ", name, " is undefined");
    require(given.shape() == tensor.shape() && given.dtype() == tensor.dtype(), owner,
            ": the state's ", name, " is ", given.dtype(), " ", given.shape(), ", expected ",
            tensor.dtype(), " ", tensor.shape());
  }
}

}  // namespace joule

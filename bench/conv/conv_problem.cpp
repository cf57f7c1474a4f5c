// SPDX-License-Identifier: MIT
#include "joule/bench/conv/conv_problem.h"

#include <algorithm>

#include "joule/io/nearest.h"
#include "joule/io/parse_number.h"
#include "joule/training/config.h"

namespace joule::bench {
namespace {

/// The parts of a list between its commas; an empty list has one empty part.
std::vector<std::string_view> entries(std::string_view list) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t comma = list.find(',');
    parts.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

template <class T>
void add_once(const char* option, std::vector<T>& all, T value, std::string_view text) {
  require(std::find(all.begin(), all.end(), value) == all.end(), option, ": ", text,
          " is given twice");
  all.push_back(value);
}

constexpr std::int64_t kLargest = 1 << 20;  // products of four do not overflow

/// Reads a text from left to right; once something is not as expected, nothing is any more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::int64_t extent() {
    const std::int64_t value = take_number<std::int64_t>(rest_).value_or(0);
    good_ = good_ && value >= 1 && value <= kLargest;
    return value;
  }
  void expect(char c) {
    if (!take(c)) good_ = false;
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

ConvProblem parse_conv_problem(std::string_view text, std::int64_t batch) {
  Reader reader(text);
  const std::int64_t in = reader.extent();
  reader.expect('x');
  const std::int64_t out = reader.extent();
  reader.expect('x');
  const std::int64_t size = reader.extent();
  Size2 kernel = 3;
  std::int64_t stride = 1;
  if (reader.take(':')) {
    kernel.h = reader.extent();
    reader.expect('x');
    kernel.w = reader.extent();
    if (reader.take('/')) stride = reader.extent();
  }
  require(reader.done(), "--shapes: expected INxOUTxSIZE[:KxK[/STRIDE]] such as 64x128x56:3x3/1, ",
          "got '", text, "'");
  ConvProblem problem{.name = std::string(text),
                      .x = {batch, size, size, in},
                      .weight = {out, kernel.h, kernel.w, in},
                      .params = {.stride = stride, .padding = {kernel.h / 2, kernel.w / 2}}};
  conv_output_size(size, kernel, problem.params);
  return problem;
}

}  // namespace

std::string_view name(Pass pass) {
  switch (pass) {
    case Pass::forward:
      return "forward";
    case Pass::grad_weight:
      return "grad-weight";
    case Pass::grad_input:
      return "grad-input";
    case Pass::grad_input_masked:
      return "grad-input-masked";
    case Pass::step:
      break;
  }
  return "step";
}

std::vector<Pass> parse_passes(std::string_view list) {
  std::vector<Pass> passes;
  for (const std::string_view text : entries(list)) {
    const auto found =
        std::find_if(kPasses.begin(), kPasses.end(), [&](Pass pass) { return text == name(pass); });
    if (found == kPasses.end()) {
      std::vector<std::string> names;
      for (const Pass pass : kPasses) names.emplace_back(name(pass));
      throw ArgumentError(str("--passes: expected forward, grad-weight, grad-input, ",
                              "grad-input-masked or step, got '", text, "'",
                              did_you_mean(text, names)));
    }
    add_once("--passes", passes, *found, text);
  }
  return passes;
}

std::vector<double> parse_densities(std::string_view list) {
  std::vector<double> densities;
  for (const std::string_view text : entries(list)) {
    std::string_view rest = text;
    const double density = take_number<double>(rest).value_or(0);
    require(rest.empty() && density > 0 && density <= 1,
            "--density: expected a number in (0, 1], got '", text, "'");
    add_once("--density", densities, density, text);
  }
  return densities;
}

std::vector<ConvProblem> parse_conv_problems(std::string_view list, std::int64_t batch) {
  training::require_count("--batch", batch, training::kMaxBatch);
  std::vector<ConvProblem> problems;
  for (const std::string_view text : entries(list)) {
    problems.push_back(parse_conv_problem(text, batch));
  }
  return problems;
}

}  // namespace joule::bench

// SPDX-License-Identifier: MIT
#include "joule/energy/models/cost_model.h"

#include "joule/core/error.h"
#include "joule/energy/models/fit.h"
#include "joule/tests/fuzz/reader.h"

namespace joule::fuzz {
namespace {

void read(std::string_view bytes) {
  std::string text;
  try {
    const energy::CostModel model = energy::parse_cost_model(bytes, "profile.json");
    if (!model.fit) return;
    text = to_json(model);
  } catch (const DataError&) {
    return;
  }
  energy::parse_cost_model(text, "profile.json");
}

std::vector<std::string> seeds() {
  return {R"({"name":"mine","source":"me","picojoules_per_mac":1,"picojoules_per_byte":)"
          R"({"low":1,"high":2.5},"picojoules_per_call":{"value":3,"standard_error":1},"watts":4})",
          R"({"name":"fitted","source":"a meter","device":"here","picojoules_per_mac":)"
          R"({"value":1,"standard_error":0.5},"picojoules_per_byte":2,"fit":{"windows":9,)"
          R"("degrees_of_freedom":7,"chi_square":6.5,"condition_number":10,)"
          R"("rms_residual_joules":0.1,"largest_residual_joules":0.2}})",
          R"({"name":"moved","source":"a meter","picojoules_per_mac":1,"picojoules_per_byte":2,)"
          R"("fit":{"windows":9,"degrees_of_freedom":7,"chi_square":6.5,"condition_number":10,)"
          R"("rms_residual_joules":0.1,"largest_residual_joules":0.2}})"};
}

}  // namespace

const Reader kCostModel{.name = "cost_model", .read = read, .seeds = seeds};

}  // namespace joule::fuzz

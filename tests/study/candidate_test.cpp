// SPDX-License-Identifier: MIT
#include "joule/study/evolve/candidate.h"

#include <gtest/gtest.h>

#include "joule/core/random.h"
#include "joule/training/inference.h"

namespace joule::study {
namespace {

nn::Node linear(const char* name, std::int64_t in, std::int64_t out, const char* input) {
  return {
      .name = name, .kind = "Linear", .attributes = {{"in", in}, {"out", out}}, .inputs = {input}};
}

TEST(NetOfOutput, IsThatOutputAloneWithItsWeights) {
  const nn::Graph graph{.name = "two-headed",
                        .inputs = {{"input", {6}}},
                        .nodes = {linear("trunk", 6, 5, "input"), linear("deep", 5, 4, "trunk"),
                                  linear("whole", 4, 3, "deep"), linear("short", 5, 3, "trunk")},
                        .outputs = {"whole", "short"}};
  manual_seed(1);
  nn::Net both(graph);
  Tensor x(Shape{2, 6});
  default_generator().uniform({x.mutable_data<float>(), 12}, -1, 1);
  const training::Inference inference(both);
  const std::vector<Tensor> outputs = both.run(x);
  const std::int64_t parameters[] = {35 + 24 + 15, 35 + 18};
  for (const std::size_t output : {0u, 1u}) {
    nn::Net alone = net_of_output(graph, both, output);
    EXPECT_EQ(alone.parameter_count(), parameters[output]);
    const training::Inference as_both(alone);
    const std::vector<Tensor> got = alone.run(x);
    ASSERT_EQ(got.size(), 1u);
    for (std::int64_t i = 0; i < 6; ++i) {
      EXPECT_NEAR(got[0].data<float>()[i], outputs[output].data<float>()[i], 1e-6) << output;
    }
  }
}

}  // namespace
}  // namespace joule::study

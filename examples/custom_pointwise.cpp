// SPDX-License-Identifier: MIT
// A pointwise operation of one's own in five lines: f, its derivative, and the name under which it
// is accounted.  Whatever does not fit into that is examples/custom_op.cpp.
#include <cmath>
#include <iostream>

#include <joule/joule.h>

using namespace joule;

const auto softsign =
    elementwise_op<"softsign">([](auto x) { return x / (1 + std::abs(x)); },
                               [](auto x) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); });

int main() {
  const Tensor x(Shape{64, 1000});
  Generator(1).normal({x.mutable_data<float>(), static_cast<std::size_t>(x.numel())});

  energy::Ledger ledger;
  {
    const energy::Recording recording(ledger);
    softsign(x);
  }
  for (const auto& line : ledger.lines()) {
    std::cout << line.run.op << " by " << line.run.implementation << ": "
              << line.work.bytes_read + line.work.bytes_written << " bytes\n";
  }

  const GradcheckResult result = gradcheck(
      [](std::span<const Tensor> inputs) { return softsign(inputs[0]); }, {x.slice(0, 1)});
  std::cout << "gradient: " << result.compared << " elements compared, worst error "
            << result.worst_error << '\n';
  return result.passed ? 0 : 1;
}

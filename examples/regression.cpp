// SPDX-License-Identifier: MIT
// Fits a curve: y = sin(3 x) on [-1, 1] by a net of two layers and the mean squared error.
#include <cmath>
#include <iostream>

#include <joule/joule.h>

int main() {
  using namespace joule;
  manual_seed(1);
  const Tensor x(Shape{256, 1}), y(Shape{256, 1});
  for (std::int64_t i = 0; i < 256; ++i) {
    const float at = static_cast<float>(i) / 127.5f - 1;
    x.mutable_data<float>()[i] = at;
    y.mutable_data<float>()[i] = std::sin(3 * at);
  }
  auto net = nn::Sequential(nn::Linear(1, 32), nn::Tanh(), nn::Linear(32, 1));
  auto optimizer = Adam(net.parameters(), {.lr = 0.02});
  double error = 0;
  for (int step = 1; step <= 400; ++step) {
    optimizer.zero_grad();
    const Tensor loss = mse_loss(net(x), y);
    loss.backward();
    optimizer.step();
    error = loss.item();
    if (step % 100 == 0) std::cout << "step " << step << ": mean squared error " << error << '\n';
  }
  return error < 1e-3 ? 0 : 1;
}

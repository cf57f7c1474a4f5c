// SPDX-License-Identifier: MIT
// A convolutional autoencoder: 28x28 images through 8 numbers per seventh pixel and back, by
// transposed convolutions and the mean squared error.
#include <iostream>

#include <joule/joule.h>

int main() {
  using namespace joule;
  manual_seed(1);
  DataLoader loader(make_synthetic().train, {.batch = 64});
  auto net = nn::Sequential(
      nn::Conv2d({.in = 1, .out = 16, .kernel = 4, .stride = 2, .padding = 1}), nn::GELU(),
      nn::Conv2d({.in = 16, .out = 8, .kernel = 4, .stride = 2, .padding = 1}), nn::GroupNorm(2, 8),
      nn::GELU(), nn::ConvTranspose2d({.in = 8, .out = 16, .kernel = 4, .stride = 2, .padding = 1}),
      nn::GELU(),
      nn::ConvTranspose2d({.in = 16, .out = 1, .kernel = 4, .stride = 2, .padding = 1}));
  auto optimizer = Adam(net.parameters(), {.lr = 0.003});
  double error = 0, of_the_mean = 0;
  for (int epoch = 0; epoch < 2; ++epoch) {
    loader.set_epoch(epoch);
    for (const Batch& batch : loader) {
      optimizer.zero_grad();
      const Tensor loss = mse_loss(net(batch.images), batch.images);
      loss.backward();
      optimizer.step();
      error = loss.item();
      const Tensor deviations = batch.images - mean(batch.images);
      of_the_mean = mean(deviations * deviations).item();
    }
    std::cout << "epoch " << epoch + 1 << ": mean squared error " << error << ", of the mean grey "
              << of_the_mean << '\n';
  }
  return error < 0.25 * of_the_mean ? 0 : 1;
}

// SPDX-License-Identifier: MIT
// A gate of one's own: squeeze and excitation scales each channel by what the whole image says.
#include <iostream>

#include <joule/joule.h>

using namespace joule;

/// y = x * sigmoid(W2 relu(W1 mean(x))), the mean over the pixels; as many channels as x.
///
/// Source    Hu et al. 2018, arXiv:1709.01507.
class SqueezeExcite final : public nn::Module {
 public:
  SqueezeExcite(std::int64_t channels, std::int64_t squeezed)
      : squeeze_(add_child("squeeze", nn::Linear(channels, squeezed))),
        relu_(add_child("relu", nn::ReLU())),
        excite_(add_child("excite", nn::Linear(squeezed, channels))),
        gate_(add_child("gate", nn::Sigmoid())) {}
  std::string describe() const override { return "SqueezeExcite()"; }

 private:
  Tensor forward(Tensor x) override {
    const Tensor gate = (*gate_)((*excite_)((*relu_)((*squeeze_)(mean(x, {1, 2})))));
    return x * gate.reshape({x.dim(0), 1, 1, x.dim(3)});  // repeated along the pixels
  }
  std::shared_ptr<nn::Linear> squeeze_;
  std::shared_ptr<nn::ReLU> relu_;
  std::shared_ptr<nn::Linear> excite_;
  std::shared_ptr<nn::Sigmoid> gate_;
};

int main() {
  manual_seed(1);
  DataLoader loader(make_synthetic().train, {.batch = 64});
  auto net = nn::Sequential(nn::Conv2d({.in = 1, .out = 8, .kernel = 3, .padding = 1}),
                            nn::HardSwish(), SqueezeExcite(8, 4), nn::MaxPool2d(4), nn::Flatten(),
                            nn::Linear(8 * 7 * 7, 10));
  auto optimizer = Adam(net.parameters(), {.lr = 0.003});
  double loss_value = 0;
  for (int epoch = 0; epoch < 2; ++epoch) {
    loader.set_epoch(epoch);
    for (const Batch& batch : loader) {
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(net(batch.images), batch.labels);
      loss.backward();
      optimizer.step();
      loss_value = loss.item();
    }
    std::cout << "epoch " << epoch + 1 << ": loss " << loss_value << '\n';
  }
  return loss_value < 0.5 ? 0 : 1;
}

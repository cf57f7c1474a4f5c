// SPDX-License-Identifier: MIT
// A layer of one's own: registers what it owns, and says in add_to() how it consists of others;
// forward(), backward(), saving, accounting, fusion and the net as data follow.
#include <iostream>

#include <joule/joule.h>

using namespace joule;

/// y = concat(x, relu(conv3x3(x))): `growth` more channels than x.
///
/// Source    Huang et al. 2017, arXiv:1608.06993 (without the batch norm).
class DenseLayer final : public nn::Composite {
 public:
  DenseLayer(std::int64_t in, std::int64_t growth)
      : conv_(add_child("conv", nn::Conv2d({.in = in, .out = growth, .kernel = 3, .padding = 1}))),
        relu_(add_child("relu", nn::ReLU())) {}
  std::string describe() const override { return "DenseLayer()"; }
  nn::Value add_to(nn::GraphBuilder& graph, nn::Value x) override {
    return graph.apply("Concat", {x, graph.add(*relu_, graph.add(*conv_, x))});
  }

 private:
  std::shared_ptr<nn::Conv2d> conv_;
  std::shared_ptr<nn::ReLU> relu_;
};

int main() {
  manual_seed(1);
  DataLoader loader(make_synthetic().train, {.batch = 64});
  auto net = nn::Sequential(DenseLayer(1, 7), nn::MaxPool2d(2), DenseLayer(8, 8), nn::MaxPool2d(2),
                            nn::Flatten(), nn::Linear(16 * 7 * 7, 10));
  std::cout << nn::to_text(nn::graph_of(net, {28, 28, 1}, "dense"));
  auto optimizer = Adam(net.parameters(), {.lr = 0.002});
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
  for (const NamedTensor& parameter : net.parameters()) {
    std::cout << parameter.name << ' ' << parameter.tensor.shape() << '\n';
  }
  return loss_value < 0.5 ? 0 : 1;
}

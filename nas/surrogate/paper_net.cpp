// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/paper_net.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/kernels/losses/pointwise_loss.h"
#include "joule/layers/activations.h"
#include "joule/nas/surrogate/features.h"
#include "joule/optim/optimizers.h"

namespace joule::nas {
namespace {

constexpr double kJoulesPerWh = 3600;
constexpr std::int64_t kInputs = kPaperInputs;

/// Until the end of the block the default generator is one of that seed.
class Seeded {
 public:
  explicit Seeded(std::uint64_t seed) : before_(default_generator().state()) { manual_seed(seed); }
  ~Seeded() { default_generator().set_state(before_); }
  Seeded(const Seeded&) = delete;
  Seeded& operator=(const Seeded&) = delete;

 private:
  RandomState before_;
};

nn::Sequential net_of(int layers) {
  nn::Sequential net;
  std::int64_t in = kInputs;
  std::vector<std::int64_t> widths{128, 64, 32};
  if (layers == 5) widths.push_back(32);
  int number = 0;
  for (const std::int64_t out : widths) {
    ++number;
    net.add(str("linear", number), nn::Linear(in, out)).add(str("gelu", number), nn::GELU());
    in = out;
  }
  net.add(str("linear", number + 1), nn::Linear(in, 1));
  return net;
}

/// As the authors' layers begin: weights and biases uniform within 1 / sqrt(inputs).
void initialise_as_authors(nn::Sequential& net) {
  std::int64_t inputs = 1;
  for (const NamedTensor& parameter : net.parameters()) {
    Tensor tensor = parameter.tensor;
    if (tensor.shape().rank() == 2) inputs = tensor.shape()[1];  // a weight; its bias comes next
    const float most = 1 / std::sqrt(static_cast<float>(inputs));
    default_generator().uniform(
        {tensor.mutable_data<float>(), static_cast<std::size_t>(tensor.numel())}, -most, most);
  }
}

std::vector<float> inputs_of(std::span<const MeasuredCell> cells) {
  std::vector<float> all;
  all.reserve(cells.size() * kPaperInputs);
  for (const MeasuredCell& one : cells) {
    const auto inputs = paper_inputs(one.cell, one.parameters);
    all.insert(all.end(), inputs.begin(), inputs.end());
  }
  return all;
}

/// One epoch, in a random order.
void train_epoch(nn::Sequential& net, Adam& adam, std::span<const MeasuredCell> cells,
                 const std::vector<float>& inputs, std::int64_t batch, Generator& order) {
  const auto n = static_cast<std::int64_t>(cells.size());
  const std::vector<std::int64_t> permutation = order.permutation(n);
  for (std::int64_t begin = 0; begin < n; begin += batch) {
    const std::int64_t count = std::min(batch, n - begin);
    const Tensor x(Shape{count, kInputs}), y(Shape{count, 1});
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t row = permutation[static_cast<std::size_t>(begin + i)];
      std::copy_n(inputs.begin() + row * kInputs, kInputs, x.mutable_data<float>() + i * kInputs);
      y.mutable_data<float>()[i] =
          static_cast<float>(cells[static_cast<std::size_t>(row)].joules / kJoulesPerWh);
    }
    adam.zero_grad();
    l1_loss(net(x), y).backward();
    adam.step();
  }
}

/// A copy of the weights as they are.
State copy_of(const nn::Sequential& net) {
  State state = net.state();
  for (auto& [name, tensor] : state.tensors) tensor = tensor.clone();
  return state;
}

}  // namespace

PaperNet::PaperNet(std::span<const MeasuredCell> train, std::span<const MeasuredCell> validate,
                   const PaperNetOptions& options) {
  require(options.layers == 4 || options.layers == 5, "surrogate: expected 4 or 5 layers, got ",
          options.layers);
  require(!train.empty() && !validate.empty() && options.epochs >= 1 && options.batch >= 1,
          "surrogate: expected cells, epochs and a batch to train with, got ", train.size(),
          " and ", validate.size(), " cells, ", options.epochs, " epochs, a batch of ",
          options.batch);
  const Seeded seeded(options.seed);
  net_ = net_of(options.layers);
  initialise_as_authors(net_);
  Generator order(options.seed + 1);
  const std::vector<float> inputs = inputs_of(train);
  Adam adam(net_.parameters(), {.lr = options.rate});
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    train_epoch(net_, adam, train, inputs, options.batch, order);
    keep_if_best(validate);
  }
  last_ = copy_of(net_);
  net_.load_state(best_);
}

void PaperNet::keep_if_best(std::span<const MeasuredCell> validate) {
  const std::vector<double> predicted = predict(validate);
  double error = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    error += std::abs(predicted[i] - validate[i].joules);
  }
  if (!best_.tensors.empty() && error >= least_error_) return;
  least_error_ = error;
  best_ = copy_of(net_);
}

std::vector<double> PaperNet::predict_last(std::span<const MeasuredCell> cells) {
  net_.load_state(last_);
  std::vector<double> joules = predict(cells);
  net_.load_state(best_);
  return joules;
}

std::vector<double> PaperNet::predict(std::span<const MeasuredCell> cells) {
  if (cells.empty()) return {};
  const NoGrad no_grad;
  const Tensor y =
      net_(Tensor::from(inputs_of(cells), {static_cast<std::int64_t>(cells.size()), kInputs}));
  std::vector<double> joules(cells.size());
  for (std::size_t i = 0; i < joules.size(); ++i) joules[i] = y.data<float>()[i] * kJoulesPerWh;
  return joules;
}

}  // namespace joule::nas

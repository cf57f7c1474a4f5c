// SPDX-License-Identifier: MIT
// A training step or a forward pass of SmallCnn on random images, or of the net of a run on its
// test images (--weights); JSON lines on standard output.
//
//   small_cnn_steps --mode train --variants plain          alone: its memory is comparable
//   small_cnn_steps --mode train --variants plain,ledger,l0    in turn: the cost of accounting
//   small_cnn_steps --mode train --variants plain,l0,l0-exact --weights runs/demo/l0    the cost of
//       the penalty, as joule train has it and without a cutoff, among a trained net's zeros
//   small_cnn_steps --mode train --variants plain,account,budget --meter rapl    with a meter, as
//   in
//       joule train: per_image() after every step, and with a budget a reading after every step
//
// joule bench train has the peer.
#include <algorithm>
#include <cmath>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>

#include <joule/joule.h>
#include "joule/benchmarks/steps.h"
#include "joule/training/energy/energy_account.h"

namespace {

using joule::Tensor;

Tensor random_images(int batch, joule::Generator& generator) {
  const Tensor images({batch, 28, 28, 1});
  generator.uniform({images.mutable_data<float>(), static_cast<std::size_t>(images.numel())});
  return images;
}

Tensor random_labels(int batch, joule::Generator& generator) {
  const Tensor labels({batch}, joule::DType::i32);
  for (int i = 0; i < batch; ++i) {
    labels.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>(generator.below(10));
  }
  return labels;
}

struct Subject {
  joule::nn::Net net;
  std::vector<Tensor> images, labels;  // a few batches in turn, so that none is found in the cache
};

Subject fresh(int batch) {
  joule::manual_seed(1);
  Subject subject{.net = joule::nn::Net(joule::small_cnn({}))};
  joule::Generator generator(2);
  for (int i = 0; i < 4; ++i) {
    subject.images.push_back(random_images(batch, generator));
    subject.labels.push_back(random_labels(batch, generator));
  }
  return subject;
}

Subject trained(const std::string& folder, int batch) {
  joule::training::Model model = joule::training::load_model(folder);
  const joule::Dataset test = model.load_data().test;
  const joule::DataLoader loader(test, {.batch = batch});
  Subject subject{.net = std::move(model.net)};
  for (const joule::Batch& next : loader) {
    subject.images.push_back(next.images);
    subject.labels.push_back(next.labels);
    if (subject.images.size() == 4) break;
  }
  return subject;
}

void run(const steps::Options& options, const std::vector<std::string>& variants,
         const std::string& meter, const std::string& weights, double cutoff) {
  const bool training = options.mode == "train";
  for (const std::string& variant : variants) {
    if (!training && variant.starts_with("l0")) {
      throw std::invalid_argument("--variants " + variant + ": the penalty is a part of training");
    }
  }
  joule::set_num_threads(options.threads);
  Subject subject = weights.empty() ? fresh(options.batch) : trained(weights, options.batch);
  joule::nn::Net& net = subject.net;
  const std::vector<Tensor>&images = subject.images, &labels = subject.labels;
  joule::Sgd optimizer(net.parameters(),
                       {.lr = 0.01, .momentum = 0.9, .nesterov = true, .weight_decay = 5e-4});
  joule::energy::Ledger ledger;
  double sum = 0;
  const auto train = [&](int i) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy(net(images[i % 4]), labels[i % 4]);
    loss.backward();
    optimizer.step();
    sum += loss.item();
  };
  const auto train_with_l0 = [&](int i, float cutoff) {
    optimizer.zero_grad();
    const auto [logits, taps] =
        net.forward_with_taps(images[i % 4], {.sigma = 1e-4f, .cutoff = cutoff});
    const Tensor loss = cross_entropy(logits, labels[i % 4]) +
                        l0_penalty(taps, {.lambda = 1e-3f, .sigma = 1e-4f, .cutoff = cutoff});
    loss.backward();
    optimizer.step();
    sum += loss.item();
  };
  using joule::training::EnergyAccount;
  const auto metering =
      std::make_shared<joule::training::Metering>(joule::energy::open_run_meters(meter, {}));
  EnergyAccount account({.metering = metering});
  account.begin({});
  std::optional<EnergyAccount> budget;
  if (std::count(variants.begin(), variants.end(), "budget")) {
    budget.emplace(joule::training::Accounting{metering, joule::energy::Joules(1e12)});
    budget->begin({});
  }
  const auto infer = [&](int i) {
    const int slice = options.slice ? options.slice : options.batch;
    sum += joule::training::predict(net, images[i % 4], slice).data<float>()[0];
  };

  std::vector<std::function<void(int)>> bodies;
  for (const std::string& variant : variants) {
    std::function<void(int)> body = infer;
    if (training) body = train;
    if (variant == "l0") {
      body = [&](int i) { train_with_l0(i, static_cast<float>(cutoff)); };
    }
    if (variant == "l0-exact") body = [&](int i) { train_with_l0(i, 0); };
    if (variant == "account" || variant == "budget") {
      EnergyAccount& spent = variant == "budget" ? *budget : account;
      bodies.push_back([&ledger, &spent, body](int i) {
        const joule::energy::Recording recording(ledger);
        body(i);
        spent.per_image(1);
        if (!spent.over_budget().empty()) throw std::runtime_error(spent.over_budget());
      });
    } else if (variant == "ledger") {
      bodies.push_back([&ledger, body](int i) {
        const joule::energy::Recording recording(ledger);
        body(i);
      });
    } else {
      bodies.push_back(body);
    }
  }
  const auto seconds = steps::measure(options, bodies);
  if (!std::isfinite(sum)) throw std::runtime_error("the results are not finite");
  for (std::size_t v = 0; v < variants.size(); ++v) {
    nlohmann::json result = steps::report(options, seconds[v]);
    result["program"] = "small_cnn_steps";
    result["variant"] = variants[v];
    // Step by step: what else the machine does hits neighbours alike.
    std::vector<double> ratios;
    for (std::size_t i = 0; i < seconds[v].size(); ++i) {
      ratios.push_back(seconds[v][i] / seconds[0][i]);
    }
    std::sort(ratios.begin(), ratios.end());
    result["time_to_first_variant"] = ratios[ratios.size() / 2];
    result["pool_peak_bytes"] = joule::memory_stats().peak;
    std::cout << result.dump() << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  steps::Options options;
  std::vector<std::string> variants{"plain"};
  CLI::App app("SmallCnn in Joule: a training step or a forward pass; JSON on standard output");
  steps::add_options(app, options);
  app.add_option("--variants", variants,
                 "of plain, ledger (accounting on), account (and a meter), budget (and a budget), "
                 "l0 (the penalty on, as joule train has it), l0-exact (without its cutoff)")
      ->delimiter(',')
      ->check(CLI::IsMember({"plain", "ledger", "account", "budget", "l0", "l0-exact"}));
  std::string meter = "auto";
  app.add_option("--meter", meter, "Of account and budget, as in joule train");
  std::string weights;
  app.add_option(
      "--weights", weights,
      "Folder of a run: its net on its test images; without it fresh weights and random images");
  double cutoff = joule::training::Config().l0_cutoff;
  app.add_option("--cutoff", cutoff, "Of l0's derivative, as --l0-cutoff")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    run(options, variants, meter, weights, cutoff);
  } catch (const std::exception& error) {
    std::cerr << "small_cnn_steps: " << error.what() << '\n';
    return 1;
  }
}

// SPDX-License-Identifier: MIT
// Lesson 9: what a search costs: every setting to the end, or the better half a little further.
// 09_search [FILE.csv] also writes the points of the lesson's picture.
#include <iostream>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

const DataSplit kData = make_synthetic({.train = 400, .test = 300, .noise = 0.6f});

/// One setting, a net that can be trained on, and how good it is by now.
struct Candidate {
  float rate;
  std::int64_t width;
  double accuracy = 0;
  nn::Sequential net{nn::Flatten(), nn::Linear(784, width), nn::ReLU(), nn::Linear(width, 10)};
};

/// Learning rates from 0.003 to 1, widths from 8 to 64: the same for both searches.
std::vector<Candidate> candidates() {
  manual_seed(1);
  std::vector<Candidate> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back({0.003f * std::pow(2.3f, float(i)), std::int64_t{8} << i * 3 % 4});
  }
  return all;
}

/// Modelled joules so far, and the best accuracy so far.
struct Search {
  std::string name, before, after;
  std::ofstream& file;
  double joules = 0, best = 0;

  void train(Candidate& candidate, int epochs) {
    energy::Ledger ledger;
    const energy::Recording recording(ledger);
    DataLoader loader(kData.train, {.batch = 20});
    auto optimizer = Sgd(candidate.net.parameters(), {.lr = candidate.rate});
    for (int epoch = 0; epoch < epochs; ++epoch) {
      loader.set_epoch(epoch);
      for (const Batch& batch : loader) {
        optimizer.zero_grad();
        cross_entropy(candidate.net(batch.images), batch.labels).backward();
        optimizer.step();
      }
    }
    candidate.accuracy = 100 * training::evaluate(candidate.net, kData.test)->accuracy();
    best = std::max(best, candidate.accuracy);
    const auto spent = energy::horowitz45().energy(ledger.total(), energy::Skipping::executed);
    joules += spent.value().value();
    file << joules << before << best << after << '\n';
  }
};

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  file << "modelled joules,all to the end,halving\n";
  Search full{"all to the end", ",", ",", file}, halving{"halving", ",,", "", file};
  for (Candidate& candidate : candidates()) full.train(candidate, 8);
  std::vector<Candidate> left = candidates();
  for (const int epochs : {1, 1, 2, 4}) {  // so that the last one has had 8
    for (Candidate& candidate : left) halving.train(candidate, epochs);
    std::ranges::sort(left, std::greater(), &Candidate::accuracy);
    left.erase(left.begin() + std::ssize(left) / 2, left.end());
  }
  for (const Search& s : {full, halving})
    std::cout << s.name << ": " << s.joules << " J, best accuracy " << s.best << " %\n";
  return halving.joules < full.joules / 2 ? 0 : 1;
}

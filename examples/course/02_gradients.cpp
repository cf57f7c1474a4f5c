// SPDX-License-Identifier: MIT
// Lesson 2: the slope of a loss by hand, by two evaluations and by the tape; then downhill.
// 02_gradients [FILE.csv] also writes the points of the lesson's picture.
#include <cmath>
#include <iostream>
#include <vector>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

const std::vector xs{-2.0f, -1.0f, 0.0f, 1.0f, 2.0f}, ys{-5.0f, -3.0f, -1.0f, 1.0f, 3.0f};

/// A line, w x + b, through the points (x, 2 x - 1).
struct Line {
  Tensor w = Tensor::zeros({1, 1}).set_requires_grad();
  Tensor b = Tensor::zeros({1}).set_requires_grad();
  Tensor loss() const {
    return mse_loss(linear(Tensor::from(xs, {5, 1}), w, b), Tensor::from(ys, {5, 1}));
  }
};

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  Line line, near;
  line.loss().backward();
  near.w.fill(0.01);
  double hand = 0;  // the mean of 2 (w x + b - y) x, at w = 0, b = 0
  for (std::size_t i = 0; i < 5; ++i) hand += 2 * (0 - ys[i]) * xs[i] / 5;
  const double tape = line.w.grad().item();
  std::cout << "d loss / d w at w = 0, b = 0: " << hand << " by hand, " << tape << " by the tape, "
            << (near.loss().item() - line.loss().item()) / 0.01 << " by a difference\n";

  file << "step,rate 0.02,rate 0.2,rate 0.55\n";
  const std::vector rates{0.02f, 0.2f, 0.55f};
  std::vector<Line> models(3);
  for (int step = 0; step <= 20; ++step) {
    file << step;
    for (std::size_t i = 0; i < 3; ++i) {
      for (const Tensor& p : {models[i].w, models[i].b}) p.zero_grad();
      const Tensor loss = models[i].loss();
      file << ',' << loss.item();
      if (step == 20) {
        std::cout << "rate " << rates[i] << ": loss " << line.loss().item() << " -> " << loss.item()
                  << ", w " << models[i].w.item() << ", b " << models[i].b.item() << '\n';
      }
      loss.backward();
      for (const Tensor& p : {models[i].w, models[i].b}) {
        p.mutable_data<float>()[0] -= rates[i] * p.grad().data<float>()[0];
      }
    }
    file << '\n';
  }
  return std::abs(tape - hand) < 1e-4 ? 0 : 1;
}

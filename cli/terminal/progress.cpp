// SPDX-License-Identifier: MIT
#include "joule/cli/terminal/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "joule/core/error.h"

namespace joule::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kRedraw(100);
constexpr std::chrono::seconds kPlainLine(5);

/// "1:07", "2:03:59".
std::string duration(double seconds) {
  const auto total = static_cast<std::int64_t>(std::ceil(seconds));
  const std::int64_t h = total / 3600, m = total / 60 % 60, s = total % 60;
  return h > 0 ? fmt::format("{}:{:02}:{:02}", h, m, s) : fmt::format("{}:{:02}", m, s);
}

std::string per_image(energy::Joules energy) { return str("  ", energy, "/image"); }

std::string bar(double share) {
  const int full = static_cast<int>(share * kBarWidth);
  return std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(kBarWidth - full), '.');
}

}  // namespace

ProgressBar::ProgressBar(std::int64_t epochs, std::string label)
    : epochs_(epochs),
      label_(label.empty() ? "" : label + "  "),
      terminal_(isatty(STDERR_FILENO) == 1),
      next_(Clock::now()) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::clear() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

training::Hooks ProgressBar::hooks() {
  return {.on_progress = [this](const training::Progress& p) { show(p); },
          .on_epoch = [this](const training::EpochMetrics& m) { show(m); },
          .on_prediction = [this](const training::Prediction& p) { show(p); }};
}

void ProgressBar::show(const training::Progress& p) {
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? std::chrono::duration_cast<Clock::duration>(kRedraw) : kPlainLine);
  const std::string eta = p.seconds_left ? duration(*p.seconds_left) : "-:--";
  std::string figures = fmt::format("loss {:.4f}  accuracy {:.2f} %  {:.0f} images/s", p.loss,
                                    100 * p.accuracy, p.images_per_second);
  if (p.joules_per_image) figures += per_image(*p.joules_per_image);
  if (terminal_) {
    const double share = static_cast<double>(p.batch) / static_cast<double>(p.batches);
    fmt::print(stderr, "\r{}epoch {}/{} [{}] {}/{}  ETA {}  {}\033[K", label_, p.epoch, epochs_,
               bar(share), p.batch, p.batches, eta, figures);
    std::fflush(stderr);
    drawn_ = true;
  } else {
    fmt::print(stderr, "{}epoch {}/{}  step {}/{}  ETA {}  {}\n", label_, p.epoch, epochs_, p.batch,
               p.batches, eta, figures);
  }
}

void ProgressBar::show(const training::EpochMetrics& m) {
  clear();
  const auto gross = measured(m.energy.training).gross;
  std::string energy;
  if (gross.available()) {
    energy = per_image(gross.value() / (m.images_per_second * m.seconds));
  } else if (measured_) {
    energy = str("\nno measured energy any more: ", gross.reason());
  }
  measured_ = gross.available();
  fmt::print(stderr,
             "{}epoch {}/{}  loss {:.4f}  penalty {:.4f}  accuracy {:.2f} %  {}test {:.2f} %  "
             "{:.0f} images/s  {}{}\n",
             label_, m.epoch, epochs_, m.train_loss, m.l0_penalty, 100 * m.train_accuracy,
             m.validation_accuracy
                 ? fmt::format("validation {:.2f} %  ", 100 * *m.validation_accuracy)
                 : "",
             100 * m.test_accuracy, m.images_per_second, duration(m.seconds), energy);
  next_ = Clock::now() + kPlainLine / 5;
}

void ProgressBar::show(const training::Prediction& p) {
  clear();
  fmt::print(stderr, "{}after epoch {}: {} +- {} for all {} epochs (95 %, by those {}, {})\n",
             label_, p.after_epoch, str(p.energy), str(p.half_width), p.epochs, name(p.quality),
             p.source);
}

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include "joule/cli/terminal/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "joule/cli/terminal/bar.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"

namespace joule::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw(100);
constexpr std::chrono::seconds kPlainLine(5);

std::string per_image(energy::Joules energy) { return str("  ", energy, "/image"); }

/// Where lambda was steered to, and how far that went.
std::string steering(const training::EpochMetrics& m) {
  if (!m.control) return "";
  const auto& [lambda, measured, target] = *m.control;
  return fmt::format("  lambda {:.3g} ({:.4g} of {:.4g})", lambda, measured, target);
}

}  // namespace

ProgressBar::ProgressBar(std::int64_t epochs, std::string label)
    : epochs_(epochs),
      label_(label.empty() ? "" : label + "  "),
      redraws_(may_redraw(STDERR_FILENO)),
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
  next_ = now + (redraws_ ? std::chrono::duration_cast<Clock::duration>(kRedraw) : kPlainLine);
  const std::string eta = p.seconds_left ? duration(*p.seconds_left) : "-:--";
  const std::string epoch = fmt::format("{}epoch {}/{}", label_, p.epoch, epochs_);
  std::vector<std::string> parts{fmt::format("{}/{}", p.batch, p.batches), "ETA " + eta,
                                 fmt::format("loss {:.4f}", p.loss),
                                 fmt::format("accuracy {:.2f} %", 100 * p.accuracy),
                                 fmt::format("{:.0f} images/s", p.images_per_second)};
  if (p.joules_per_image) parts.push_back(str(*p.joules_per_image, "/image"));
  if (!redraws_) {
    parts.front() = "step " + parts.front();
    fmt::print(stderr, "{}  {}\n", epoch, fmt::join(parts, "  "));
    return;
  }
  const double share = static_cast<double>(p.batch) / static_cast<double>(p.batches);
  // The last column stays free: what stands there may break the line.
  const std::size_t width = std::max<std::size_t>(columns_of(STDERR_FILENO), 2) - 1;
  fmt::print(stderr, "\r{}\033[K", fitted(epoch, share, parts, width));
  std::fflush(stderr);
  drawn_ = true;
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
  fmt::print(
      stderr,
      "{}epoch {}/{}  loss {:.4f}  penalty {:.4f}{}  accuracy {:.2f} %  {}test {:.2f} %  "
      "{:.0f} images/s  {}{}\n",
      label_, m.epoch, epochs_, m.train_loss, m.l0_penalty, steering(m), 100 * m.train_accuracy,
      m.validation_accuracy ? fmt::format("validation {:.2f} %  ", 100 * *m.validation_accuracy)
                            : "",
      100 * m.test_accuracy, m.images_per_second, duration(m.seconds), energy);
  next_ = Clock::now() + kPlainLine / 5;
}

void ProgressBar::show(const training::Prediction& p) {
  clear();
  fmt::print(stderr, "{}after epoch {}: {} for all {} epochs ({}by those {}, {})\n", label_,
             p.after_epoch, training::amount(p, " +- "), p.epochs,
             p.quality == energy::Quality::modelled ? "" : "95 %, ", name(p.quality), p.source);
}

}  // namespace joule::cli

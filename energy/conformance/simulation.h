// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "joule/energy/clock.h"
#include "joule/energy/conformance/case.h"
#include "joule/energy/machine.h"

namespace joule::energy {

/// The machine of a case, on time that passes only in sleep_ns().  Its tree lies in a folder
/// of its own, and counts as the case says.
///
/// Errors    DeviceError if the folder cannot be made.
class Simulation final : public Clock {
 public:
  explicit Simulation(const Case& c);
  ~Simulation() override;
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  std::int64_t now_ns() override { return kBootNs + now_; }
  void sleep_ns(std::int64_t ns) override;
  std::int64_t suspended_ns() override { return suspended_; }
  bool simulated() const override { return true; }

  double now_s() const { return 1e-9 * static_cast<double>(now_); }
  Machine machine();
  /// "stream:..." for a case of lines; else "auto".
  std::string selection() const;

 private:
  static constexpr std::int64_t kBootNs = 5'000'000'000;

  /// What a counter has counted.
  struct Count {
    CaseCounter counter;
    double joules = 0, since_s = 0, watts = 0;  // until then; and its power since
    double shown_j = 0;                         // when it last moved
    std::int64_t moves = 0;
    bool began_anew = false;
    void go_to(double now_s);
    std::string text() const;
  };

  FileText read(const std::string& path);
  void happen(const CaseEvent& event);
  void send_lines();

  const Case& case_;
  std::string root_;
  std::map<std::string, Count> counts_;
  std::int64_t now_ = 0, suspended_ = 0;
  std::size_t next_event_ = 0, next_line_ = 0;
  int fifo_ = -1;
};

}  // namespace joule::energy

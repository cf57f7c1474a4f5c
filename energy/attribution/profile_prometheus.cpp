// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <string>
#include <string_view>

#include "joule/core/error.h"
#include "joule/energy/attribution/profile.h"

namespace joule::energy {
namespace {

/// As the format has it: backslash, quote and line feed of a label's value.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

std::string label(const char* key, const std::string& value) {
  return fmt::format("{}=\"{}\"", key, escaped(value));
}

/// OpenMetrics' line of the unit, which is how a name ends; empty if it has none.
std::string unit_line(std::string_view name) {
  for (const char* const unit : {"seconds", "joules", "bytes"}) {
    if (name.ends_with(std::string("_") + unit)) return fmt::format("# UNIT {} {}\n", name, unit);
  }
  return "";
}

/// The samples of one metric under their head; nothing if there are none.
class Metric {
 public:
  Metric(const char* name, const char* type, const char* help)
      : name_(name),
        head_(fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n{3}", name, type, help,
                          unit_line(name))) {}

  template <class T>
  void sample(const std::string& labels, T value) {
    samples_ += fmt::format("{}{{{}}} {}\n", name_, labels, value);
  }
  std::string text() const { return samples_.empty() ? "" : head_ + samples_; }

 private:
  const char* name_;
  std::string head_, samples_;
};

std::string operation_metrics(const Profile& p) {
  Metric calls("joule_op_calls", "gauge", "Calls of an operation in the window.");
  Metric seconds("joule_op_seconds", "gauge", "Time in the operation.");
  Metric macs("joule_op_macs", "gauge", "Multiply-accumulates of the dense algorithm.");
  Metric skippable("joule_op_macs_skippable", "gauge", "Those that had a zero operand.");
  Metric skipped("joule_op_macs_skipped", "gauge", "Those that were not executed for it.");
  Metric bytes("joule_op_bytes", "gauge", "Compulsory traffic, read and written.");
  Metric modelled("joule_op_modelled_joules", "gauge", "Energy by the constants of a profile.");
  Metric attributed("joule_op_attributed_joules", "gauge", "Share of the dynamic energy.");
  for (const ProfileRow& row : rows(p, By::line)) {
    const std::string labels = label("layer", row.layer) + "," + label("phase", row.phase) + "," +
                               label("op", row.op) + "," +
                               label("implementation", row.implementation);
    const auto& [count, work, tally] = row.totals;
    calls.sample(labels, count);
    if (p.times) seconds.sample(labels, 1e-9 * static_cast<double>(tally.nanoseconds));
    macs.sample(labels, work.macs);
    skippable.sample(labels, tally.macs_skippable);
    skipped.sample(labels, tally.macs_skipped);
    bytes.sample(labels, work.bytes_read + work.bytes_written);
    modelled.sample(labels + "," + label("profile", p.cost.name), row.modelled.value().value());
    if (row.attributed.available()) {
      attributed.sample(labels + "," + label("rule", std::string(name(p.attribution.rule))),
                        row.attributed.value().value());
    }
  }
  std::string text;
  for (const Metric* metric :
       {&calls, &seconds, &macs, &skippable, &skipped, &bytes, &modelled, &attributed}) {
    text += metric->text();
  }
  return text;
}

std::string window_metrics(const Profile& p) {
  const Measurement& whole = p.attribution.whole;
  const std::string meter = label("meter", p.meter.name) + "," + label("scope", p.meter.scope);
  const auto figure = [&](const char* name, const char* help, const auto& f) {
    Metric metric(name, "gauge", help);
    if (f.available()) {
      metric.sample(meter + "," + label("quality", std::string(energy::name(f.quality()))),
                    f.value().value());
    }
    return metric.text();
  };
  Metric beside("joule_window_not_in_sum_joules", "gauge",
                "Gross energy of a meter of what the run did not compute on: nobody's share.");
  for (const auto& [info, why, gross] : p.beside) {
    if (!gross.available()) continue;
    beside.sample(label("meter", info.name) + "," + label("scope", info.scope),
                  gross.value().value());
  }
  Metric available("joule_window_energy_available", "gauge", "1 if the window's energy is known.");
  available.sample(meter, whole.gross.available() ? 1 : 0);
  return available.text() + beside.text() +
         figure("joule_window_gross_joules", "Energy of the meter's scope.", whole.gross) +
         figure("joule_window_idle_joules", "Idle power times duration.", whole.idle) +
         figure("joule_window_dynamic_joules", "Gross less idle.", whole.dynamic) +
         figure("joule_window_unattributed_joules", "Dynamic energy that no operation got.",
                p.attribution.unattributed) +
         figure("joule_window_seconds", "Duration on the meter's clock.", whole.duration);
}

}  // namespace

std::string to_prometheus(const Profile& profile) {
  return operation_metrics(profile) + window_metrics(profile) + "# EOF\n";
}

}  // namespace joule::energy

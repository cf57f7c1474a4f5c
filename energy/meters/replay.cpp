// SPDX-License-Identifier: MIT
#include "energy/meters/replay.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "energy/machine.h"

namespace joule::energy {
namespace {

using nlohmann::json;

/// A line of a trace, whose members are asked for by name; in the end it objects to those nobody
/// asked for.
class Line {
 public:
  Line(std::string_view text, std::string place) : place_(std::move(place)) {
    object_ = json::parse(text, nullptr, false);
    if (!object_.is_object()) fail("expected a JSON object");
  }

  bool has(const char* key) const { return object_.contains(key); }
  std::int64_t integer(const char* key, std::int64_t least) {
    const json& value = at(key);
    // A number beyond the range of int64 is parsed as unsigned or floating-point.
    if (!value.is_number_integer() || value > INT64_MAX || value.get<std::int64_t>() < least) {
      fail(str("'", key, "' must be an integer >= ", least, ", got ", value.dump()));
    }
    return value;
  }
  double number(const char* key) {
    const json& value = at(key);
    if (!value.is_number() || value.get<double>() < 0) {
      fail(str("'", key, "' must be a number >= 0, got ", value.dump()));
    }
    return value;
  }
  double positive(const char* key) {
    const double value = number(key);
    if (value == 0) fail(str("'", key, "' must be positive, got 0"));
    return value;
  }
  std::string text(const char* key) {
    const json& value = at(key);
    if (!value.is_string()) fail(str("'", key, "' must be a text, got ", value.dump()));
    return value;
  }
  bool flag(const char* key) {
    if (!has(key)) return false;
    const json& value = at(key);
    if (!value.is_boolean()) fail(str("'", key, "' must be true or false, got ", value.dump()));
    return value;
  }
  void reject_others() const {
    for (const auto& member : object_.items()) {
      if (!known_.contains(member.key())) fail(str("unknown member '", member.key(), "'"));
    }
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(str(place_, ": ", what));
  }

 private:
  const json& at(const char* key) {
    known_.insert(key);
    const auto found = object_.find(key);
    if (found == object_.end()) fail(str("'", key, "' is missing"));
    return *found;
  }

  json object_;
  std::string place_;
  std::set<std::string> known_;
};

MeterInfo parse_head(Line line) {
  const std::int64_t version = line.integer("joule_trace", 0);
  if (version != 1) line.fail(str("expected a trace of version 1, got ", version));
  MeterInfo info{.name = str("replay of ", line.text("meter")),
                 .scope = line.text("scope"),
                 .unit = Joules(line.positive("joules_per_tick")),
                 .systematic = line.number("systematic")};
  if (line.has("update_period_s")) info.update_period = Seconds(line.positive("update_period_s"));
  line.reject_others();
  return info;
}

/// The time of the reading that was given last.
class TraceClock final : public Clock {
 public:
  std::int64_t now_ns() override { return now_; }
  void sleep_ns(std::int64_t) override {}
  void set(std::int64_t ns) { now_ = ns; }

 private:
  std::int64_t now_ = 0;
};

/// A base so that the clock is there before the Meter that refers to it.
struct OwnsClock {
  TraceClock trace_clock;
};

class ReplayMeter final : OwnsClock, public Meter {
 public:
  struct Entry {
    std::int64_t ns = 0;
    std::int64_t ticks = 0;
    std::string failure, reset;
    std::optional<PowerIntegral> integral;
  };

  ReplayMeter(MeterInfo info, std::vector<Entry> entries)
      : Meter(std::move(info), trace_clock), entries_(std::move(entries)) {}

  std::string closing_remark() const override {
    if (next_ >= entries_.size()) return {};
    return str(entries_.size() - next_, " of the trace's ", entries_.size(),
               " readings were not asked for: was it recorded with the same options?");
  }

 private:
  Sample sample(Purpose purpose) override {
    // In the background the last one again.
    const bool again = purpose == Purpose::background;
    const std::size_t index = again && next_ > 0 ? next_ - 1 : next_;
    if (!again) ++next_;
    if (index >= entries_.size()) {
      return {.failure = str("the trace has only ", entries_.size(), " readings"),
              .monotonic_ns = trace_clock.now_ns()};
    }
    const Entry& entry = entries_[index];
    trace_clock.set(entry.ns);
    return {.ticks = entry.ticks,
            .failure = entry.failure,
            .reset = entry.reset,
            .monotonic_ns = entry.ns,
            .integral = entry.integral};
  }

  std::vector<Entry> entries_;
  std::size_t next_ = 0;
};

ReplayMeter::Entry parse_entry(Line& line) {
  ReplayMeter::Entry entry{.ns = line.integer("ns", 0)};
  if (line.has("failure")) {
    entry.failure = line.text("failure");
    if (entry.failure.empty()) line.fail("'failure' must not be empty");
  } else {
    entry.ticks = line.integer("ticks", 0);
    if (line.has("reset")) entry.reset = line.text("reset");
    if (line.has("integral_uj")) {
      entry.integral = {.microjoules = line.integer("integral_uj", 0),
                        .samples = line.integer("integral_samples", 1)};
    }
  }
  return entry;
}

}  // namespace

std::unique_ptr<Meter> replay_meter(std::string_view trace, const std::string& path) {
  std::optional<MeterInfo> info;
  std::vector<ReplayMeter::Entry> entries;
  std::int64_t last_ns = 0;
  std::int64_t number = 0;
  while (!trace.empty()) {
    const std::size_t end = std::min(trace.find('\n'), trace.size());
    const std::string_view text = trace.substr(0, end);
    trace.remove_prefix(std::min(end + 1, trace.size()));
    Line line(text, str(path, ":", ++number));
    if (!info) {
      info = parse_head(std::move(line));
      continue;
    }
    const ReplayMeter::Entry entry = parse_entry(line);
    if (entry.ns < last_ns) line.fail(str("time goes backwards, from ", last_ns, " to ", entry.ns));
    last_ns = entry.ns;
    if (!line.flag("background")) entries.push_back(entry);
    line.reject_others();
  }
  if (!info) throw DataError(str(path, ": is empty, expected a trace"));
  return std::make_unique<ReplayMeter>(std::move(*info), std::move(entries));
}

std::unique_ptr<Meter> open_replay(const std::string& path) {
  const FileText file = read_whole_file(path);
  if (file.error) throw DataError(str(path, ": cannot be read: ", std::strerror(file.error)));
  return replay_meter(file.text, path);
}

}  // namespace joule::energy

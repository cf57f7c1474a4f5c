// SPDX-License-Identifier: MIT
#include "joule/energy/meters/replay.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/energy/json/json_members.h"
#include "joule/io/input_file.h"

namespace joule::energy {
namespace {

using nlohmann::json;

double positive(Members& line, const std::string& key, const std::string& place) {
  const double value = line.not_negative(key);
  if (value == 0) throw DataError(str(place, ": '", key, "' must be positive, got 0"));
  return value;
}

bool flag(Members& line, const std::string& key, const std::string& place) {
  const json& value = line.at(key);
  if (value.is_boolean()) return value;
  throw DataError(str(place, ": '", key, "' must be true or false, got ", value.dump()));
}

Domain parse_domain(Members& line, const std::string& place) {
  const std::string text = line.text("domain");
  for (const Domain domain :
       {Domain::processors, Domain::gpu, Domain::module, Domain::machine, Domain::unknown}) {
    if (text == name(domain)) return domain;
  }
  throw DataError(str(
      place, ": 'domain' must be processors, gpu, module, machine or unknown, got \"", text, "\""));
}

std::vector<std::int64_t> parse_loops(Members& line, const std::string& place) {
  constexpr std::uint64_t kMost = 1'000'000'000'000;
  const json& array = line.at("loops");
  const auto is_count = [](const json& n) {
    return n.is_number_unsigned() && n.get<std::uint64_t>() > 0 && n.get<std::uint64_t>() <= kMost;
  };
  if (!array.is_array() || !std::ranges::all_of(array, is_count)) {
    throw DataError(str(place, ": 'loops' must be whole numbers of 1 to ", kMost));
  }
  return array;
}

MeterInfo parse_head(const json& object, const std::string& place) {
  Members line(object, place);
  const std::int64_t version = line.count("joule_trace");
  if (version != 1) throw DataError(str(place, ": expected a trace of version 1, got ", version));
  const std::string meter = line.text("meter");
  MeterInfo info{.name = str(kReplayOf, meter),
                 .scope = line.text("scope"),
                 .domain = line.has("domain") ? parse_domain(line, place) : domain_of(meter),
                 .unit = Joules(positive(line, "joules_per_tick", place)),
                 .systematic = line.not_negative("systematic")};
  if (line.has("update_period_s")) {
    info.update_period = Seconds(positive(line, "update_period_s", place));
  }
  if (line.has("integrates_power")) info.integrates_power = flag(line, "integrates_power", place);
  if (line.has("samples_moments")) info.samples_moments = flag(line, "samples_moments", place);
  if (line.has("most_watts")) info.most = Watts(positive(line, "most_watts", place));
  if (line.has("limit_watts")) info.limit = Watts(positive(line, "limit_watts", place));
  if (line.has("band_hz")) info.band_hz = positive(line, "band_hz", place);
  if (line.has("ran")) info.ran = line.text("ran");
  if (line.has("loops")) info.loops = parse_loops(line, place);
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
    std::int64_t doubt = 0;
    bool background = false, slice = false;
    std::optional<std::int64_t> late_ns{};
    std::string failure, reset;
    std::optional<PowerIntegral> integral;
  };

  ReplayMeter(MeterInfo info, std::vector<Entry> entries)
      : Meter(std::move(info), trace_clock), entries_(std::move(entries)) {}

  std::string closing_remark() const override {
    const auto of_windows = [](const Entry& entry) { return !entry.slice; };
    const auto left = std::count_if(
        entries_.begin() + static_cast<std::ptrdiff_t>(std::min(next_, entries_.size())),
        entries_.end(), of_windows);
    if (left == 0) return {};
    return str(left, " of the trace's ", std::ranges::count_if(entries_, of_windows),
               " readings were not asked for: was it recorded with the same options?");
  }

 private:
  Sample sample(Purpose purpose) override {
    // In the background the last one again; so for a slice that was not recorded.
    if (purpose == Purpose::window) {
      while (next_ < entries_.size() && entries_[next_].slice) ++next_;
    }
    const bool slice = next_ < entries_.size() && entries_[next_].slice;
    const bool again =
        purpose == Purpose::background || (purpose == Purpose::slice && !slice && next_ > 0);
    const std::size_t index = again && next_ > 0 ? next_ - 1 : next_;
    if (!again) ++next_;
    if (index >= entries_.size() && !entries_.empty() && !entries_.back().failure.empty()) {
      // What was recorded ended with it: the meter did not come back.
      return {.failure = entries_.back().failure,
              .retry = Retry::never,
              .monotonic_ns = trace_clock.now_ns()};
    }
    if (index >= entries_.size()) {
      return {.failure = str("the trace has only ", entries_.size(), " readings"),
              .retry = Retry::never,
              .monotonic_ns = trace_clock.now_ns()};
    }
    const Entry& entry = entries_[index];
    trace_clock.set(entry.ns);
    return {.ticks = entry.ticks,
            .failure = entry.failure,
            .retry = Retry::later,  // the recorded reading had asked again
            .reset = entry.reset,
            .doubt = entry.doubt,
            .monotonic_ns = entry.ns,
            .integral = entry.integral,
            .late_ns = entry.late_ns};
  }

  std::vector<Entry> entries_;
  std::size_t next_ = 0;
};

ReplayMeter::Entry parse_entry(const json& object, const std::string& place) {
  Members line(object, place);
  ReplayMeter::Entry entry{.ns = line.count("ns")};
  if (line.has("failure")) {
    entry.failure = line.text("failure");
  } else {
    entry.ticks = line.count("ticks");
    if (line.has("reset")) entry.reset = line.text("reset");
    if (line.has("doubt")) entry.doubt = line.count("doubt");
    if (line.has("integral_uj")) {
      entry.integral = {.microjoules = line.count("integral_uj"),
                        .samples = line.count("integral_samples")};
    }
  }
  if (line.has("background")) entry.background = flag(line, "background", place);
  if (line.has("slice")) entry.slice = flag(line, "slice", place);
  if (line.has("late_ns")) entry.late_ns = line.count("late_ns");
  line.reject_others();
  return entry;
}

}  // namespace

std::unique_ptr<Meter> replay_meter(std::string_view trace, const std::string& path) {
  std::optional<MeterInfo> info;
  std::vector<ReplayMeter::Entry> entries;
  std::int64_t last_ns = 0, doubt = 0;
  std::string reset;  // that was seen in the background since the last reading of a window
  std::int64_t number = 0;
  while (!trace.empty()) {
    const std::size_t end = std::min(trace.find('\n'), trace.size());
    const std::string_view text = trace.substr(0, end);
    trace.remove_prefix(std::min(end + 1, trace.size()));
    const std::string place = str(path, ":", ++number);
    const json line = parse_json(text, place);
    if (!info) {
      info = parse_head(line, place);
      continue;
    }
    ReplayMeter::Entry entry = parse_entry(line, place);
    if (entry.ns < last_ns) {
      throw DataError(str(place, ": time goes backwards, from ", last_ns, " to ", entry.ns));
    }
    last_ns = entry.ns;
    doubt += entry.doubt;
    if (!entry.reset.empty()) reset = entry.reset;
    if (entry.background || !entry.failure.empty()) {
      if (!entry.background) entries.push_back(entry);
      continue;
    }
    entry.doubt = std::exchange(doubt, 0);
    entry.reset = std::exchange(reset, {});
    entries.push_back(entry);
  }
  if (!info) throw DataError(str(path, ": is empty, expected a trace"));
  return std::make_unique<ReplayMeter>(std::move(*info), std::move(entries));
}

std::unique_ptr<Meter> open_replay(const std::string& path) {
  constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;
  return replay_meter(read_file(path, kMaxBytes, "a trace"), path);
}

}  // namespace joule::energy

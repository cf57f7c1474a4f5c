// SPDX-License-Identifier: MIT
#include "joule/energy/meters/stream/stream.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/energy/meters/none.h"
#include "joule/energy/meters/stream/lines.h"
#include "joule/energy/meters/stream/pipe.h"
#include "joule/energy/meters/stream/spec.h"

namespace joule::energy {
namespace {

constexpr const char* kStream = "stream";
constexpr Joules kStreamTick(1e-6);
constexpr Watts kMostOfAMachine(
    100'000);  // that a counter of joules can show, if no limit is stated
constexpr Seconds kShortestStall(5), kOpening(10);
constexpr Seconds kLive(1);    // so long lines must have come while it was opened
constexpr Seconds kLate(0.5);  // so long a line may have been under way
constexpr std::size_t kOpeningLines = 3;
constexpr std::int64_t kStreamPollNs = 10'000'000;
constexpr double kSlowClock = 0.05;  // by so much the stream's clock may run otherwise

/// The samples of a stream, as they come.
struct Source {
  explicit Source(const StreamSpec& spec) : pipe(spec), lines(spec.joules, spec.limit) {}

  /// What has come since the last time.
  std::vector<StreamLines::Sample> take() { return lines.take(pipe.read()); }
  const std::string& problem() const {
    return lines.problem().empty() ? pipe.problem() : lines.problem();
  }

  StreamPipe pipe;
  StreamLines lines;
};

/// What came while it was opened.
struct Opened {
  std::unique_ptr<Source> source;
  std::vector<StreamLines::Sample> first;
  StreamLines::Sample begin;  // the last of those that came at once
  std::int64_t begin_ns = 0, last_ns = 0;
  std::string problem;

  Seconds longest_gap() const {
    double gap = 0;
    for (std::size_t i = 1; i < first.size(); ++i) {
      gap = std::max(gap, first[i].seconds - first[i - 1].seconds);
    }
    return Seconds(gap);
  }
};

/// Why the times of its lines are not those of their coming, which was between two looks; empty if
/// they are.
std::string clocks_apart(Seconds there, Seconds earliest, Seconds latest) {
  const Seconds allowed = kLate + kSlowClock * latest;
  if (there <= latest + allowed && there + allowed >= earliest) return {};
  return str("the stream's times went on by ", there, " in ", latest,
             ": are they in seconds, and written at once?");
}

Opened open_source(const StreamSpec& spec, Clock& clock) {
  Opened opened;
  opened.source = std::make_unique<Source>(spec);
  const Seconds patience = std::max(kOpening, 3 * spec.stall.value_or(Seconds(0)));
  const std::int64_t begin = clock.now_ns();
  for (;;) {
    const std::vector<StreamLines::Sample> samples = opened.source->take();
    const std::int64_t now = clock.now_ns();
    if (!samples.empty()) {
      if (opened.first.empty()) {
        opened.begin = samples.back();
        opened.begin_ns = now;
      }
      opened.last_ns = now;
      opened.first.insert(opened.first.end(), samples.begin(), samples.end());
    }
    opened.problem = opened.source->problem();
    if (!opened.problem.empty()) return opened;
    const Seconds live = nanoseconds(opened.last_ns - opened.begin_ns);
    if (opened.first.size() >= kOpeningLines && live >= kLive) {
      opened.problem =
          clocks_apart(Seconds(opened.first.back().seconds - opened.begin.seconds), live, live);
      return opened;
    }
    if (nanoseconds(now - begin) >= patience) {
      opened.problem =
          opened.first.size() < kOpeningLines
              ? str("only ", opened.first.size(), " of ", kOpeningLines, " lines came in ",
                    patience)
              : "its lines came all at once: a program has to write each when it is measured";
      return opened;
    }
    clock.sleep_ns(kStreamPollNs);
  }
}

class StreamMeter final : public Meter {
 public:
  StreamMeter(MeterInfo info, Clock& clock, const StreamSpec& spec, Opened opened)
      : Meter(std::move(info), clock),
        source_(std::move(opened.source)),
        joules_(spec.joules),
        stall_(spec.stall.value_or(std::max(kShortestStall, 5 * opened.longest_gap()))),
        last_(opened.first.back()),
        begin_(opened.begin),
        begin_ns_(opened.begin_ns),
        arrived_ns_(opened.last_ns),
        looked_ns_(opened.last_ns) {}

 private:
  Sample sample(Purpose) override {
    const std::int64_t now = clock().now_ns();
    std::string reset;
    const std::vector<StreamLines::Sample> samples = source_->take();
    for (const StreamLines::Sample& s : samples) {
      const std::string gap = add(s);
      if (!gap.empty()) reset = gap;
    }
    const std::int64_t looked = std::exchange(looked_ns_, now);
    if (!source_->problem().empty()) return {.failure = source_->problem(), .retry = Retry::never};
    if (!samples.empty()) {
      arrived_ns_ = now;
      const std::string clocks =
          clocks_apart(Seconds(last_.seconds - begin_.seconds), nanoseconds(looked - begin_ns_),
                       nanoseconds(now - begin_ns_));
      if (!clocks.empty()) return {.failure = clocks, .retry = Retry::never};
    }
    if (!reset.empty()) reset_ = reset;
    if (nanoseconds(now - arrived_ns_) > stall_) {
      return {.failure = str("no line came for ", nanoseconds(now - arrived_ns_)),
              .retry = Retry::later};
    }
    const double power = 1e6 * last_.value;
    return {.ticks = ticks(),
            .reset = std::exchange(reset_, {}),
            .shown = joules_ ? ticks() : static_cast<std::int64_t>(power)};
  }

  std::int64_t ticks() const {
    return joules_ ? static_cast<std::int64_t>(std::floor(1e6 * last_.value)) : microjoules_;
  }

  /// Integrates up to a sample; says why it does not go on from the one before, if it does not.
  std::string add(const StreamLines::Sample& sample) {
    const StreamLines::Sample before = std::exchange(last_, sample);
    if (joules_) return {};
    const Seconds gap(sample.seconds - before.seconds);
    if (gap > stall_) return str("the power was not told for ", gap);
    const bool mean = !info().samples_moments;
    const double watts = mean ? sample.value : (before.value + sample.value) / 2;
    rest_ += 1e6 * watts * gap.value();
    const double whole = std::floor(rest_);
    microjoules_ += static_cast<std::int64_t>(whole);
    rest_ -= whole;
    return {};
  }

  std::unique_ptr<Source> source_;
  bool joules_;
  Seconds stall_;
  StreamLines::Sample last_, begin_;
  std::int64_t begin_ns_, arrived_ns_, looked_ns_;
  std::int64_t microjoules_ = 0;
  double rest_ = 0;  // that does not fill a microjoule yet
  std::string reset_;
};

MeterInfo info_of(const StreamSpec& spec) {
  MeterInfo info{.name = kStream,
                 .scope = str(spec.domain == Domain::machine ? "the machine" : name(spec.domain),
                              ", as ", spec.from == StreamSpec::From::tcp ? "127.0.0.1:" : "",
                              spec.source, " tells its ", spec.joules ? "energy" : "power"),
                 .domain = spec.domain,
                 .unit = kStreamTick,
                 .systematic = spec.systematic.value_or(0),
                 .most = spec.limit,
                 .limit = spec.limit,
                 .integrates_power = !spec.joules,
                 .samples_moments = !spec.joules && !spec.mean,
                 .band_hz = spec.band_hz,
                 .sample_period = Seconds(0.1)};
  if (spec.joules && !spec.limit) info.most = kMostOfAMachine;
  if (info.samples_moments && !spec.limit) {
    info.remarks.emplace_back(
        "each line is the power of a moment, and nothing bounds what was drawn in between: figures "
        "have no uncertainty; limit= (W) and band= (Hz) give one");
  }
  if (!spec.systematic) info.remarks.emplace_back("its accuracy is not stated (accuracy=)");
  return info;
}

}  // namespace

std::unique_ptr<Meter> open_stream(const Machine& machine, const std::string& text) {
  const StreamSpec spec = parse_stream_spec(text);
  MeterInfo info = info_of(spec);
  Opened opened = open_source(spec, *machine.clock);
  if (!opened.problem.empty()) {
    return unreadable_meter(machine, std::move(info), Status::failed, opened.problem,
                            "a stream is lines of 'seconds watts' or 'seconds joules', written at "
                            "once (docs/energy.md)");
  }
  const Seconds period = opened.longest_gap();
  auto meter =
      std::make_unique<StreamMeter>(std::move(info), *machine.clock, spec, std::move(opened));
  if (!spec.joules) meter->set_update_period(period);
  return meter;
}

}  // namespace joule::energy

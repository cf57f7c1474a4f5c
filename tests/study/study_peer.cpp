// SPDX-License-Identifier: MIT
// A program with a study of a free objective, which its tests start, kill and start again:
//
//   study_peer run    --storage URL --study NAME [--out DIR] [--workers N] [--heartbeat S]
//   [--crashes N] [--trials N]
//                     [--sampler NAME] [--seed N] [--budget J] [--config JSON] [--retry-failed]
//   study_peer worker (what run_study() adds)
//   study_peer time   --storage URL --trials N      what the engine takes for each of N trials
//   study_peer rates  --storage URL --trials N      what a storage does a second that has N trials
//
// Members of the config: milliseconds (of a trial), epochs (reports), joules (that a trial
// measures, in equal parts per epoch), modelled (those are modelled), fail, crash, prune, nan,
// meter: the numbers of trials that do so, or the meter that a trial takes; log: a file to which a
// line is added when a trial begins.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/io/parse_number.h"
#include "joule/study/export.h"
#include "joule/study/kinds.h"
#include "joule/study/runner.h"

namespace {

using namespace joule;
using nlohmann::json;
using study::Trial;
using study::TrialContext;

volatile std::sig_atomic_t asked_to_stop = 0;

struct Arguments {
  std::map<std::string, std::string> values;
  std::string text(const std::string& name, const std::string& preset = "") const {
    const auto found = values.find(name);
    return found == values.end() ? preset : found->second;
  }
  template <class T>
  T number(const std::string& name, T preset) const {
    const auto found = values.find(name);
    return found == values.end() ? preset : parse_number<T>(name, found->second);
  }
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 2; i < argc; ++i) {
    const std::string name = argv[i];
    const bool flag = name == "--quiet" || name == "--keep-runs" || name == "--retry-failed";
    arguments.values[name] = flag ? "" : argv[++i];
  }
  return arguments;
}

bool listed(const json& config, const char* what, std::int64_t number) {
  const json numbers = config.value(what, json::array());
  return std::find(numbers.begin(), numbers.end(), json(number)) != numbers.end();
}

void log_start(const json& config, const Trial& trial) {
  if (!config.contains("log")) return;
  std::ofstream(config["log"].get<std::string>(), std::ios::app)
      << trial.number << " " + std::to_string(trial.token) + " " + std::to_string(getpid()) + "\n";
}

study::Value energy_of(const json& config, double joules) {
  const auto make = config.value("modelled", false) ? study::modelled : study::measured;
  return make(std::string(study::kEnergy), joules, "J", "peer");
}

std::vector<study::Value> objective(const json& config, const Trial& trial, TrialContext& context) {
  std::optional<study::MeterLock> lock;
  if (config.contains("meter")) lock = context.lock_meters({config["meter"]});
  log_start(config, trial);
  if (config.value("folder", false)) std::ofstream(context.folder() + "/checkpoint") << "here";
  if (listed(config, "crash", trial.number)) std::raise(SIGKILL);
  if (listed(config, "fail", trial.number)) throw std::runtime_error("it fails\xff, as told");
  if (listed(config, "prune", trial.number)) throw study::Pruned{"not worth it"};
  const std::int64_t epochs = config.value("epochs", 1);
  const double joules = config.value("joules", 0.0);
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::microseconds(1000 * config.value("milliseconds", 0) / epochs);
    do {
      if (context.stop()) throw study::Interrupted();
      std::this_thread::sleep_until(
          std::min(end, std::chrono::steady_clock::now() + std::chrono::milliseconds(2)));
    } while (std::chrono::steady_clock::now() < end);
    if (epochs == 1) continue;
    std::vector<study::Value> values{study::counted("epochs", double(epoch), "", "")};
    const double share = double(epoch) / double(epochs);
    if (joules > 0) values.push_back(energy_of(config, joules * share));
    context.report(epoch, std::move(values));
  }
  const double x = trial.point.get<double>("x");
  std::vector<study::Value> values{study::counted("square", x * x, "m2", "the peer")};
  if (listed(config, "nan", trial.number))
    values[0].number = std::numeric_limits<double>::quiet_NaN();
  if (joules > 0) values.push_back(energy_of(config, joules));
  values.push_back(study::unavailable("power", "W", "peer", "there is no meter"));
  return values;
}

study::StudyDefinition definition(const Arguments& a) {
  study::StudyDefinition d{.name = a.text("--study", "peer"),
                           .kind = "peer",
                           .config = a.text("--config", "{}"),
                           .space = search::Space({{.name = "x", .low = -1, .high = 1}}),
                           .goals = {{"square", search::Direction::minimise}},
                           .sampler = a.text("--sampler", "random"),
                           .seed = a.number<std::uint64_t>("--seed", 1),
                           .trials = a.number<std::int64_t>("--trials", 10)};
  if (a.values.contains("--budget")) d.energy_budget = energy::Joules(a.number("--budget", 0.0));
  return d;
}

study::RunOptions run_options(const Arguments& a) {
  return {.folder = a.text("--out"),
          .storage = a.text("--storage"),
          .workers = a.number("--workers", 1),
          .heartbeat = a.number("--heartbeat", study::kHeartbeat),
          .most_crashes = a.number<std::int64_t>("--crashes", 3),
          .keep_runs = a.values.contains("--keep-runs"),
          .retry_failed = a.values.contains("--retry-failed"),
          .worker_command = {"/proc/self/exe", "worker"}};
}

int run(const Arguments& a) {
  study::RunHooks hooks;
  hooks.stop = [] { return asked_to_stop != 0; };
  hooks.on_event = [](const std::string& event) { std::cout << event << std::endl; };
  const study::StudyResult result = run_study(definition(a), run_options(a), hooks);
  std::cout << result.trials.size() << " trials, " << result.failed() << " failed"
            << (result.why.empty() ? "" : ": " + result.why) << std::endl;
  return result.end == study::WorkEnd::done ? 0 : 130;
}

int worker(const Arguments& a) {
  const study::Location location{a.text("--storage")};
  study::WorkerHooks hooks;
  hooks.stop = [] { return asked_to_stop != 0; };
  hooks.on_lost = [](const Trial&, const std::string& why) { std::cerr << why << std::endl; };
  study::Objective objective;
  {
    study::Storage storage(location, study::Storage::Missing::refuse);
    const study::Study study = storage.study(a.text("--study"));
    objective = study::kind_of(study.definition.kind).make(study.definition);
  }
  const study::WorkEnd end = study::work(location, a.text("--study"), objective,
                                         {.threads = a.number("--threads", 1),
                                          .heartbeat = a.number("--heartbeat", study::kHeartbeat),
                                          .most_crashes = a.number<std::int64_t>("--crashes", 3),
                                          .folder = a.text("--out"),
                                          .keep_runs = a.values.contains("--keep-runs")},
                                         hooks);
  return end == study::WorkEnd::done ? 0 : 130;
}

/// One worker, here, with an objective that does nothing.
int time(const Arguments& a) {
  const study::Location location{a.text("--storage")};
  study::StudyDefinition d = definition(a);
  {
    study::Storage storage(location);
    storage.make_study(d, "");
  }
  const auto begin = std::chrono::steady_clock::now();
  study::work(location, d.name, [](const Trial&, TrialContext&) {
    return std::vector{study::counted("square", 0, "", "")};
  });
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  std::printf("%.3f ms a trial (%lld trials, %s)\n", taken.count() / double(*d.trials),
              static_cast<long long>(*d.trials),
              location.is_postgresql() ? "PostgreSQL" : "SQLite");
  return 0;
}

/// What `body` does a second, `count` times.
template <class Body>
void print_rate(const char* what, std::int64_t count, Body&& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  std::printf("%-30s %12.0f a second (%lld in %.2f s)\n", what, double(count) / taken.count(),
              static_cast<long long>(count), taken.count());
  std::fflush(stdout);
}

int rates(const Arguments& a) {
  constexpr std::int64_t kAtOnce = 10000, kMore = 2000;
  const study::WorkerProcess self = study::this_process();
  study::Storage storage(study::Location{a.text("--storage")});
  study::StudyDefinition d = definition(a);
  const std::int64_t rows = *d.trials;
  d.trials = rows + kMore;
  const study::Study study = storage.make_study(d, "");
  const auto point = [&](std::int64_t number) {
    search::Point p;
    p.set("x", double(number) / double(rows + kMore));
    return p;
  };
  print_rate("trials added, 10000 at once", rows, [&] {
    for (std::int64_t first = 0; first < rows; first += kAtOnce) {
      std::vector<Trial> finished;
      for (std::int64_t n = first; n < std::min(first + kAtOnce, rows); ++n) {
        finished.push_back({.number = n, .point = point(n), .state = study::State::complete});
        finished.back().values = {study::counted("square", double(n), "m2", "the peer"),
                                  study::modelled("energy", 1, "J", "the peer")};
      }
      storage.add_finished(study, finished);
    }
  });
  std::size_t read = 0;
  print_rate("trials read, all", rows, [&] { read = storage.trials(study).size(); });
  require(read == std::size_t(rows), "read ", read, " trials, expected ", rows);
  print_rate("overviews", 3, [&] {
    for (int i = 0; i < 3; ++i) storage.overviews();
  });
  print_rate("trials proposed, one by one", kMore, [&] {
    for (std::int64_t n = rows; n < rows + kMore; ++n) storage.propose(study, n, point(n));
  });
  std::vector<study::Claim> claims;
  print_rate("trials claimed", kMore, [&] {
    for (std::int64_t n = 0; n < kMore; ++n) {
      claims.push_back(storage.claim(study, self, 600).value());
    }
  });
  print_rate("heartbeats", kMore, [&] {
    for (const study::Claim& claim : claims) storage.beat(claim, 600);
  });
  print_rate("looks for dead workers", 20, [&] {
    for (int i = 0; i < 20; ++i) storage.reclaim(study, 3);
  });
  print_rate("results stored, durably", kMore, [&] {
    for (const study::Claim& claim : claims) {
      storage.finish(study, claim, study::State::complete,
                     {study::counted("square", 1, "m2", "the peer")});
    }
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { asked_to_stop = 1; });
  std::signal(SIGXFSZ, SIG_IGN);  // as joule does
  study::register_kind({"peer", "of the tests", [](const study::StudyDefinition& d) {
                          const json config = json::parse(d.config);
                          require(!config.contains("refuse"), "the peer refuses, as told");
                          return [config](const Trial& trial, TrialContext& context) {
                            return objective(config, trial, context);
                          };
                        }});
  const std::string what = argc > 1 ? argv[1] : "";
  int code = 1;
  try {
    const Arguments arguments = parse(argc, argv);
    if (what == "run") return run(arguments);
    if (what == "worker") return worker(arguments);
    return what == "rates" ? rates(arguments) : time(arguments);
  } catch (const ArgumentError& error) {
    std::cerr << "joule: " << error.what() << std::endl;
    code = 2;
  } catch (const DataError& error) {
    std::cerr << "joule: " << error.what() << std::endl;
    code = 3;
  } catch (const std::exception& error) {
    std::cerr << "joule: " << error.what() << std::endl;
  }
  return code;
}

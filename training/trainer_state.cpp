// SPDX-License-Identifier: MIT
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/io/json_text.h"
#include "joule/training/energy/energy_json.h"
#include "joule/training/run/counts.h"
#include "joule/training/run/history.h"
#include "joule/training/run/json_value.h"
#include "joule/training/trainer.h"

namespace joule::training {
namespace {

template <class Number>
std::string to_text(Number value) {
  std::array<char, 64> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

/// Numbers with spaces between, which read back exactly.
template <class... Numbers>
std::string to_texts(const Numbers&... values) {
  std::string all;
  ((all += to_text(values), all += ' '), ...);
  all.pop_back();
  return all;
}

/// Fills `values` from what to_texts() wrote.
template <class... Numbers>
void parse_texts(std::string_view name, std::string_view text, Numbers&... values) {
  const char* at = text.data();
  const char* const last = at + text.size();
  bool good = true;
  const auto parse = [&](auto& value) {
    if (at != last && *at == ' ') ++at;
    const auto [end, error] = std::from_chars(at, last, value);
    good = good && error == std::errc();
    at = end;
  };
  (parse(values), ...);
  require(good && at == last, "checkpoint: '", name, "' cannot be '", text, "'");
}

void insert(State& into, const std::string& prefix, const State& part) {
  for (const auto& [name, tensor] : part.tensors) into.tensors[prefix + name] = tensor;
  for (const auto& [name, value] : part.values) into.values[prefix + name] = value;
}

/// What insert() put in.
State extract(const State& from, const std::string& prefix) {
  State part;
  for (const auto& [name, tensor] : from.tensors) {
    if (name.starts_with(prefix)) part.tensors[name.substr(prefix.size())] = tensor;
  }
  for (const auto& [name, value] : from.values) {
    if (name.starts_with(prefix)) part.values[name.substr(prefix.size())] = value;
  }
  return part;
}

const std::string& value(const State& state, const std::string& name) {
  const auto found = state.values.find(name);
  require(found != state.values.end(), "checkpoint: '", name, "' is missing");
  return found->second;
}

std::string to_text(const energy::Totals& t) {
  return to_texts(t.calls, t.work.macs, t.work.bytes_read, t.work.bytes_written,
                  t.tally.macs_skippable, t.tally.macs_skipped, t.tally.values_in,
                  t.tally.values_in_nonzero, t.tally.nanoseconds);
}

energy::Totals parse_totals(std::string_view name, std::string_view text) {
  energy::Totals t;
  parse_texts(name, text, t.calls, t.work.macs, t.work.bytes_read, t.work.bytes_written,
              t.tally.macs_skippable, t.tally.macs_skipped, t.tally.values_in,
              t.tally.values_in_nonzero, t.tally.nanoseconds);
  return t;
}

/// Calls check(), and says where the error is.
template <class Check>
void in_entry(const std::string& name, Check&& check) {
  try {
    check();
  } catch (const ArgumentError& error) {
    throw ArgumentError(str("checkpoint: '", name, "': ", error.what()));
  }
}

/// The energy of the epoch under way, and what kills have undone.
struct EnergyState {
  EpochEnergy epoch;
  std::set<std::int64_t> lost_after;
};

std::string to_text(const EnergyState& s) {
  return ordered_json{{"epoch", json_of(s.epoch)}, {"lost_after", s.lost_after}}.dump();
}

/// Where `epoch` epochs are complete.
EnergyState parse_energy(const std::string& text, std::int64_t epoch, Device device) {
  EnergyState s;
  const auto read = [&] {
    const std::string fault = fault_of_json(text);
    require(fault.empty(), fault);
    try {
      const ordered_json json = ordered_json::parse(text);
      s.epoch = epoch_energy_of(json.at("epoch"), device);
      for (const ordered_json& lost : json.at("lost_after")) {
        s.lost_after.insert(exact_value<std::int64_t>(lost));
      }
    } catch (const ordered_json::exception& error) {
      throw ArgumentError(error.what());
    }
    check_counts(s.epoch, kLargestSum);
    for (const std::int64_t lost : s.lost_after) {
      require(lost >= 0 && lost <= epoch, "'lost_after' cannot be ", lost, ": expected 0 to ",
              epoch);
    }
  };
  in_entry("energy", read);
  return s;
}

constexpr std::array kPhases = {Phase::forward, Phase::backward, Phase::update};

}  // namespace

State Trainer::state() const {
  State state;
  insert(state, "model.", model_.net.state());
  insert(state, "optimizer.", optimizer_->state());
  insert(state, "schedule.", schedule_->state());
  const RandomState random = default_generator().state();
  state.values["random"] = to_texts(random.seed, random.next);
  state.values["position"] = to_texts(epoch_, batch_);
  state.values["sums"] =
      to_texts(sums_.loss, sums_.penalty, sums_.images, sums_.correct, sums_.seconds);
  if (target_)
    state.values["lambda"] = to_texts(control_.state().lambda, control_.state().integral);
  for (const auto& [layer, steps] : silent_) state.values["silent." + layer] = to_text(steps);
  const auto work = this->work();
  for (const Phase phase : kPhases) {
    const auto found = work.find(phase);
    state.values["work." + std::string(name(phase))] =
        to_text(found == work.end() ? energy::Totals{} : found->second);
  }
  EnergyState energy{.epoch = energy_.epoch(), .lost_after = lost_after_};
  energy.epoch.training.work += ledger_.total();
  state.values["energy"] = to_text(energy);
  if (!graph_.empty()) state.values["net"] = graph_;
  return state;
}

std::int64_t Trainer::epochs_in(const State& state) {
  std::int64_t epoch = 0, batch = 0;
  parse_texts("position", value(state, "position"), epoch, batch);
  require(epoch >= 0, "checkpoint: there is no epoch ", epoch);
  return epoch;
}

/// What so many steps of an epoch can have come to.
void Trainer::check(const Sums& sums, std::int64_t batch) const {
  const std::int64_t images =
      batch == loader_.batches() ? loader_.dataset().size() : batch * config_.batch;
  require(sums.images == images, "images cannot be ", sums.images, " after ", batch,
          " steps: expected ", images);
  require(sums.correct >= 0 && sums.correct <= images, "correct cannot be ", sums.correct, " of ",
          images, " images");
  for (const auto& [what, sum] : {std::pair<std::string_view, double>{"loss", sums.loss},
                                  {"penalty", sums.penalty},
                                  {"seconds", sums.seconds}}) {
    require(std::isfinite(sum) && sum >= 0, what, " cannot be ", sum);
    require(images > 0 || sum == 0, what, " cannot be ", sum, " of no images");
  }
  require(images == 0 || sums.seconds > 0, "seconds cannot be 0 after ", batch, " steps");
}

void Trainer::load_state(const State& state, std::vector<EpochMetrics> metrics) {
  // Everything is read before anything is changed.
  if (const auto net = state.values.find("net"); net != state.values.end()) {
    require(net->second == graph_, "checkpoint: 'net' is another graph than ", config_.model, "'s");
  }
  std::int64_t epoch = 0, batch = 0;
  parse_texts("position", value(state, "position"), epoch, batch);
  require(epoch >= 0 && epoch <= config_.epochs && batch >= 0 && batch <= loader_.batches(),
          "checkpoint: there is no epoch ", epoch, ", step ", batch, " in this run");
  require(epoch < config_.epochs || batch == 0, "checkpoint: there is no step ", batch,
          " after the last epoch");
  const std::int64_t known = count_epochs(metrics);
  require(known == epoch, "checkpoint: there are metrics of ", known, " epochs, it covers ", epoch);
  RandomState random;
  parse_texts("random", value(state, "random"), random.seed, random.next);
  Sums sums;
  parse_texts("sums", value(state, "sums"), sums.loss, sums.penalty, sums.images, sums.correct,
              sums.seconds);
  in_entry("sums", [&] { check(sums, batch); });
  LambdaControl control;
  if (target_) {
    LambdaControl::State at;
    parse_texts("lambda", value(state, "lambda"), at.lambda, at.integral);
    in_entry("lambda", [&] { control.set_state(at); });
  }
  std::map<std::string, int> silent;
  for (const auto& [layer, text] : extract(state, "silent.").values) {
    int& steps = silent[layer];
    parse_texts("silent." + layer, text, steps);
    require(steps >= 0 && steps < kSilentSteps, "checkpoint: 'silent.", layer, "' cannot be ",
            steps, ": expected 0 to ", kSilentSteps - 1);
  }
  std::map<Phase, energy::Totals> work;
  for (const Phase phase : kPhases) {
    const std::string key = "work." + std::string(name(phase));
    work[phase] = parse_totals(key, value(state, key));
    in_entry(key, [&] {
      check_counts(work[phase], kLargestSum);
      require(epoch > 0 || batch > 0 || work[phase].calls == 0, "'calls' cannot be ",
              work[phase].calls, " before the first step");
    });
  }
  EnergyState energy = parse_energy(value(state, "energy"), epoch, device(config_));
  const std::int64_t steps = epoch * loader_.batches() + batch;
  for (const auto& [parameter, text] : extract(state, "optimizer.step.").values) {
    std::int64_t done = 0;
    parse_texts("optimizer.step." + parameter, text, done);
    require(done >= 0 && done <= steps, "checkpoint: 'optimizer.step.", parameter, "' cannot be ",
            done, " after ", steps, " steps");
  }
  const State model = extract(state, "model.");
  const State before = model_.net.state();
  State restore;
  for (const auto& [name, tensor] : before.tensors) restore.tensors[name] = tensor.clone();
  const State schedule_before = schedule_->state();
  model_.net.load_state(model);
  try {
    schedule_->load_state(extract(state, "schedule."));
    optimizer_->load_state(extract(state, "optimizer."));
  } catch (...) {
    model_.net.load_state(restore);
    schedule_->load_state(schedule_before);
    throw;
  }
  default_generator().set_state(random);
  training_step_.start_anew();
  epoch_ = epoch;
  batch_ = batch;
  sums_ = sums;
  silent_ = std::move(silent);
  control_ = control;
  earlier_work_ = std::move(work);
  ledger_.reset();
  energy_.set_epoch(std::move(energy.epoch));
  lost_after_ = std::move(energy.lost_after);
  metrics_ = std::move(metrics);
  evaluation_.reset();
}

}  // namespace joule::training

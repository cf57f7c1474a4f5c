// SPDX-License-Identifier: MIT
#include <array>
#include <charconv>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/json_text.h"
#include "core/random.h"
#include "training/energy_json.h"
#include "training/json_value.h"
#include "training/trainer.h"

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

/// The energy of the epoch under way, and what kills have undone.
struct EnergyState {
  EpochEnergy epoch;
  std::set<std::int64_t> lost_after;
};

std::string to_text(const EnergyState& s) {
  return ordered_json{{"epoch", json_of(s.epoch)}, {"lost_after", s.lost_after}}.dump();
}

EnergyState parse_energy(const std::string& text) {
  const auto refuse = [](std::string_view why) {
    throw ArgumentError(str("checkpoint: 'energy' is damaged: ", why));
  };
  if (const std::string fault = fault_of_json(text); !fault.empty()) refuse(fault);
  EnergyState state;
  try {
    const ordered_json json = ordered_json::parse(text);
    state.epoch = epoch_energy_of(json.at("epoch"));
    for (const ordered_json& epoch : json.at("lost_after")) {
      state.lost_after.insert(exact_value<std::int64_t>(epoch));
    }
  } catch (const ordered_json::exception& error) {
    refuse(error.what());
  } catch (const ArgumentError& error) {
    refuse(error.what());
  }
  return state;
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
  state.values["metrics"] = to_jsonl(metrics_);
  return state;
}

void Trainer::load_state(const State& state) {
  // Everything is read before anything is changed.
  std::int64_t epoch = 0, batch = 0;
  parse_texts("position", value(state, "position"), epoch, batch);
  require(epoch >= 0 && epoch <= config_.epochs && batch >= 0 && batch <= loader_.batches(),
          "checkpoint: there is no epoch ", epoch, ", step ", batch, " in this run");
  auto metrics = parse_jsonl(value(state, "metrics"));
  require(static_cast<std::int64_t>(metrics.size()) == epoch, "checkpoint: ", metrics.size(),
          " lines of metrics for ", epoch, " epochs");
  RandomState random;
  parse_texts("random", value(state, "random"), random.seed, random.next);
  Sums sums;
  parse_texts("sums", value(state, "sums"), sums.loss, sums.penalty, sums.images, sums.correct,
              sums.seconds);
  std::map<std::string, int> silent;
  for (const auto& [layer, steps] : extract(state, "silent.").values) {
    parse_texts("silent." + layer, steps, silent[layer]);
  }
  std::map<Phase, energy::Totals> work;
  for (const Phase phase : kPhases) {
    const std::string key = "work." + std::string(name(phase));
    work[phase] = parse_totals(key, value(state, key));
  }
  EnergyState energy = parse_energy(value(state, "energy"));
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
  earlier_work_ = std::move(work);
  ledger_.reset();
  energy_.set_epoch(std::move(energy.epoch));
  lost_after_ = std::move(energy.lost_after);
  metrics_ = std::move(metrics);
  evaluation_.reset();
}

}  // namespace joule::training

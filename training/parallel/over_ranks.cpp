// SPDX-License-Identifier: MIT
#include "joule/training/parallel/over_ranks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "joule/core/error.h"
#include "joule/training/energy/energy_json.h"

namespace joule::training {
namespace {

constexpr std::array kPhases = {Phase::forward, Phase::backward, Phase::update};

/// Of `count` images from `first` on.
Dataset images_of(const Dataset& all, std::int64_t first, std::int64_t count) {
  Dataset part = all;
  part.indices.clear();
  for (std::int64_t i = first; i < first + count; ++i) part.indices.push_back(all.index(i));
  part.labels.assign(all.labels.begin() + first, all.labels.begin() + first + count);
  part.shape = {count, all.shape[1], all.shape[2], all.shape[3]};
  return part;
}

ordered_json json_of_lines(const std::vector<energy::Ledger::Line>& lines) {
  ordered_json json = ordered_json::array();
  for (const energy::Ledger::Line& line : lines) {
    json.push_back({{"op", line.run.op},
                    {"implementation", line.run.implementation},
                    {"layer", line.run.scope.layer},
                    {"totals", training::json_of(static_cast<const energy::Totals&>(line))}});
  }
  return json;
}

void add_lines(std::vector<energy::Ledger::Line>& to, const ordered_json& lines) {
  for (const ordered_json& json : lines) {
    const std::string op = json.at("op"), implementation = json.at("implementation"),
                      layer = json.at("layer");
    auto line = std::ranges::find_if(to, [&](const energy::Ledger::Line& l) {
      return l.run.op == op && l.run.implementation == implementation && l.run.scope.layer == layer;
    });
    if (line == to.end()) {
      energy::Ledger::Line fresh;
      fresh.run = {.op = intern(op),
                   .implementation = intern(implementation),
                   .scope = {.layer = intern(layer), .phase = Phase::forward}};
      line = to.insert(to.end(), fresh);
    }
    *line += totals_of(json.at("totals"));
  }
}

void add_relus(std::vector<LayerDensity>& to, const ordered_json& relus) {
  for (const ordered_json& json : relus) {
    const std::string layer = json.at("layer");
    auto relu = std::ranges::find(to, layer, &LayerDensity::layer);
    if (relu == to.end()) relu = to.insert(to.end(), {.layer = layer});
    relu->values += json.at("values").get<std::int64_t>();
    relu->nonzeros += json.at("nonzeros").get<std::int64_t>();
  }
}

/// What a rank found; `losses` are the addends of the loss.
ordered_json json_of_part(const Evaluation& part, const std::vector<double>& losses) {
  ordered_json relus = ordered_json::array();
  for (const LayerDensity& relu : part.relus) {
    relus.push_back({{"layer", relu.layer}, {"values", relu.values}, {"nonzeros", relu.nonzeros}});
  }
  return {{"images", part.images}, {"correct", part.correct},
          {"losses", losses},      {"confusion", part.confusion},
          {"relus", relus},        {"work", json_of_lines(part.work)}};
}

void add_part(Evaluation& to, const ordered_json& json) {
  to.images += json.at("images").get<std::int64_t>();
  to.correct += json.at("correct").get<std::int64_t>();
  for (const ordered_json& loss : json.at("losses")) to.loss += loss.get<double>();
  const auto confusion = json.at("confusion").get<std::vector<std::int64_t>>();
  for (std::size_t i = 0; i < confusion.size(); ++i) to.confusion[i] += confusion[i];
  add_relus(to.relus, json.at("relus"));
  add_lines(to.work, json.at("work"));
}

/// The texts of all ranks as JSON.
std::vector<ordered_json> gathered(parallel::Communicator& ranks, const ordered_json& mine) {
  std::vector<ordered_json> all;
  for (const std::string& text : ranks.gather(mine.dump())) {
    all.push_back(ordered_json::parse(text));
  }
  return all;
}

/// By rank, of the first of each machine; and how many machines there are.
std::vector<bool> owners(const std::vector<std::string>& hosts) {
  std::set<std::string> seen;
  std::vector<bool> owners;
  for (const std::string& host : hosts) owners.push_back(seen.insert(host).second);
  return owners;
}

PartEnergy lap_of_all(parallel::Communicator& ranks, const std::vector<std::string>& hosts,
                      const PartEnergy& mine) {
  const std::vector<bool> owns = owners(hosts);
  const bool several = std::ranges::count(owns, true) > 1;
  PartEnergy all;
  const std::vector<ordered_json> parts = gathered(ranks, json_of(mine));
  for (std::size_t rank = 0; rank < parts.size(); ++rank) {
    PartEnergy part = part_energy_of(parts[rank]);
    all.work += part.work;
    if (!owns[rank]) continue;
    for (energy::WindowSum& sum : part.measured) {
      if (several) sum.scope += str(sum.scope.empty() ? "" : " ", "of ", hosts[rank]);
      all.measured.push_back(std::move(sum));
    }
  }
  return all;
}

}  // namespace

std::optional<Evaluation> evaluate(nn::Net& net, const Dataset& dataset,
                                   const EvaluateOptions& options, parallel::Communicator& ranks) {
  if (ranks.size() == 1) return evaluate(net, dataset, options);
  const std::int64_t batches = (dataset.size() + options.batch - 1) / options.batch;
  const auto begin = [&](std::int64_t rank) {  // rank 0 has the first batch, if there is one
    const std::int64_t before = (batches * rank + ranks.size() - 1) / ranks.size();
    return std::min(before * options.batch, dataset.size());
  };
  const std::int64_t first = begin(ranks.rank()), count = begin(ranks.rank() + 1) - first;
  std::vector<double> losses;
  EvaluateOptions mine = options;
  mine.on_loss = [&](double loss) {
    losses.push_back(loss);
    if (options.on_loss) options.on_loss(loss);
  };
  ordered_json told;  // null: stopped
  if (count == 0) {
    told = json_of_part({}, {});
  } else if (const auto part = evaluate(net, images_of(dataset, first, count), mine)) {
    told = json_of_part(*part, losses);
  }
  const std::vector<ordered_json> parts = gathered(ranks, told);
  if (std::ranges::any_of(parts, &ordered_json::is_null)) return std::nullopt;
  Evaluation all{.classes = dataset.classes()};
  all.confusion.resize(static_cast<std::size_t>(all.classes * all.classes));
  for (const ordered_json& part : parts) add_part(all, part);
  all.loss /= static_cast<double>(all.images);
  return all;
}

std::map<Phase, energy::Totals> sum_over(parallel::Communicator& ranks,
                                         const std::map<Phase, energy::Totals>& mine) {
  if (ranks.size() == 1) return mine;
  ordered_json told = ordered_json::object();
  for (const auto& [phase, totals] : mine) told[std::string(name(phase))] = json_of(totals);
  std::map<Phase, energy::Totals> sums;
  for (const ordered_json& part : gathered(ranks, told)) {
    for (const Phase phase : kPhases) {
      const auto found = part.find(std::string(name(phase)));
      if (found != part.end()) sums[phase] += totals_of(*found);
    }
  }
  return sums;
}

bool is_first_on_host(parallel::Communicator& ranks) {
  return owners(ranks.gather(ranks.host()))[static_cast<std::size_t>(ranks.rank())];
}

Accounting of_all(Accounting accounting, parallel::Communicator& ranks) {
  if (ranks.size() == 1) return accounting;
  const std::vector<std::string> hosts = ranks.gather(ranks.host());
  const std::vector<bool> owns = owners(hosts);
  const auto machines = std::ranges::count(owns, true);
  require(!ranks.any(accounting.budget.has_value()) || machines == 1,
          "energy budget: can be kept on one machine, these processes are on ", machines);
  if (!owns[static_cast<std::size_t>(ranks.rank())]) accounting = {};
  accounting.meters_all = machines == 1;
  accounting.over_all = [&ranks, hosts](const PartEnergy& mine) {
    return lap_of_all(ranks, hosts, mine);
  };
  return accounting;
}

std::optional<RanksMetrics> communication(parallel::Communicator& ranks,
                                          const parallel::Traffic& mine) {
  if (ranks.size() == 1) return {};
  const std::array<double, 2> told{static_cast<double>(mine.bytes), mine.seconds};
  const std::vector<double> all = ranks.gather(told);
  const std::vector<std::string> hosts = ranks.gather(ranks.host());
  RanksMetrics metrics{.count = ranks.size(),
                       .hosts = std::ssize(std::set(hosts.begin(), hosts.end())),
                       .seconds_least = all[1]};
  for (std::size_t i = 0; i < all.size(); i += 2) {
    metrics.bytes += static_cast<std::int64_t>(all[i]);
    metrics.seconds_mean += all[i + 1] / static_cast<double>(ranks.size());
    metrics.seconds_least = std::min(metrics.seconds_least, all[i + 1]);
    metrics.seconds_most = std::max(metrics.seconds_most, all[i + 1]);
  }
  return metrics;
}

void require_equal(parallel::Communicator& ranks, const std::string& what,
                   const std::string& mine) {
  if (ranks.size() == 1) return;
  const std::vector<std::string> texts = ranks.gather(mine), hosts = ranks.gather(ranks.host());
  for (std::size_t rank = 1; rank < texts.size(); ++rank) {
    require(texts[rank] == texts[0], "rank ", rank, " on ", hosts[rank], " has another ", what,
            " than rank 0 on ", hosts[0], ": ", texts[rank], " there, ", texts[0], " here");
  }
}

}  // namespace joule::training

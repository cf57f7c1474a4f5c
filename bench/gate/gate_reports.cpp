// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "joule/bench/conv/conv_report.h"
#include "joule/bench/gate/collected.h"
#include "joule/bench/gate/gate.h"
#include "joule/bench/steps/steps_report.h"
#include "joule/core/error.h"
#include "joule/io/input_file.h"
#include "joule/io/json_text.h"

namespace joule::bench {
namespace {

using nlohmann::ordered_json;

struct GatedReport {
  std::string path;
  ordered_json json;
};

constexpr const char* kStepsName = "joule.bench.steps";
constexpr const char* kConvName = "joule.bench.conv";

/// Its benchmark; throws unless it is one that can be judged.
std::string benchmark_of(const ordered_json& json) {
  require(json.is_object() && json.contains("schema"),
          "is no report of joule bench train, infer or conv (it has no schema)");
  const std::string name = json.at("schema").at("name");
  require(name == kStepsName || name == kConvName, "expected a report of joule bench train, infer ",
          "or conv, got ", name);
  const int version = json.at("schema").at("version"),
            known = name == kStepsName ? kStepsSchema : kConvSchema;
  require(version == known, name, " of version ", version, " cannot be judged, only version ",
          known);
  require(json.value("complete", true), "was interrupted, so it is not complete");
  return name;
}

GatedReport read_report(const std::string& path) {
  const std::string text = read_file(path);
  if (const std::string fault = fault_of_json(text); !fault.empty()) {
    throw DataError(path + ": " + fault);
  }
  return {.path = path, .json = ordered_json::parse(text)};
}

std::optional<double> median_of(const ordered_json& spread) {
  if (spread.is_null()) return {};
  return spread.at("median").get<double>();
}

/// A count in JSON, which a double might round.
Exact count_of(const ordered_json& json) {
  require(json.is_number_integer() && json.get<std::int64_t>() >= 0, "a count cannot be ",
          json.dump());
  return static_cast<Exact>(json.get<std::int64_t>());
}

/// Adds the figures of one report to its set.
class ReportFigures {
 public:
  ReportFigures(Collected& to, std::size_t set, std::string machine_problem)
      : to_(to), set_(set), machine_problem_(std::move(machine_problem)) {}

  void add_steps(const ordered_json& json) {
    for (const ordered_json& net : json.at("nets")) {
      for (const ordered_json& side : net.at("sides")) {
        const std::string name = side.at("name");
        if (!name.starts_with("joule")) continue;  // a peer is no figure of ours
        add_side(str(net.at("model").get<std::string>(), " (", net.at("weights").get<std::string>(),
                     "), ", name, ": "),
                 side);
      }
    }
  }

  void add_conv(const ordered_json& json) {
    for (const ordered_json& curve : json.at("curves")) {
      const std::string problem = curve.at("problem").at("name");
      for (const ordered_json& point : curve.at("points")) {
        const ordered_json& density = point.at("density");
        for (const ordered_json& m : point.at("measurements")) {
          if (m.at("kind") != "joule") continue;
          add_measurement(str(problem, " ", curve.at("pass").get<std::string>(), ", ",
                              density.is_null() ? "real zeros" : "density " + density.dump(), ": "),
                          m);
        }
      }
    }
  }

 private:
  void add_side(const std::string& name, const ordered_json& side) {
    add({name + "over joule, dense", GateKind::ratio, "", true}, median_of(side.at("over_dense")));
    add({name + "over PyTorch", GateKind::ratio, "", true}, median_of(side.at("over_pytorch")));
    add({name + "images per second", GateKind::time, "1/s", true, machine_problem_},
        median_of(side.at("images_per_second")));
    add({name + "peak memory", GateKind::memory, "B", false, machine_problem_},
        side.at("peak_bytes").get<double>());
    const ordered_json& counted = side.at("counted");
    if (counted.is_null()) return;
    add_count(name + "MACs executed", "MAC",
              count_of(counted.at("macs")) - count_of(counted.at("macs_skipped")));
    add_count(name + "bytes moved", "B",
              count_of(counted.at("bytes_read")) + count_of(counted.at("bytes_written")));
    for (const auto& [profile, figures] : counted.at("modelled_energy_per_1000_images").items()) {
      to_.add_exact(
          set_,
          {str(name, "energy of 1000 images (modelled, ", profile, ")"), GateKind::energy, "J"}, "",
          figures.at("executed").at("value").get<double>());
    }
  }

  void add_measurement(const std::string& name, const ordered_json& m) {
    add({name + "over the peer", GateKind::ratio, "", true}, median_of(m.at("speedup")));
    add({name + "time", GateKind::time, "s", false, machine_problem_}, median_of(m.at("seconds")));
    const ordered_json& macs = m.at("macs_executed");
    if (!macs.is_null()) add_count(name + "MACs executed", "MAC", count_of(macs));
  }

  void add(const Collected::What& what, std::optional<double> value) {
    if (value) to_.add(set_, what, *value);
  }
  void add_count(const std::string& name, const char* unit, Exact count) {
    to_.add_exact(set_, {name, GateKind::count, unit}, "", count);
  }

  Collected& to_;
  std::size_t set_;
  std::string machine_problem_;
};

/// What a time depends on, as the report tells it.
std::string machine_of(const ordered_json& json) {
  const ordered_json& e = json.at("environment");
  return str(e.at("cpu").get<std::string>(), ", ", e.at("simd").get<std::string>(), ", ",
             e.at("processors").dump(), " processors, ", e.at("threads").dump(), " threads");
}

/// Without how long it took: rounds are not values.
ordered_json options_of(const ordered_json& json) {
  ordered_json options = json.at("options");
  options.erase("rounds");
  return options;
}

/// Calls `read` on the JSON; what is wrong with it is a DataError that names the file.
template <class Read>
auto with_path(const GatedReport& report, Read&& read) {
  try {
    return read(report.json);
  } catch (const ordered_json::exception& error) {
    throw DataError(str(report.path, ": is damaged: ", error.what()));
  } catch (const ArgumentError& error) {
    throw DataError(str(report.path, ": ", error.what()));
  }
}

void require_same_benchmark(const std::vector<GatedReport>& reports) {
  const std::string benchmark = with_path(reports[0], benchmark_of);
  const ordered_json options = with_path(reports[0], options_of);
  std::vector<std::filesystem::path> seen;
  for (const GatedReport& report : reports) {
    const std::string other = with_path(report, benchmark_of);
    require(other == benchmark, report.path, ": is of ", other, ", ", reports[0].path, " of ",
            benchmark);
    const ordered_json its = with_path(report, options_of);
    require(its == options, report.path, ": was measured with the options ", its.dump(), ", ",
            reports[0].path, " with ", options.dump());
    const std::filesystem::path path = std::filesystem::canonical(report.path);
    require(std::ranges::count(seen, path) == 0, report.path, ": is given twice");
    seen.push_back(path);
  }
}

void note_warnings(std::vector<std::string>& notes, const GatedReport& report) {
  for (const ordered_json& warning : report.json.at("environment").at("warnings")) {
    notes.push_back(report.path + ": " + warning.get<std::string>());
  }
}

}  // namespace

GateSets gate_reports(const std::vector<std::string>& base, const std::vector<std::string>& fresh,
                      bool same_machine) {
  std::vector<GatedReport> reports;
  for (const auto* set : {&base, &fresh}) {
    for (const std::string& path : *set) reports.push_back(read_report(path));
  }
  require_same_benchmark(reports);
  std::string problem;
  const std::string machine = with_path(reports[0], machine_of);
  for (const GatedReport& report : reports) {
    const std::string other = with_path(report, machine_of);
    if (other != machine && !same_machine) problem = str("other machines: ", machine, "; ", other);
  }
  const bool steps = benchmark_of(reports[0].json) == kStepsName;
  GateSets sets{.base = base, .fresh = fresh};
  Collected collected;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    with_path(reports[i], [&](const ordered_json& json) {
      ReportFigures figures(collected, i < base.size() ? 0 : 1, problem);
      steps ? figures.add_steps(json) : figures.add_conv(json);
      note_warnings(sets.notes, reports[i]);
    });
  }
  sets.figures = collected.figures();
  return sets;
}

}  // namespace joule::bench

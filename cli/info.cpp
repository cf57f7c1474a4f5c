// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/commands.h"
#include "joule/cli/options/energy_options.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/core/threads.h"
#include "joule/core/version.h"
#include "joule/data/dataset.h"
#include "joule/energy/json/values_json.h"
#include "joule/energy/open_meters.h"
#include "joule/io/json_dump.h"
#include "joule/kernels/ops.h"
#include "joule/kernels/this_machine.h"
#include "joule/parallel/communicator.h"
#include "joule/report/text_layout.h"
#include "joule/tune/tuning.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  joule info
  joule info --json
  joule info --sysfs /host/sys
      in a container that has its host's files there
  JOULE_FORCE=conv2d:reference joule eval --model runs/first --limit 10
      runs an operation by the implementation of this name; several are
      separated by commas: op:name,op:name

An operation takes the implementation that joule tune measured to be the fastest
here; without measurements the first that can run the tensors at hand and is
expected to be worth it.)";

/// Whether this build has any for such a device.
bool has_implementations(Device device) {
  bool any = false;
  for_each_op([&]<class Op>() {
    for (const auto& implementation : Op::implementations()) any |= implementation.device == device;
  });
  return any;
}

ordered_json collect(const std::string& sysfs) {
  ordered_json info{{"version", version()},
                    {"features",
                     {{"onednn", !this_machine().onednn.empty()},
                      {"cuda", has_implementations(Device::cuda)},
                      {"mpi", !parallel::mpi_version().empty()}}},
                    {"simd", this_machine().simd},
                    {"threads", num_threads()}};
  const tune::TuningStatus& tuning = tune::use_tuning();
  info["tuning"] = {
      {"path", tuning.path},
      {"entries", tuning.entries},
      {"other_entries", tuning.others},
      {"problem", tuning.problem.empty() ? ordered_json() : ordered_json(tuning.problem)},
      {"text", tuning.text()}};
  for (const Device device : {Device::cpu, Device::cuda}) {
    const std::string reason = unavailable(device);
    info["devices"].push_back({{"name", name(device)}, {"available", reason.empty()}});
    if (!reason.empty()) info["devices"].back()["reason"] = reason;
  }
  info["data_sets"] = ordered_json::array();
  for (const auto& [name, folder] : find_datasets()) {
    info["data_sets"].push_back({{"name", name}, {"folder", folder}});
  }
  info["energy_sources"] = ordered_json::array();
  for (const auto& meter : energy::all_meters(machine_at(sysfs))) {
    info["energy_sources"].push_back(energy::json_of(meter->info()));
  }
  for_each_op([&]<class Op>() {
    ordered_json rows = ordered_json::array();
    for (const auto& row : Op::implementations()) {
      rows.push_back({{"name", row.name},
                      {"device", name(row.device)},
                      {"precision", name(row.precision)},
                      {"algorithm", name(row.algorithm)},
                      {"thread_invariant", row.thread_invariant}});
    }
    info["ops"][std::string(Op::kName)] = rows;
  });
  return info;
}

/// What a meter can measure and how finely, or why it cannot be read and what to do.
void print_source(const ordered_json& source) {
  const auto line = [](const std::string& text) { fmt::print("  {:<8} {}\n", "", text); };
  fmt::print("  {:<8} {}\n", source["name"].get<std::string>(),
             source["reason"].is_null() ? source["scope"].get<std::string>()
                                        : fmt::format("{}: {}", source["status"].get<std::string>(),
                                                      source["reason"].get<std::string>()));
  if (!source["remedy"].is_null()) line(source["remedy"].get<std::string>());
  if (source["status"] == "ok") {
    const double systematic = 100 * source["systematic"].get<double>();
    const bool sampled = source["quality"] == "sampled";
    line(str("counts ",
             source["domain"] == "unknown" ? "it is not known what"
                                           : source["domain"].get<std::string>(),
             sampled ? ", power is sampled every " : ", moves every ",
             energy::Seconds(source["update_period_s"].get<double>()),
             sampled
                 ? ""
                 : str(", resolution ", energy::Joules(source["joules_per_tick"].get<double>())),
             systematic > 0 ? str(", accurate to +- ", systematic, " %") : ""));
  }
  for (const auto& remark : source["remarks"]) line(remark.get<std::string>());
}

void print(const ordered_json& info) {
  const auto text = [](const ordered_json& value) { return value.get<std::string>(); };
  fmt::print("joule {}\n", text(info["version"]));
  fmt::print("oneDNN     {}\n", info["features"]["onednn"] ? "yes" : "no");
  const std::string mpi = parallel::mpi_version();
  fmt::print("MPI        {}\n", mpi.empty() ? "no (JOULE_MPI when it was built)" : mpi);
  fmt::print("SIMD       {}\n", text(info["simd"]));
  fmt::print("threads    {}\n", info["threads"].get<int>());
  fmt::print("tuning     {}\n", text(info["tuning"]["text"]));
  for (const auto& device : info["devices"]) {
    fmt::print("device     {}{}\n", text(device["name"]),
               device["available"] ? "" : ": " + text(device["reason"]));
  }
  for (const auto& data : info["data_sets"]) {
    const std::string folder = text(data["folder"]);
    fmt::print("data set   {} ({})\n", text(data["name"]), folder.empty() ? "made" : folder);
  }
  fmt::print("\nenergy sources\n");
  for (const auto& source : info["energy_sources"]) print_source(source);
  fmt::print("\nimplementations, best first (*: the same bits for any number of threads)\n");
  for (const auto& [op, rows] : info["ops"].items()) {
    std::string names;
    for (const auto& row : rows) {
      names +=
          (names.empty() ? "" : ", ") + text(row["name"]) + (row["thread_invariant"] ? "*" : "");
    }
    const std::string line = fmt::format("  {:<28} {}", op, names);
    fmt::print("{}\n", report::wrapped(line, columns_of(STDOUT_FILENO), 31));
  }
}

}  // namespace

void add_info(Command& app, Run& run) {
  Command* const command =
      app.add_subcommand("info", "Show this build, this machine, its meters and implementations");
  command->footer(kExamples);
  const auto json = std::make_shared<bool>(false);
  const auto sysfs = std::make_shared<std::string>();
  command->add_flag("--json", *json, "Print JSON");
  add_sysfs(*command, *sysfs);
  command->callback([json, sysfs, &run] {
    run = [json, sysfs] {
      const ordered_json info = collect(*sysfs);
      if (*json) {
        fmt::print("{}\n", dumped(with_schema("joule.info", 1, info), 2));
      } else {
        print(info);
      }
      return 0;
    };
  });
}

}  // namespace joule::cli

// SPDX-License-Identifier: MIT
#include "joule/report/compare/runs.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/input_file.h"
#include "joule/io/json_text.h"
#include "joule/training/run/metrics_file.h"
#include "joule/training/run/run.h"

namespace joule::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// An object, unless the text is damaged.
///
/// Errors    DataError that names the file.
ordered_json object_of(std::string_view text, const std::string& path) {
  const std::string fault = fault_of_json(text);
  if (!fault.empty()) throw DataError(str(path, ": ", fault));
  ordered_json json = ordered_json::parse(text);
  if (!json.is_object()) throw DataError(str(path, ": holds no JSON object"));
  return json;
}

/// What a page was made from.
std::string_view data_of(std::string_view html, const std::string& path) {
  constexpr std::string_view kBegin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = html.find(kBegin);
  const std::size_t from = at + kBegin.size();
  const std::size_t end = at == std::string_view::npos ? at : html.find("</script>", from);
  if (end == std::string_view::npos) throw DataError(str(path, ": is not the page of a run"));
  return html.substr(from, end - from);
}

std::optional<Pairs> environment_of(const ordered_json& page) {
  const auto found = page.find("environment");
  if (found == page.end() || !found->is_object() || found->empty()) return {};
  Pairs pairs;
  for (const auto& [what, is] : found->items()) {
    if (is.is_string()) pairs.emplace_back(what, is.get<std::string>());
  }
  return pairs;
}

/// `energy.lost_after_epochs` of a summary or a page.
std::vector<std::int64_t> lost_in(const ordered_json& json, const std::string& path) {
  try {
    return json.at("energy").at("lost_after_epochs").get<std::vector<std::int64_t>>();
  } catch (const ordered_json::exception& error) {
    throw DataError(str(path, ": energy.lost_after_epochs: ", error.what()));
  }
}

ComparedRun read_run(const std::string& folder) {
  const auto in = [&](const char* file) { return (fs::path(folder) / file).string(); };
  std::error_code ignored;  // what cannot be seen is as good as not there
  const auto is_in = [&](const char* file) { return fs::exists(in(file), ignored); };
  if (!fs::is_directory(folder, ignored)) throw DataError(str(folder, ": there is no such folder"));
  const auto config = training::config_of(folder);
  if (!config) {
    throw DataError(is_in("study.db")
                        ? str(folder, ": holds a study, not a run of joule train")
                        : str(folder, ": holds no run of joule train (there is no config.json)"));
  }
  ComparedRun run{.folder = folder, .config = *config, .finished = training::is_finished(folder)};
  const std::int64_t epochs = training::count_lines(in("metrics.jsonl"));
  if (epochs == 0) throw DataError(str(folder, ": no epoch of this run is complete yet"));
  if (epochs > run.config.epochs || (run.finished && epochs < run.config.epochs)) {
    throw DataError(str(in("metrics.jsonl"), ": has ", epochs, " epochs, the run ",
                        run.finished ? "finished with " : "was to have ", run.config.epochs));
  }
  training::read_metrics(
      in("metrics.jsonl"), epochs,
      [&](training::EpochMetrics epoch) { run.epochs.push_back(std::move(epoch)); },
      training::device(run.config));
  if (is_in("report.html")) {
    const std::string html = read_file(in("report.html"));
    const ordered_json page = object_of(data_of(html, in("report.html")), in("report.html"));
    run.environment = environment_of(page);
    if (!run.finished && page.contains("energy")) {
      run.lost_after = lost_in(page, in("report.html"));
    }
  }
  if (run.finished) {
    run.lost_after =
        lost_in(object_of(read_file(in("summary.json")), in("summary.json")), in("summary.json"));
  }
  return run;
}

/// The folders without what all of them have in front; at least the last part of each stays.
std::vector<std::string> names_of(std::span<const std::string> folders) {
  std::vector<std::vector<std::string>> parts;
  std::size_t shortest = std::string::npos;
  for (const std::string& folder : folders) {
    std::vector<std::string>& these = parts.emplace_back();
    for (const fs::path& part : fs::path(folder).lexically_normal()) {
      if (!part.empty()) these.push_back(part.string());
    }
    shortest = std::min(shortest, these.size());
  }
  std::size_t common = 0;
  while (common + 1 < shortest && std::ranges::all_of(parts, [&](const auto& these) {
           return these[common] == parts[0][common];
         })) {
    ++common;
  }
  std::vector<std::string> names;
  for (const auto& these : parts) {
    fs::path name;
    for (std::size_t i = common; i < these.size(); ++i) name /= these[i];
    names.push_back(name.string());
  }
  return names;
}

}  // namespace

std::string ComparedRun::machine() const {
  if (!environment) return {};
  const auto fact = [&](std::string_view what) {
    const auto found = std::ranges::find(*environment, what, &Pairs::value_type::first);
    return found == environment->end() ? std::string() : found->second;
  };
  const std::string processor = fact("processor"), threads = fact("threads");
  if (processor.empty()) return {};
  const std::size_t on = threads.find(" on ");  // "2 on 4 processors"
  return str(processor, ", ", fact("instruction set"),
             on == std::string::npos ? "" : ", " + threads.substr(on + 4), ", ", config.device);
}

std::vector<ComparedRun> read_runs(std::span<const std::string> folders) {
  require(folders.size() >= 2, "compare: expected at least two folders of runs, got ",
          folders.size());
  std::vector<ComparedRun> runs;
  std::vector<fs::path> seen;
  for (const std::string& folder : folders) {
    runs.push_back(read_run(folder));
    const fs::path path = fs::canonical(folder);
    require(std::ranges::find(seen, path) == seen.end(), "compare: ", folder, " is given twice");
    seen.push_back(path);
  }
  const std::vector<std::string> names = names_of(folders);
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].name = names[i];
  return runs;
}

}  // namespace joule::report

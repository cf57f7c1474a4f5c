// SPDX-License-Identifier: MIT
#include "joule/cli/output/run_report.h"

#include <filesystem>
#include <utility>

#include "joule/energy/open_meters.h"
#include "joule/io/atomic_file.h"
#include "joule/measure/environment.h"
#include "joule/tune/tuning.h"

namespace joule::cli {

RunReport::RunReport(std::string folder, const training::Config& config,
                     const training::RunAccounting& accounting)
    : folder_(std::move(folder)), run_{.config = config} {
  const training::Metering& metering = *accounting.energy.metering;
  for (std::size_t i = 0; i < metering.meters().size(); ++i) {
    run_.meters.push_back(
        {metering.meters()[i]->info(), metering.idle_power(i).mean, metering.beside(i)});
  }
  for (const auto& source : energy::all_meters()) run_.sources.push_back(source->info());
  run_.environment = facts(measure::environment());
  run_.environment.emplace_back("device", config.device);
  run_.environment.emplace_back("products in", training::products_in(config));
  run_.environment.emplace_back("measured choices", tune::use_tuning().text());
}

training::OnCheckpoint RunReport::on_checkpoint() {
  return [this](const training::RunEnergy& energy) {
    run_.energy = energy;
    write();
  };
}

void RunReport::finish(const training::RunResult& result) {
  run_.energy = result.energy;
  run_.result = &result;
  write();
  run_.result = nullptr;
}

void RunReport::write() {
  write_file_atomically((std::filesystem::path(folder_) / "report.html").string(), to_html(run_));
}

}  // namespace joule::cli

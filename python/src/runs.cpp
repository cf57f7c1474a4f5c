// SPDX-License-Identifier: MIT
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "joule/core/error.h"
#include "joule/python/src/bindings.h"
#include "joule/python/src/meters.h"
#include "joule/training/config.h"
#include "joule/training/run/run.h"

namespace joule::python {
namespace {

using namespace training;  // NOLINT(google-build-using-namespace)

Existing existing_of(const std::string& name) {
  const int at = choice("existing", name, {"refuse", "resume", "overwrite"});
  return at == 0 ? Existing::refuse : at == 1 ? Existing::resume : Existing::overwrite;
}

/// Whether the run ended by itself; Ctrl-C leaves its checkpoint.
bool run(const std::string& out, const std::string& options, const std::string& existing,
         nb::handle meters, nb::handle on_epoch) {
  Config config;
  read_config(config, options, "train");
  const Existing what = existing_of(existing);
  RunAccounting accounting;
  if (!meters.is_none()) accounting.energy.metering = metering_of(meters);
  std::optional<nb::python_error> failed;  // of on_epoch
  const bool ended = interruptible([&](const auto& stop) {
    Hooks hooks;
    hooks.stop = [&] { return failed || stop(); };
    if (!on_epoch.is_none()) {
      hooks.on_epoch = [&](const EpochMetrics& epoch) {
        const nb::gil_scoped_acquire lock;
        try {
          on_epoch(to_jsonl(std::span(&epoch, 1)));
        } catch (nb::python_error& error) {
          failed.emplace(error);
        }
      };
    }
    return run_in_folder(out, config, what, hooks, accounting).has_value();
  });
  if (failed) throw nb::python_error(*failed);
  return ended;
}

}  // namespace

void bind_runs(nb::module_& m) {
  m.def("train_run", &run, nb::arg("out"), nb::arg("options"), nb::arg("existing"),
        nb::arg("meters").none(), nb::arg("on_epoch").none());
}

}  // namespace joule::python

// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace joule::cli {

/// What the command line asks for; returns the exit code.
using Run = std::function<int()>;

// Each declares one sub-command with its options and its help; parsing it sets `run`.
void add_train(CLI::App& app, Run& run);
void add_eval(CLI::App& app, Run& run);
void add_predict(CLI::App& app, Run& run);
void add_summary(CLI::App& app, Run& run);
void add_energy(CLI::App& app, Run& run);
void add_info(CLI::App& app, Run& run);
void add_demo(CLI::App& app, Run& run);
void add_meter(CLI::App& app, Run& run);
void add_bench(CLI::App& app, Run& run);
void add_profile(CLI::App& app, Run& run);
void add_tune(CLI::App& app, Run& run);

/// The program was asked to stop and has saved what it had.
inline constexpr int kInterrupted = 130;

}  // namespace joule::cli

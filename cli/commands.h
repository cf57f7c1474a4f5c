// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "joule/cli/options/option.h"

namespace joule::cli {

/// The action that the command line requests; returns the exit code.
using Run = std::function<int()>;

// Each declares a sub-command with its options and help; parsing it sets `run`.
void add_train(Command& app, Run& run);
void add_eval(Command& app, Run& run);
void add_predict(Command& app, Run& run);
void add_export(Command& app, Run& run);
void add_import(Command& app, Run& run);
void add_summary(Command& app, Run& run);
void add_energy(Command& app, Run& run);
void add_data(Command& app, Run& run);
void add_info(Command& app, Run& run);
void add_demo(Command& app, Run& run);
void add_meter(Command& app, Run& run);
void add_bench(Command& app, Run& run);
void add_profile(Command& app, Run& run);
void add_tune(Command& app, Run& run);
void add_study(Command& app, Run& run);
void add_evolve(Command& app, Run& run);
void add_nas(Command& app, Run& run);
void add_compare(Command& app, Run& run);
void add_course(Command& app, Run& run);
void add_completion(Command& app, Run& run);
void add_manual(Command& app, Run& run);

/// The program was asked to stop and has saved what it had.
inline constexpr int kInterrupted = 130;

}  // namespace joule::cli

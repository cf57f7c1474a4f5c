// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/cli/options/outline.h"

// Files about the program for other programs: each is a function of its command line.
namespace joule::cli {

/// A script for bash 4 or later that completes commands, options, their choices and files.
std::string bash_completion(const CommandOutline& program);
/// The same for zsh, with what each stands for.
std::string zsh_completion(const CommandOutline& program);
/// The manual page joule(1), in the macros of man.
std::string manual_page(const CommandOutline& program, const std::string& version);

}  // namespace joule::cli

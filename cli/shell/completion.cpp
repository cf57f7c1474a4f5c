// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <memory>

#include "joule/cli/commands.h"
#include "joule/cli/shell/shell.h"
#include "joule/core/error.h"
#include "joule/core/version.h"

namespace joule::cli {
namespace {

constexpr const char* kCompletionExamples = R"(Examples:
  source <(joule completion bash)
      in ~/.bashrc; or once:
  joule completion bash > ~/.local/share/bash-completion/completions/joule
  joule completion zsh > ~/.zfunc/_joule
      in a folder of $fpath, before compinit)";

constexpr const char* kManualExamples = R"(Examples:
  joule manual | man -l -
  joule manual > joule.1)";

}  // namespace

void add_completion(Command& app, Run& run) {
  Command* const command = app.add_subcommand(
      "completion", "Print a script with which a shell completes commands and options");
  command->footer(kCompletionExamples);
  const auto shell = std::make_shared<std::string>();
  add_option(*command, "shell", *shell, "The shell")
      ->required()
      ->type_name("SHELL")
      ->one_of({"bash", "zsh"});
  command->callback([&app, shell, &run] {
    run = [&app, shell] {
      const CommandOutline program = app.outline();
      fmt::print("{}", *shell == "bash" ? bash_completion(program) : zsh_completion(program));
      return 0;
    };
  });
}

void add_manual(Command& app, Run& run) {
  Command* const command = app.add_subcommand("manual", "Print the manual page, for man");
  command->footer(kManualExamples);
  command->callback([&app, &run] {
    run = [&app] {
      fmt::print("{}", manual_page(app.outline(), std::string(version())));
      return 0;
    };
  });
}

}  // namespace joule::cli

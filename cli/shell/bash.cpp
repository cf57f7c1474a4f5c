// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include "joule/cli/shell/shell.h"

namespace joule::cli {
namespace {

std::string joined_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// The branches of the script's three `case` statements.
struct Branches {
  std::string commands, values, words;
};

/// Of the command `path`, "joule bench conv", and of those below it.
void add_command_branches(const std::string& path, const CommandOutline& command, Branches& to) {
  std::vector<std::string> words;
  std::string files;  // options whose values may be files
  for (const OptionOutline& option : command.options) {
    if (option.positional) {
      words.insert(words.end(), option.choices.begin(), option.choices.end());
      continue;
    }
    std::string patterns;
    for (const std::string& name : option.names) {
      words.push_back(name);
      patterns += fmt::format("{}\"{} {}\"", patterns.empty() ? "" : "|", path, name);
    }
    if (!option.takes_value) continue;
    if (option.choices.empty()) {
      files += (files.empty() ? "" : "|") + patterns;
    } else {
      to.values += fmt::format("    {}) words=\"{}\" ;;\n", patterns, joined_words(option.choices));
    }
  }
  if (!files.empty()) to.values += fmt::format("    {}) files=1 ;;\n", files);
  for (const CommandOutline& below : command.commands) words.push_back(below.name);
  to.words += fmt::format("      \"{}\") words=\"{}\" ;;\n", path, joined_words(words));
  for (const CommandOutline& below : command.commands) {
    const std::string name = path + " " + below.name;
    to.commands += fmt::format("{}\"{}\"", to.commands.empty() ? "" : "|", name);
    add_command_branches(name, below, to);
  }
}

constexpr const char* kScript = R"(# bash completion of {0}: source <({0} completion bash)
_{0}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  if [[ $cur == = ]]; then  # bash splits --option=value at the =
    cur=
  elif [[ $previous == = ]]; then
    previous=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  local command={0} words= files= i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$command ${{COMP_WORDS[i]}}" in
    {1}) command+=" ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$command $previous" in
{2}  *)
    case "$command" in
{3}    esac
    [[ $cur == -* || $command == {0} ]] || files=1
    ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [[ $files ]]; then
    local more
    mapfile -t more < <(compgen -f -- "$cur")
    COMPREPLY+=("${{more[@]}}")
    compopt -o filenames 2>/dev/null
  fi
}}
complete -F _{0} {0}
)";

}  // namespace

std::string bash_completion(const CommandOutline& program) {
  Branches branches;
  add_command_branches(program.name, program, branches);
  return fmt::format(fmt::runtime(kScript), program.name, branches.commands, branches.values,
                     branches.words);
}

}  // namespace joule::cli

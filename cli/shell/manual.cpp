// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "joule/cli/shell/shell.h"

namespace joule::cli {
namespace {

/// Text that troff takes as it is: minus signs stay minus signs, and no line is a request.
std::string roff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    begins = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

void add_option_entry(const OptionOutline& option, std::string& page) {
  page += ".TP\n.B ";
  for (std::size_t i = 0; i < option.names.size(); ++i) {
    page += (i > 0 ? ", " : "") + roff(option.names[i]);
  }
  if (option.takes_value && !option.value.empty()) page += " \\fI" + roff(option.value) + "\\fR";
  page += "\n" + roff(option.help);
  if (option.required) page += " Required.";
  if (!option.preset.empty()) page += " Default: " + roff(option.preset) + ".";
  page += "\n";
}

void add_command_section(const std::string& path, const CommandOutline& command,
                         std::string& page) {
  page += fmt::format(".SH {}\n{}\n", upper(roff(path)), roff(command.description));
  for (const OptionOutline& option : command.options) {
    if (option.names.back() != "--help") add_option_entry(option, page);
  }
  if (!command.footer.empty()) page += ".PP\n.nf\n" + roff(command.footer) + "\n.fi\n";
  for (const CommandOutline& below : command.commands) {
    add_command_section(path + " " + below.name, below, page);
  }
}

constexpr const char* kEnd = R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Anything not named below.
.TP
.B 2
The command line is wrong.
.TP
.B 3
A file or other data are wrong, or cannot be read or written.
.TP
.B 4
A device failed.
.TP
.B 130
Interrupted, or an energy budget is spent; the same command with \-\-resume goes on where it says so.
.PP
.B joule meter
exits as its command does.
.SH ENVIRONMENT
.TP
.B JOULE_FORCE
Pins implementations of operations by name:
.IR conv2d:cpu.direct,relu:reference .
.TP
.B JOULE_TUNING
The file of measured choices that
.B joule tune
wrote;
.I off
for none.
.TP
.B OMP_NUM_THREADS, OMP_THREAD_LIMIT
How many threads OpenMP gives.
.TP
.B NO_COLOR, TERM, COLUMNS
As usual for programs on terminals.
)";

}  // namespace

std::string manual_page(const CommandOutline& program, const std::string& version) {
  std::string page = fmt::format(
      ".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n.I "
      "COMMAND\n[\\fIOPTION\\fR]...\n.SH DESCRIPTION\n{}\n",
      upper(program.name), program.name, version, program.name,
      "deep learning that accounts for energy and skips zeros", program.name,
      roff(program.description));
  for (const CommandOutline& command : program.commands) {
    page += fmt::format(".TP\n.B {}\n{}\n", roff(command.name), roff(command.description));
  }
  for (const CommandOutline& command : program.commands) {
    add_command_section(program.name + " " + command.name, command, page);
  }
  return page + kEnd;
}

}  // namespace joule::cli

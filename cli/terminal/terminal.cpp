// SPDX-License-Identifier: MIT
#include "joule/cli/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "joule/io/parse_number.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::size_t columns_of(int descriptor) {
  constexpr std::size_t kUsual = 80;
  if (isatty(descriptor) != 1) return report::kAnyWidth;
  std::string_view text = variable("COLUMNS");  // of the shell; what is none in it counts as unset
  const std::optional<std::int64_t> stated = take_number<std::int64_t>(text);
  if (stated && text.empty() && *stated > 0) return static_cast<std::size_t>(*stated);
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kUsual;
}

bool may_redraw(int descriptor) {
  return isatty(descriptor) == 1 && variable("TERM") != "dumb" && variable("NO_COLOR").empty();
}

}  // namespace joule::cli

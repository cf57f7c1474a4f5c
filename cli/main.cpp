// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "cli/tuning.h"
#include "cli/waiting.h"
#include "core/error.h"
#include "core/threads.h"
#include "core/version.h"

namespace joule::cli {
namespace {

constexpr int kOther = 1, kUsage = 2, kData = 3, kDevice = 4;

/// One line on standard error, whatever the message holds.
int fail(int code, std::string_view message) {
  std::string line;
  for (const char c : message) {
    if (c != '\n') {
      line += c;
    } else {
      line += line.ends_with(':') ? " " : "; ";
    }
  }
  while (line.ends_with(' ') || line.ends_with(';')) line.pop_back();
  fmt::print(stderr, "joule: {}\n", line);
  return code;
}

int main(int argc, char** argv) {
  sleep_while_waiting(argv);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to report, not a death
  CLI::App app(
      "Trains and runs small convolutional nets, and accounts for the energy of every operation.",
      "joule");
  app.set_version_flag("--version", std::string(version()));
  app.require_subcommand(1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.footer("joule COMMAND --help shows what each command takes, with examples.");
  Run run;
  add_train(app, run);
  add_eval(app, run);
  add_predict(app, run);
  add_summary(app, run);
  add_energy(app, run);
  add_info(app, run);
  add_demo(app, run);
  add_meter(app, run);
  add_bench(app, run);
  add_profile(app, run);
  add_tune(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return fail(kUsage, std::string(error.what()) + " (joule --help shows what there is)");
  }
  try {
    num_threads();  // refuses an absurd OMP_NUM_THREADS before anything is written
    use_tuning();
    return run();
  } catch (const ArgumentError& error) {
    return fail(kUsage, error.what());
  } catch (const DataError& error) {
    return fail(kData, error.what());
  } catch (const DeviceError& error) {
    return fail(kDevice, error.what());
  } catch (const std::bad_alloc&) {
    return fail(kOther, "out of memory");
  } catch (const std::exception& error) {
    return fail(kOther, error.what());
  }
}

}  // namespace
}  // namespace joule::cli

int main(int argc, char** argv) { return joule::cli::main(argc, argv); }

// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <new>
#include <string>
#include <string_view>

#include "joule/bench/child_process.h"
#include "joule/cli/commands.h"
#include "joule/cli/options/forced.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/standard_streams.h"
#include "joule/cli/terminal/waiting.h"
#include "joule/core/error.h"
#include "joule/core/threads.h"
#include "joule/core/version.h"
#include "joule/parallel/communicator.h"
#include "joule/tune/tuning.h"

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
  fmt::print(stderr, "joule: {}{}\n", parallel::failed_rank(), line);
  return code;
}

/// Everything but the program's own end: reads the command line and does what it asks for.
int do_command(int argc, char** argv) {
  Command app(
      "joule",
      "Trains and runs small convolutional nets, and accounts for the energy of every operation.",
      std::string(version()));
  app.footer("joule COMMAND --help shows what each command takes, with examples.");
  Run run;
  add_train(app, run);
  add_eval(app, run);
  add_predict(app, run);
  add_export(app, run);
  add_import(app, run);
  add_summary(app, run);
  add_energy(app, run);
  add_data(app, run);
  add_info(app, run);
  add_demo(app, run);
  add_meter(app, run);
  add_bench(app, run);
  add_profile(app, run);
  add_tune(app, run);
  add_study(app, run);
  add_evolve(app, run);
  add_nas(app, run);
  add_compare(app, run);
  add_course(app, run);
  add_completion(app, run);
  add_manual(app, run);
  if (const std::string text = app.parse(argc, argv); !text.empty()) {
    fmt::print("{}", text);
    return 0;
  }
  num_threads();  // refuses an absurd OMP_NUM_THREADS before anything is written
  // What is pinned may be meant for the command that joule meter runs, and joule info lists the
  // names.
  if (!app.asked_for("meter") && !app.asked_for("info")) check_forced();
  tune::use_tuning();
  return run();
}

/// The exit code of what body() does.
int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const ArgumentError& error) {
    return fail(kUsage, error.what());
  } catch (const DataError& error) {
    return fail(kData, error.what());
  } catch (const OutOfMemory& error) {
    return fail(kOther, error.what());
  } catch (const DeviceError& error) {
    return fail(kDevice, error.what());
  } catch (const bench::Stopped& stopped) {
    fmt::print(stderr, "joule: {}\n", stopped.what());
    return kInterrupted;
  } catch (const std::bad_alloc&) {
    return fail(kOther, "out of memory");
  } catch (const std::exception& error) {
    return fail(kOther, error.what());
  }
}

int main(int argc, char** argv) {
  sleep_while_waiting(argv);
  return guarded([&] {
    ignore_signals_of_writing();
    prepare_standard_streams();
    const int code = guarded([&] { return do_command(argc, argv); });
    if (code == 0) finish_standard_output();
    parallel::abort_unfinished(code);
    return code;
  });
}

}  // namespace
}  // namespace joule::cli

int main(int argc, char** argv) { return joule::cli::main(argc, argv); }

// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "joule/bench/child_process.h"
#include "joule/bench/conv/conv_bench.h"
#include "joule/cli/bench/bench.h"
#include "joule/cli/options/execution.h"
#include "joule/cli/options/option.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/terminal.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule bench conv --threads 1 --html conv.html
  joule bench conv --shapes 64x64x56,64x128x56:1x1/2,3x64x224:7x7/2 \
      --passes forward --density 1,.3,.1
      INxOUTxSIZE:KERNELxKERNEL/STRIDE; 3x3 and stride 1 unless given
  joule bench conv --real runs/demo/l0 --json conv.json
      also the convolutions of a trained net, with the zeros that it has on real
      images

Each figure is the time of oneDNN's best direct kernel on the same tensors in
the same run divided by the time of what is named above it; oneDNN's own choice
of algorithm stands beside it.)";

struct Options {
  std::string shapes = "64x128x56,128x128x28,256x256x14";
  std::string density = "1,.5,.3,.2,.1,.05,.02,.01";
  std::string passes = "forward,grad-weight,grad-input,grad-input-masked,step";
  std::int64_t batch = 16;
  int rounds = 15;
  Execution execution;
  std::string real, data;
  std::string json, html;
};

int bench_conv(const Options& options) {
  require(options.rounds >= 1, "--rounds: expected at least 1, got ", options.rounds);
  require(options.data.empty() || !options.real.empty(),
          "--data: names the images of --real, which is not given");
  const bench::ConvOptions measured{
      .problems = bench::parse_conv_problems(options.shapes, options.batch),
      .densities = bench::parse_densities(options.density),
      .passes = bench::parse_passes(options.passes),
      .batch = options.batch,
      .rounds = options.rounds};
  options.execution.apply();
  std::optional<training::Model> model;
  Dataset images;
  if (!options.real.empty()) {
    model = training::load_model(options.real);
    images = model->load_data(options.data).test;
  }
  const Interrupt interrupt;  // before there is anything to clean up
  ReportFile json(options.json), html(options.html);
  const bench::ConvProgress progress{.on_environment = print_environment,
                                     .on_start =
                                         [&](const std::string& what) {
                                           if (interrupt.requested()) throw bench::Stopped();
                                           fmt::print(stderr, "{}\n", what);
                                         },
                                     .on_curve =
                                         [](const bench::ConvCurve& curve) {
                                           fmt::print("{}",
                                                      table(curve, columns_of(STDOUT_FILENO)));
                                           std::fflush(stdout);
                                         }};
  const bench::ConvReport report =
      bench::bench_conv(measured, progress, model ? &*model : nullptr, images);
  fmt::print("{}\n", roofline(report));
  json.write([&] { return to_json(report); });
  html.write([&] { return to_html(report); });
  return 0;
}

}  // namespace

void add_bench_conv(Command& bench, Run& run) {
  Command* const command = bench.add_subcommand(
      "conv", "Every implementation of the convolutions beside oneDNN, over the share of zeros");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, auto& value, const char* help) {
    return add_option(*command, name, value, help)->capture_default_str();
  };
  add("--shapes", options->shapes, "Convolutions, separated by commas");
  add("--density", options->density, "Shares of non-zeros, separated by commas");
  add("--passes", options->passes, "What to measure, separated by commas");
  add("--batch", options->batch, "Images of a batch");
  add("--rounds", options->rounds, "Timed runs of each");
  options->execution.add_to(*command, {"threads", "precision", "algorithms"});
  add("--real", options->real, "Also a trained net: folder of a run, or a model.safetensors")
      ->type_name("DIR|FILE");
  add("--data", options->data, "Its images (default: the data set that it was trained on)");
  add("--json", options->json, "File to write")->type_name("F");
  add("--html", options->html, "File to write: a page with everything in it")->type_name("F");
  command->callback([options, &run] { run = [options] { return bench_conv(*options); }; });
}

}  // namespace joule::cli

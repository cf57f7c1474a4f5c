// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>

#include "joule/core/error.h"
#include "joule/report/energize/evolution_parts.h"
#include "joule/report/figures.h"
#include "joule/report/study_values.h"

namespace joule::report {
namespace {

using study::EnergizeResults;
using study::EvolveResults;
using study::FinalNet;

std::string percent_text(double share) { return fmt::format("{:.2f}", 100 * share); }

std::string number_of(const FinalNet& net, const char* metric, int output, double factor = 1) {
  const auto number = study::metric_or_none(net.values, fmt::format("{}_{}", metric, output));
  return number ? fmt::format("{:.4g}", *number * factor) : kNothing;
}

/// "1.2 (1.1–1.4)".
std::string quartiles(const std::vector<double>& values, double factor, int digits) {
  if (values.empty()) return kNothing;
  const auto text = [&](double share) {
    return fmt::format("{:.{}g}", *study::quantile_of(values, share) * factor, digits);
  };
  if (values.size() == 1) return text(0.5);
  return text(0.5) + " (" + text(0.25) + "–" + text(0.75) + ")";
}

}  // namespace

std::string variant_name(const std::string& variant) { return variant.empty() ? "run" : variant; }

std::string power_label(const EvolveResults& run) {
  return str(run.power_unit == "W" ? "W" : "uJ per image", ", ", name(run.power_quality));
}

Table finals_table(const EvolveResults& run) {
  const bool watts = run.power_unit == "W";
  Table table{.caption = "The nets that are left",
              .head = {"trial", "net", "evolution-test, %", "test, %", power_label(run),
                       "MACs executed", "parameters", "us per image", "deploy"}};
  for (const FinalNet& net : run.finals) {
    const bool two = net.graph.outputs.size() == 2;
    for (const int output : {0, 1}) {
      if (output == 1 && !two) continue;
      table.rows.push_back(
          {str(net.trial), two ? (output == 0 ? "whole" : "short") : "the only one",
           number_of(net, "accuracy", output, 100),
           percent_text(output == 0 ? net.test_accuracy_0 : net.test_accuracy_1),
           number_of(net, "power", output, watts ? 1 : 1e6),
           number_of(net, "macs_executed", output), number_of(net, "parameters", output),
           number_of(net, "latency", output, 1e6), !two || output == net.deployed ? "yes" : ""});
    }
  }
  return table;
}

Table runs_table(const EnergizeResults& results) {
  Table table{.caption = "The runs",
              .head = {"variant", "seed", "generations", "candidates", "invalid", "epochs",
                       "seconds", "fitness at the end"}};
  for (std::size_t i = 0; i < results.variants.size(); ++i) {
    for (const EvolveResults* run : results.runs[i]) {
      std::int64_t trained = 0, invalid = 0;
      for (const study::EvolveStep& step : run->steps) {
        trained += step.trained;
        invalid += step.invalid;
      }
      const bool any = !run->steps.empty();
      table.rows.push_back(
          {variant_name(results.variants[i]), str(run->seed), str(run->steps.size()), str(trained),
           str(invalid), any ? str(run->steps.back().epochs) : "0",
           any ? fmt::format("{:.1f}", run->steps.back().seconds) : "0",
           any && run->steps.back().fitness ? fmt::format("{:.4f}", *run->steps.back().fitness)
                                            : kNothing});
    }
  }
  return table;
}

Table deployed_table(const EnergizeResults& results) {
  Table table{.caption = "The net that each run would deploy: median over the seeds (quartiles)",
              .head = {"variant", "n", "test accuracy, %", "uJ per image", "MACs executed",
                       "us per image"}};
  for (std::size_t i = 0; i < results.variants.size(); ++i) {
    std::vector<double> accuracy, joules, macs, latency;
    for (const EvolveResults* run : results.runs[i]) {
      const auto net = study::deployed(*run);
      if (!net) continue;
      accuracy.push_back(net->test_accuracy);
      joules.push_back(net->joules);
      macs.push_back(net->macs_executed);
      latency.push_back(net->latency);
    }
    table.rows.push_back({variant_name(results.variants[i]), str(accuracy.size()),
                          quartiles(accuracy, 100, 4), quartiles(joules, 1e6, 3),
                          quartiles(macs, 1, 3), quartiles(latency, 1e6, 3)});
  }
  return table;
}

Table at_accuracy_table(const EnergizeResults& results) {
  Table table{.caption =
                  "Energy of the cheapest net at least so accurate on evolution-test, uJ per "
                  "image: median over the seeds that reached it (quartiles)",
              .head = {"accuracy, %"}};
  for (const std::string& variant : results.variants) {
    table.head.push_back(variant_name(variant));
    table.head.push_back("n");
  }
  for (const study::AtAccuracy& level : results.levels) {
    std::vector<std::string> row{fmt::format("{:.0f}", 100 * level.accuracy)};
    for (const std::vector<double>& joules : level.joules) {
      row.push_back(quartiles(joules, 1e6, 3));
      row.push_back(str(joules.size()));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table tests_table(const EnergizeResults& results) {
  Table table{.caption =
                  "Tests (Mann-Whitney, two-sided, not corrected for their number; effect: how "
                  "often a value of the variant is larger)",
              .head = {"figure", "variant", "against", "median", "median of that", "n", "U", "p",
                       "effect A"}};
  for (const study::VariantTest& t : results.tests) {
    if (!t.test) continue;  // all values are equal, or there are none
    table.rows.push_back({t.figure, t.variant, t.against, fmt::format("{:.4g}", t.median),
                          fmt::format("{:.4g}", t.median_against),
                          str(t.test->n_a, ", ", t.test->n_b), fmt::format("{:g}", t.test->u),
                          fmt::format("{:.3g}", t.test->p), fmt::format("{:.2f}", *t.effect)});
  }
  return table;
}

Table energize_paper_table() {
  return {.caption = "What the paper says (arXiv:2401.17733), and what differs here",
          .head = {"", "ENERGIZE", "here"},
          .rows = {{"accuracy, power", "0.902 and 71.92 W; DENSER 0.904",
                    "the tables above; the watts are of a GPU with its idle power and the loading "
                    "of data, and no modelled energy is comparable with them"},
                   {"saved", "up to 29.18 W, 29.2 %, without significant loss",
                    "energy per image at equal accuracy, with tests"},
                   {"power", "NVML's counter, 30 passes over evolution-test",
                    "the same with a meter; without one modelled (horowitz45)"},
                   {"run", "150 generations, 300 s of a GPU a candidate",
                    "minutes of two cores a run, seconds a candidate"},
                   {"images", "resized to 32x32; 42,000 train",
                    "28x28; so many as the configuration says, split alike"},
                   {"loss", "softmax, and then cross-entropy, which has one of its own",
                    "cross-entropy of logits"},
                   {"two nets", "the trunk runs once per head", "the trunk runs once"}},
          .prose = true};
}

std::vector<std::string> how_items(const EvolveResults& run) {
  const study::EvolveConfig& c = run.config;
  std::vector<std::string> items{
      str("Data: ", c.data, c.limit > 0 ? str(", the first ", c.limit, " images of each half") : "",
          ". Of the training images 70 % train, by 20 % training is stopped, 10 % "
          "(evolution-test) give the fitness; the split is drawn by the seed. The test images "
          "decide nothing."),
      str("Fitness: ", to_text(c.fitness), "; selection: ", c.selection, ", ", c.lambda,
          " offspring", c.retrain_parent ? ", the parent is trained again in every generation" : "",
          "."),
      str("A candidate trains for at most ",
          c.training.seconds > 0 ? str(c.training.seconds, " s") : "",
          c.training.seconds > 0 && c.training.epochs > 0 ? " or " : "",
          c.training.epochs > 0 ? str(c.training.epochs, " epochs") : "",
          " per slot of its time, and keeps the weights of the epoch with the lowest validation "
          "loss, all outputs' losses added."),
      run.power_unit == "W"
          ? str("Power is ", name(run.power_quality), ": the mean of ", c.passes,
                " passes over evolution-test.")
          : std::string(
                "No meter was read: power is modelled joules per image (horowitz45: counted "
                "work times constants, MACs that zeros saved not counted)."),
      fmt::format(
          "Deployed is the cheaper of the two nets if it is no more than {:.2f} points less "
          "accurate on evolution-test.",
          100 * study::kDeploymentLoss),
      "Latency is measured: the median of three passes of 256 images, divided by their number, "
      "while other candidates may have trained.",
      fmt::format("Beside training and measuring a candidate took {:.0f} ms in the median.",
                  1000 * run.overhead),
      machine_item(run.study.origin.machine)};
  return items;
}

}  // namespace joule::report

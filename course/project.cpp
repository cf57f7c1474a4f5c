// SPDX-License-Identifier: MIT
#include "joule/course/project.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "joule/core/error.h"
#include "joule/energy/models/cost_model.h"
#include "joule/training/evaluate.h"
#include "joule/training/run/model_file.h"
#include "joule/training/run/summary.h"

namespace joule::course {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr double kRatioTolerance = 0.02;

std::string folder(const json& file, const char* key, const std::string& path) {
  if (file.contains(key) && file[key].is_string() && !file[key].get<std::string>().empty()) {
    return file[key];
  }
  throw DataError(str(path, ": '", key, "' must be the folder of a run, or a model file, got ",
                      file.contains(key) ? file[key].dump() : "none"));
}

Judged judge(training::Model& model, const Dataset& images) {
  const auto evaluation = training::evaluate(model.net, model.prepare(images));
  const auto energy =
      energy::horowitz45().energy(training::total_work(*evaluation), energy::Skipping::ideal);
  return {evaluation->accuracy(), energy.value().value() / static_cast<double>(images.size())};
}

Verdict verdict(const char* key, bool right, std::string remark) {
  return {key, right ? Verdict::Result::right : Verdict::Result::wrong, std::move(remark)};
}

}  // namespace

ProjectAnswers parse_project(std::string_view text, const std::string& path) {
  if (const std::string fault = fault_of_sheet(text, path); !fault.empty()) throw DataError(fault);
  const json file = json::parse(text);
  if (!file.is_object() || !file.contains("lesson") || file["lesson"] != kProject) {
    throw DataError(str(path, ": expected an object with 'lesson' ", kProject));
  }
  const std::set<std::string> known{"lesson", "standard", "net", "ratio"};
  for (const auto& [key, value] : file.items()) {
    if (!known.contains(key)) {
      throw DataError(str(path, ": lesson ", kProject, " does not ask for '", key,
                          "'; it asks for standard, net, ratio"));
    }
  }
  ProjectAnswers answers{folder(file, "standard", path), folder(file, "net", path)};
  if (!file.contains("ratio") || !file["ratio"].is_number()) {
    throw DataError(str(path, ": 'ratio' must be a number, got ",
                        file.contains("ratio") ? file["ratio"].dump() : "none"));
  }
  answers.ratio = file["ratio"];
  return answers;
}

ProjectResult judge(const ProjectAnswers& answers) {
  training::Model standard = training::load_model(answers.standard);
  training::Model net = training::load_model(answers.net);
  const Dataset images = standard.load_data().test;
  return {judge(standard, images), judge(net, images), images.size()};
}

std::vector<Verdict> check(const ProjectAnswers& answers, const ProjectResult& result) {
  const double lost = result.standard.accuracy - result.net.accuracy;
  const double ratio = result.net.joules / result.standard.joules;
  return {verdict("accuracy", lost <= kAccuracyLoss,
                  str("the net loses ", 100 * lost, " points of accuracy, at most ",
                      100 * kAccuracyLoss, " may be lost")),
          verdict("budget", ratio <= kBudgetShare,
                  str("the net costs ", ratio, " of the standard net's joules, at most ",
                      kBudgetShare, " may be spent")),
          verdict("ratio", std::abs(answers.ratio - ratio) <= kRatioTolerance * ratio,
                  str(answers.ratio, " is not it: divide the joules per image of the two nets"))};
}

std::string project_sheet() {
  return ordered_json{
             {"lesson", kProject}, {"standard", nullptr}, {"net", nullptr}, {"ratio", nullptr}}
             .dump(2) +
         "\n";
}

}  // namespace joule::course

// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "joule/course/answers.h"

// The project of the last lesson: {"lesson": 10, "standard": "runs/standard", "net": "runs/mine",
// "ratio": 0.4}.
namespace joule::course {

struct ProjectAnswers {
  std::string standard, net;  // folders of runs, or model files
  double ratio = 0;           // of the net's joules per image to those of the standard net
};

/// Errors    DataError that starts with the path: not those four members, or not of their types.
ProjectAnswers parse_project(std::string_view json, const std::string& path);

/// What a net does on the test images, and what the inference of one of them costs: modelled by
/// horowitz45 on a machine that neither moves nor multiplies zeros.  What Joule's kernels really
/// skip depends on the kernel that a machine chooses; this does not.
struct Judged {
  double accuracy = 0, joules = 0;
};
struct ProjectResult {
  Judged standard, net;
  std::int64_t images = 0;
};

/// At most half the joules, and at most one point less of accuracy.
inline constexpr double kBudgetShare = 0.5, kAccuracyLoss = 0.01;

/// Runs both nets on all test images of the data set that the standard net was trained on.
///
/// Cost      an evaluation of each.
/// Errors    as training::load_model() and Model::prepare().
ProjectResult judge(const ProjectAnswers& answers);

/// Three verdicts: the accuracy, the budget, and the ratio that was stated (2 % off is right).
std::vector<Verdict> check(const ProjectAnswers& answers, const ProjectResult& result);

/// The file to be filled in.
std::string project_sheet();

}  // namespace joule::course

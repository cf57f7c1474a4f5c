// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/core/error.h"
#include "joule/course/answers.h"
#include "joule/course/picture.h"
#include "joule/course/project.h"
#include "joule/io/atomic_file.h"
#include "joule/io/input_file.h"
#include "joule/report/svg.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

using course::Lesson;
using course::Verdict;

constexpr std::size_t kLineWidth = 80;

constexpr const char* kExamples = R"(Examples:
  joule course list
      the ten lessons
  joule course show 5 --sheet answer-5.json
      what lesson 5 is about and what it asks, and a file for the answers
  joule course check 5 answer-5.json
      which answers are right; exits with 0 if all are, else with 1
  joule course draw points.csv --title "MACs" --out picture.svg
      the picture of a lesson, of the points that its program wrote

The lessons are in docs/course, their programs in examples/course.)";

int list() {
  for (const Lesson& lesson : course::lessons()) {
    fmt::print("{:>2}  {}\n", lesson.number, lesson.title);
  }
  return 0;
}

std::string sheet_of(const Lesson& lesson) {
  return lesson.number == course::kProject ? course::project_sheet() : course::answer_sheet(lesson);
}

/// Errors    ArgumentError if the file holds anything but an empty sheet.
void require_no_answers(const std::string& sheet) {
  if (!std::filesystem::is_regular_file(sheet)) return;
  require(course::is_empty_sheet(read_file(sheet)), "--sheet: ", sheet,
          " exists and is not an empty sheet, so it was not overwritten: check it with joule "
          "course check, give another name, or delete it first");
}

int show(std::int64_t number, const std::string& sheet) {
  const Lesson& lesson = course::lesson(number);
  if (!sheet.empty()) require_no_answers(sheet);
  fmt::print("Lesson {}: {}\n{}\n\n", lesson.number, lesson.title,
             report::wrapped(lesson.goal, kLineWidth));
  fmt::print("page      docs/course/{}\nprogram   examples/course/{}.cpp\n", lesson.page,
             lesson.program);
  for (const std::string_view command : lesson.commands) fmt::print("command   {}\n", command);
  fmt::print("\n");
  for (const course::Question& question : lesson.questions) {
    fmt::print("{}\n   {}\n",
               report::wrapped(str(question.key, ". ", question.text), kLineWidth, 3),
               course::expectation(question));
  }
  if (lesson.number == course::kProject) {
    fmt::print(
        "standard  the folder of the run of the net that you begin with\n"
        "net       the folder of the run, or the model file, of your net: at most {} of\n"
        "          the joules of the inference of an image (modelled by horowitz45, on a\n"
        "          machine that neither moves nor multiplies zeros), and at most {} point\n"
        "          of accuracy less, on all test images\n"
        "ratio     of its joules to those of the standard net; joule eval --json has the\n"
        "          joules, for all test images together, as\n"
        "          inference.modelled_energy.horowitz45.ideal.value\n",
        course::kBudgetShare, 100 * course::kAccuracyLoss);
  }
  if (!sheet.empty()) write_file_atomically(sheet, sheet_of(lesson));
  return 0;
}

struct Check {
  std::int64_t number = 0;
  std::string answers;
  bool solution = false;
};

std::string_view name(Verdict::Result result) {
  switch (result) {
    case Verdict::Result::right:
      return "right";
    case Verdict::Result::wrong:
      return "wrong";
    case Verdict::Result::unreadable:
      return "cannot be read";
    case Verdict::Result::missing:
      break;
  }
  return "not answered";
}

/// Prints the verdicts; 0 if all are right, else 1.
int print(const Lesson& lesson, const std::vector<Verdict>& verdicts, bool with_solution) {
  int right = 0;
  fmt::print("Lesson {}: {}\n", lesson.number, lesson.title);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    right += verdict.result == Verdict::Result::right;
    const bool wrong =
        verdict.result == Verdict::Result::wrong || verdict.result == Verdict::Result::unreadable;
    fmt::print("  {:<10}{}{}{}\n", verdict.key, name(verdict.result), wrong ? ": " : "",
               wrong ? verdict.remark : "");
    if (with_solution) {
      const course::Question& question = lesson.questions[i];
      fmt::print("            {}: {}\n", course::text_of(question.truth()), question.solution);
    }
  }
  fmt::print("{} of {} right\n", right, verdicts.size());
  return right == static_cast<int>(verdicts.size()) ? 0 : 1;
}

int check_project(const Lesson& lesson, const Check& options) {
  require(!options.solution, "--solution: the project of lesson ", lesson.number, " has many");
  const auto answers = course::parse_project(read_file(options.answers), options.answers);
  const course::ProjectResult result = course::judge(answers);
  for (const auto& [who, net] : {std::pair("standard", result.standard), {"net", result.net}}) {
    fmt::print(
        "{:<10}{:.2f} % of {} test images, {:.4g} uJ per image (modelled, horowitz45, ideal)\n",
        who, 100 * net.accuracy, result.images, 1e6 * net.joules);
  }
  return print(lesson, course::check(answers, result), false);
}

int check(const Check& options) {
  const Lesson& lesson = course::lesson(options.number);
  if (lesson.number == course::kProject) return check_project(lesson, options);
  const auto answers = course::parse_answers(read_file(options.answers), options.answers, lesson);
  return print(lesson, course::check(lesson, answers), options.solution);
}

struct Draw {
  std::string points_file, out;
  course::PictureOptions picture;
};

int draw(const Draw& options) {
  const report::LineChart chart =
      course::chart_of(read_file(options.points_file), options.points_file, options.picture);
  write_file_atomically(options.out, report::to_svg(chart));
  return 0;
}

void add_draw(Command& command, Run& run) {
  Command* const draw_command =
      command.add_subcommand("draw", "Draw the points that a lesson's program wrote");
  const auto draw_options = std::make_shared<Draw>();
  add_option(*draw_command, "points", draw_options->points_file,
             "Comma-separated values: names, then numbers; the first column is x, each other one a "
             "line")
      ->required()
      ->type_name("FILE.csv");
  add_option(*draw_command, "--out", draw_options->out, "The picture")
      ->required()
      ->type_name("FILE.svg");
  add_option(*draw_command, "--title", draw_options->picture.title, "Above the picture");
  add_option(*draw_command, "--y", draw_options->picture.y_title, "What goes up");
  draw_command->add_flag("--log-x", draw_options->picture.log_x, "A logarithmic axis of x");
  draw_command->add_flag("--log-y", draw_options->picture.log_y, "A logarithmic axis of y");
  add_option(*draw_command, "--points", draw_options->picture.points,
             "A column whose points no line joins; may be given more than once")
      ->take_all()
      ->type_name("NAME");
  draw_command->callback(
      [draw_options, &run] { run = [draw_options] { return draw(*draw_options); }; });
}

}  // namespace

void add_course(Command& app, Run& run) {
  Command* const command = app.add_subcommand("course", "The lessons, and answers to them");
  command->footer(kExamples);
  command->require_subcommand();

  Command* const list_command = command->add_subcommand("list", "List the lessons");
  list_command->callback([&run] { run = list; });

  struct Show {
    std::int64_t number = 0;
    std::string sheet;
  };
  Command* const show_command =
      command->add_subcommand("show", "Show what a lesson is about and what it asks");
  const auto shown = std::make_shared<Show>();
  add_option(*show_command, "lesson", shown->number, "Its number")->required()->type_name("N");
  add_option(*show_command, "--sheet", shown->sheet, "Write a file for the answers")
      ->type_name("FILE.json");
  show_command->callback(
      [shown, &run] { run = [shown] { return show(shown->number, shown->sheet); }; });

  Command* const check_command = command->add_subcommand("check", "Check the answers to a lesson");
  const auto checked = std::make_shared<Check>();
  add_option(*check_command, "lesson", checked->number, "Its number")->required()->type_name("N");
  add_option(*check_command, "answers", checked->answers, "The file with the answers")
      ->required()
      ->type_name("FILE.json");
  check_command->add_flag("--solution", checked->solution,
                          "Show the right answers, and how to get there");
  check_command->callback([checked, &run] { run = [checked] { return check(*checked); }; });

  add_draw(*command, run);
}

}  // namespace joule::cli

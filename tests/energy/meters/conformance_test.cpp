// SPDX-License-Identifier: MIT
#include "joule/energy/conformance/conformance.h"

#include <gtest/gtest.h>

#include <set>

#include "joule/tests/support/files.h"
#include "joule/tests/support/sources.h"

namespace joule::energy {
namespace {

TEST(Conformance, EveryCaseOfTheSuiteIsMeasuredRight) {
  const auto verdicts = run_conformance(test::source_path("tests/meters"));
  EXPECT_GE(verdicts.size(), 40u);
  for (const Verdict& v : verdicts) {
    EXPECT_TRUE(v.passed) << v.name << ": got " << v.got << ", expected " << v.expected;
  }
}

/// A machine of 20 W, whose answer says something else.
std::string wrong_case(const test::TemporaryFolder& folder, const std::string& answer) {
  const std::string name = folder / "wrong";
  test::write(name + "/case.json", R"({"joule_meter_case": 1, "what": "20 W", "window_s": [2, 7],
    "files": {"class/powercap/intel-rapl:0/name": "package-0",
              "class/powercap/intel-rapl:0/max_energy_range_uj": "262143328850"},
    "counters": [{"file": "class/powercap/intel-rapl:0/energy_uj", "watts": 20}]})");
  test::write(name + "/answer.json", answer);
  return folder.path().string();
}

TEST(Conformance, AWrongValueAndTooWideAnIntervalFail) {
  const test::TemporaryFolder folder;
  for (const auto& [answer, passed] : std::map<std::string, bool>{
           {R"({"of": "processors", "joules": 100, "widest_j": 1})", true},
           {R"({"of": "processors", "joules": 101, "widest_j": 1})", false},
           {R"({"of": "processors", "joules": 100, "widest_j": 0.001})", false},
           {R"({"of": "processors"})", false},
           {R"({"of": "gpu"})", true},
           {R"({"of": "processors", "joules": 100, "widest_j": 1, "must_flag": true})", false}}) {
    const auto verdicts = run_conformance(wrong_case(folder, answer));
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts[0].passed, passed) << answer << ": " << verdicts[0].got;
  }
}

TEST(Conformance, ACaseThatIsNoneIsRefused) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(test::data_error_of([&] { run_conformance(folder.path().string()); }),
            folder.path().string() + ": has no folder with a case.json");
  EXPECT_EQ(test::data_error_of([] { run_conformance("/nowhere"); }),
            "/nowhere: cannot be opened: No such file or directory");
  const std::string path = wrong_case(folder, R"({"of": "car"})") + "/wrong/answer.json";
  EXPECT_EQ(test::data_error_of([&] { run_conformance(folder.path().string()); }),
            path + ": 'of' must be processors, gpu, module or machine, got car");
}

}  // namespace
}  // namespace joule::energy

// SPDX-License-Identifier: MIT
#include "joule/report/profile_page.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/energy/open_meters.h"
#include "joule/tests/support/embedded_json.h"
#include "joule/tests/support/op_test.h"
#include "joule/tests/support/recorded_profile.h"

namespace joule::report {
namespace {

using energy::Profile;
using energy::Rule;
using nlohmann::json;
using test::embedded;
using test::expect_golden;
using test::replayed;

/// Without what the same page would hold of any profile: style, script and library.
std::string own_part(const std::string& html) {
  const std::size_t style = html.find("<style>"), after = html.find("</style>");
  return html.substr(0, style) + html.substr(after, html.find("<script>") - after);
}

/// The charts of energies: axis and names of their series.
std::vector<std::pair<std::string, std::string>> energies(const std::string& html) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const json& chart : embedded(html, "charts")) {
    const std::string axis = chart.value("value_title", "");
    if (!axis.starts_with("energy")) continue;
    for (const json& group : chart["groups"]) found.emplace_back(axis, group["name"]);
    EXPECT_EQ(chart["groups"].size(), 1u) << "two kinds of energy on one axis";
  }
  return found;
}

bool holds(const std::string& html, const std::string& text) {
  return html.find(text) != std::string::npos;
}

/// The same work without a meter.
Profile unmetered() {
  Profile p = replayed(Rule::time).profile;
  const auto meters = energy::open_meters("none");
  const energy::Interval window = energy::Window(*meters.front()).close();
  p.meter = meters.front()->info();
  p.meter.remedy = "buy a meter";
  p.idle_power = energy::no_idle_power("no meter").mean;
  p.attribution = attribute_by_time(p.meter, window, p.idle_power, p.lines);
  p.windows.clear();
  return p;
}

TEST(ProfilePage, OfARecordedTraceIsTheSameBytes) {
  expect_golden("report.html", own_part(to_html(replayed(Rule::time).profile)));
}

TEST(ProfilePage, HoldsTheJsonOfTheProfile) {
  const Profile p = replayed(Rule::time).profile;
  EXPECT_EQ(embedded(to_html(p), "data"), json::parse(to_json(p)));
}

TEST(ProfilePage, AttributedAndModelledEnergiesShareNoAxis) {
  const std::vector<std::pair<std::string, std::string>> both{
      {"energy, J", "by time, with its interval"},
      {"energy, mJ", "horowitz45, with the range of its constants"}};
  auto found = energies(to_html(replayed(Rule::time).profile));
  ASSERT_EQ(found.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(found[i], both[i % 2]);
}

TEST(ProfilePage, WithoutAMeterNothingIsZero) {
  const std::string html = to_html(unmetered());
  EXPECT_TRUE(holds(html,
                    "Measured energy is unavailable (none: no meter was asked for). What to do: "
                    "buy a meter. The table at the end has every source."));
  EXPECT_TRUE(holds(html,
                    "<dt>Gross energy</dt><dd><strong>—</strong><span class=\"badge\" "
                    "data-badge=\"unavailable\">"));
  EXPECT_FALSE(holds(html, "<strong>0 J"));
  EXPECT_FALSE(holds(html, "Power over time"));
  for (const auto& [axis, name] : energies(html)) EXPECT_TRUE(name.starts_with("horowitz45"));
  // And what needs no meter is there.
  EXPECT_TRUE(holds(html, "data-badge=\"modelled\">"));
  EXPECT_TRUE(holds(html, "1.8G (30 %) had a zero operand; 1.6G (26.7 %) were skipped"));
  EXPECT_TRUE(holds(html, "<tr><td>perf</td><td>denied</td><td>only root</td><td>ask</td></tr>"));
}

TEST(ProfilePage, ALineWithoutEnergyHasNoBarAndSaysWhy) {
  Profile p = replayed(Rule::time).profile;
  p.attribution.lines[2] = energy::Figure<energy::Joules>::unavailable("test", "not resolved");
  const std::string html = to_html(p);
  EXPECT_EQ(embedded(html, "charts")[0]["groups"][0]["values"], json::parse("[42.0, null]"));
  EXPECT_TRUE(holds(html, "<li>(no layer) has no attributed energy: not resolved</li>"));
}

TEST(ProfilePage, WithoutTimesThereAreNoTimes) {
  Profile p = replayed(Rule::model).profile;
  EXPECT_TRUE(holds(to_html(p), "Time per layer"));
  EXPECT_TRUE(holds(to_html(p), "Time in operations"));
  p.times = false;
  const std::string html = to_html(p);
  for (energy::Ledger::Line& line : p.lines) line.tally.nanoseconds *= 3;
  EXPECT_EQ(to_html(p), html);
}

/// The points of a line of the power chart.
json points(const Profile& p, const std::string& line) {
  for (const json& chart : embedded(to_html(p), "charts")) {
    if (chart["kind"] != "lines") continue;
    EXPECT_TRUE(chart["zero_y"]);
    for (const json& one : chart["lines"]) {
      if (one["name"] == line) return one["points"];
    }
  }
  return json::array();
}

TEST(ProfilePage, PowerIsTheDifferenceOfReadingsOverTheirTime) {
  const Profile p = replayed(Rule::time).profile;
  const json steps = points(p, "step");
  ASSERT_EQ(steps.size(), 6u);  // two steps: ends and middle
  EXPECT_EQ(steps[0], json::parse(R"({"x": 3.0, "y": 40.0, "low": 40.0, "high": 40.0})"));
  EXPECT_EQ(steps[1]["x"], 3.5);
  // A period of 1 ms at its edges, and a tick.
  EXPECT_NEAR(steps[1]["high"], 40 + 40 / 0.999 * 0.001 + 1e-6, 1e-9);
  EXPECT_EQ(steps[5]["x"], 6.0);
  EXPECT_EQ(points(p, "idle, after")[0]["y"], 10.0);
}

TEST(ProfilePage, ShortWindowsArePutTogether) {
  Profile p = replayed(Rule::time).profile;
  p.meter.update_period = energy::Seconds(0.1);  // 20 of them: 2 s
  const json steps = points(p, "step");
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0]["x"], 3.0);
  EXPECT_EQ(steps[2]["x"], 6.0);
  EXPECT_EQ(steps[0]["y"], 40.0);  // 120 J in 3 s
}

TEST(ProfilePage, PowerEndsWithTheMeter) {
  Profile p = replayed(Rule::time).profile;
  energy::Reading& end = p.windows[2].interval.end;
  end.status = energy::Status::failed;
  end.reason = "gone";
  EXPECT_EQ(points(p, "step").size(), 3u);
  EXPECT_TRUE(holds(to_html(p), "<td>unavailable: gone"));
  for (energy::ProfileWindow& window : p.windows) window.interval.end.status = end.status;
  EXPECT_TRUE(
      holds(to_html(p), "Unavailable: no window has an energy that the counter can resolve."));
}

}  // namespace
}  // namespace joule::report

// SPDX-License-Identifier: MIT
#include "joule/report/page.h"

#include <nlohmann/json.hpp>

#include "joule/tests/support/embedded_json.h"
#include "joule/tests/support/op_test.h"

namespace joule::report {
namespace {

using nlohmann::json;
using test::embedded;
using test::error_of;

LineChart line_chart() {
  return {.title = "T",
          .x_title = "X",
          .y_title = "Y",
          .lines = {{"one", {{1, 2, 1.5, 2.5}}, true}},
          .log_y = true,
          .x_ticks = {{1, "0 %"}},
          .reference = 1};
}

TEST(Page, ShowsTextAsItIs) {
  Page page("a <b> & \"c\"", "<i>lead</i>");
  page.heading("<h>").paragraph("x < y").warning("w > v").list({"<li>"});
  const std::string html = page.html();
  for (const char* text : {"<title>a &lt;b&gt; &amp; &quot;c&quot;</title>",
                           "&lt;i&gt;lead&lt;/i&gt;", "<h2 id=\"section-1\">&lt;h&gt;</h2>",
                           "<p>x &lt; y</p>", "w &gt; v</p>", "<li>&lt;li&gt;</li>"}) {
    EXPECT_NE(html.find(text), std::string::npos) << text;
  }
}

TEST(Page, FoldsAListUnderItsCaption) {
  const std::string html =
      Page("t", "l").list({"one", "two"}, "<notes>").list({}, "Of nothing").html();
  EXPECT_NE(html.find("<details><summary>&lt;notes&gt;</summary>\n<ul>\n<li>one</li>\n<li>two</li>"
                      "\n</ul></details>"),
            std::string::npos);
  EXPECT_EQ(html.find("Of nothing"), std::string::npos);
}

TEST(Page, LinksToItsHeadingsWhereThereAreMany) {
  Page page("t", "l");
  page.heading("One").heading("Two");
  EXPECT_EQ(page.html().find("<nav"), std::string::npos);
  const std::string html = page.heading("<Three>").html();
  EXPECT_NE(html.find("<a href=\"#section-3\">&lt;Three&gt;</a>"), std::string::npos);
  EXPECT_NE(html.find("<h2 id=\"section-3\">&lt;Three&gt;</h2>"), std::string::npos);
}

TEST(Page, HoldsItsDataValueForValue) {
  const std::string data =
      R"({"a": [1, 2.5, null], "b": "</script><!-- <script> \u00e9", "c": 1e-9})";
  const std::string html = Page("t", "l").data(nlohmann::ordered_json::parse(data)).html();
  EXPECT_EQ(embedded(html, "data"), json::parse(data));
}

TEST(Page, DescribesItsCharts) {
  Page page("t", "l");
  page.add(line_chart());
  page.add(BarChart{.title = "B",
                    .value_title = "ms",
                    .categories = {"p", "q"},
                    .groups = {{"g", {1.5, std::nullopt}}}});
  const std::string html = page.html();
  const json charts = embedded(html, "charts");
  ASSERT_EQ(charts.size(), 2u);
  EXPECT_EQ(charts[0]["kind"], "lines");
  EXPECT_EQ(charts[0]["reference"], 1);
  EXPECT_EQ(charts[0]["x_ticks"], json::parse(R"([[1, "0 %"]])"));
  EXPECT_EQ(charts[0]["lines"][0]["points"],
            json::parse(R"([{"x": 1, "y": 2, "low": 1.5, "high": 2.5}])"));
  EXPECT_EQ(charts[1]["groups"][0]["values"], json::parse("[1.5, null]"));
  EXPECT_NE(html.find("<canvas id=\"chart-1\""), std::string::npos);
}

TEST(Page, BarsHaveSpreadsAndColors) {
  Page page("t", "l");
  const BarChart one{.title = "B",
                     .value_title = "mJ",
                     .categories = {"p", "q"},
                     .groups = {{"g", {1, {}}, {Range{0.5, 2}, {}}, 3}},
                     .lying = true};
  BarChart two = one;
  two.stacked = true;
  page.add(std::vector{one, two});
  const std::string html = page.html();
  const json charts = embedded(html, "charts");
  EXPECT_EQ(charts[0]["groups"][0]["spreads"], json::parse("[[0.5, 2], null]"));
  EXPECT_EQ(charts[0]["groups"][0]["color"], 3);
  EXPECT_EQ(charts[0]["lying"], true);
  EXPECT_EQ(charts[1]["stacked"], true);
  const std::size_t beside = html.find("<div class=\"beside\">");
  EXPECT_LT(beside, html.find("<canvas id=\"chart-0\""));
  EXPECT_NE(html.find("style=\"height: 9.3rem\""), std::string::npos);  // grows with the bars
}

TEST(Page, ACardSaysHowItsFigureCameAbout) {
  Page page("t", "l");
  page.add(std::vector<Card>{{"Energy", "<1 J", "measured", "a & b"}, {"MACs", "3"}});
  const std::string html = page.html();
  EXPECT_NE(html.find("<div><dt>Energy</dt><dd><strong>&lt;1 J</strong><span class=\"badge\" "
                      "data-badge=\"measured\">measured</span><small>a &amp; b</small></dd></div>"),
            std::string::npos)
      << html;
  EXPECT_NE(html.find("<div><dt>MACs</dt><dd><strong>3</strong></dd></div>"), std::string::npos);
}

TEST(Page, LoadsNothing) {
  Page page("t", "l");
  page.add(line_chart()).add(Table{.caption = "c", .head = {"a"}, .rows = {{"b"}}});
  const std::string html = page.html();
  EXPECT_NE(html.find("content=\"default-src 'none'; script-src 'unsafe-inline'; style-src "
                      "'unsafe-inline'\""),
            std::string::npos);
  const std::string before_scripts = html.substr(0, html.find("<script>"));
  for (const char* loading :
       {" src=", " href=", " srcset=", " data=", "url(", "@import", "<link"}) {
    EXPECT_EQ(before_scripts.find(loading), std::string::npos) << loading;
  }
  EXPECT_EQ(html.find("<script src"), std::string::npos);
}

TEST(Page, CarriesTheChartLibraryOnlyWithCharts) {
  EXPECT_EQ(Page("t", "l").html().find("Chart.js"), std::string::npos);
  Page page("t", "l");
  page.add(line_chart());
  EXPECT_NE(page.html().find("Chart.js v3"), std::string::npos);
}

TEST(Page, FoldsATable) {
  Page page("t", "l");
  page.add(Table{.caption = "c", .head = {"a", "b"}, .rows = {{"1", "2"}}, .folded = true});
  EXPECT_NE(page.html().find("<details><summary>c</summary>"), std::string::npos);
  EXPECT_NE(page.html().find("<tr><td>1</td><td>2</td></tr>"), std::string::npos);
  EXPECT_EQ(page.html().find("<table class=\"prose\">"), std::string::npos);
  page.add(Table{.caption = "p", .head = {"a"}, .rows = {{"a sentence"}}, .prose = true});
  EXPECT_NE(page.html().find("<table class=\"prose\">"), std::string::npos);
}

TEST(Page, LeavesOutWhatItCannotDrawAndSaysSo) {
  Page page("t", "l");
  LineChart chart = line_chart();
  const std::size_t points = chart.lines[0].points.size();
  ASSERT_TRUE(chart.log_y);
  chart.lines[0].points[0].low = 0;  // not positive on the logarithmic axis: no spread is drawn
  page.add(chart);
  EXPECT_NE(page.html().find("1 value of this chart is not drawn: not finite, or not positive on a "
                             "logarithmic axis."),
            std::string::npos);
  nlohmann::json drawn = embedded(page.html(), "charts")[0]["lines"][0]["points"];
  EXPECT_EQ(drawn.size(), points);
  EXPECT_EQ(drawn[0]["low"], drawn[0]["y"]);

  Page bars("t", "l");
  bars.add(BarChart{.title = "B",
                    .categories = {"p", "q"},
                    .groups = {{"g", {1, NAN}, {Range{0, INFINITY}, std::nullopt}}}});
  EXPECT_NE(bars.html().find("2 values of this chart are not drawn"), std::string::npos);
  drawn = embedded(bars.html(), "charts")[0]["groups"][0];
  EXPECT_EQ(drawn["values"], nlohmann::json::parse("[1.0, null]"));
  EXPECT_EQ(drawn["spreads"], nlohmann::json::parse("[null, null]"));
}

TEST(Page, RefusesWhatItCannotShow) {
  Page page("t", "l");
  EXPECT_EQ(error_of([&] {
              page.add(BarChart{.title = "B", .categories = {"p"}, .groups = {{"g", {1, 2}}}});
            }),
            "page: 'B' has 1 categories, 'g' has 2 values");
  EXPECT_EQ(
      error_of([&] {
        page.add(BarChart{
            .title = "B", .categories = {"p"}, .groups = {{"g", {1}, {Range{0, 1}, Range{0, 1}}}}});
      }),
      "page: 'B' has 1 categories, 'g' has 2 spreads");
  EXPECT_EQ(error_of([&] { page.add(Table{.caption = "c", .head = {"a"}, .rows = {{}}}); }),
            "page: 'c' has 1 columns, a row has 0 cells");
}

}  // namespace
}  // namespace joule::report

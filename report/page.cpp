// SPDX-License-Identifier: MIT
#include "joule/report/page.h"

#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/report/assets.h"
#include "joule/report/markup.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;

/// JSON that can stand in a <script> element: only '<' could end it, or start a comment in it, and
/// in JSON it stands in strings alone.
std::string in_script(const ordered_json& json) {
  std::string out;
  for (const char c : dumped(json)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

ordered_json described(const LineChart& chart, const Line& line, Drawable& drawable) {
  ordered_json points = ordered_json::array();
  bool gap = false;
  for (const Point& p : line.points) {
    if (!drawable(p.x, chart.log_x) || !drawable(p.y, chart.log_y)) {
      gap = true;
      continue;
    }
    const bool spread = drawable(p.low, chart.log_y) && drawable(p.high, chart.log_y);
    ordered_json point{
        {"x", p.x}, {"y", p.y}, {"low", spread ? p.low : p.y}, {"high", spread ? p.high : p.y}};
    if (p.apart || gap) point["apart"] = true;
    points.push_back(point);
    gap = false;
  }
  ordered_json json{
      {"name", line.name}, {"dashed", line.dashed}, {"marks", line.marks}, {"points", points}};
  if (line.band) json["band"] = true;
  if (line.faint) json["faint"] = true;
  return json;
}

ordered_json described(const BarGroup& group, Drawable& drawable) {
  ordered_json values = ordered_json::array(), spreads = ordered_json::array(), color;
  for (const auto& value : group.values) {
    values.push_back(value && drawable(*value) ? ordered_json(*value) : ordered_json());
  }
  for (const auto& spread : group.spreads) {
    const bool drawn = spread && drawable(spread->first) && drawable(spread->second);
    spreads.push_back(drawn ? ordered_json{spread->first, spread->second} : ordered_json());
  }
  if (group.color) color = *group.color;
  return {{"name", group.name}, {"values", values}, {"spreads", spreads}, {"color", color}};
}

// The permission that travels with every copy of Chart.js, whose own file has only the notice.
constexpr std::string_view kChartLicence = R"(
/* Chart.js (above its own notice): Permission is hereby granted, free of charge, to any person
obtaining a copy of this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to use, copy, modify,
merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to
whom the Software is furnished to do so, subject to the following conditions: The above copyright
notice and this permission notice shall be included in all copies or substantial portions of the
Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE. */
)";

}  // namespace

void check(const BarChart& chart) {
  const std::size_t n = chart.categories.size();
  for (const BarGroup& group : chart.groups) {
    require(group.values.size() == n, "page: '", chart.title, "' has ", n, " categories, '",
            group.name, "' has ", group.values.size(), " values");
    require(group.spreads.empty() || group.spreads.size() == n, "page: '", chart.title, "' has ", n,
            " categories, '", group.name, "' has ", group.spreads.size(), " spreads");
  }
}

Page& Page::heading(std::string_view text) {
  headings_.emplace_back(text);
  body_ += str("<h2 id=\"section-", headings_.size(), "\">", escaped(text), "</h2>\n");
  return *this;
}

Page& Page::paragraph(std::string_view text) {
  body_ += "<p>" + escaped(text) + "</p>\n";
  return *this;
}

Page& Page::warning(std::string_view text) {
  body_ += "<p class=\"warning\">" + escaped(text) + "</p>\n";
  return *this;
}

Page& Page::list(const std::vector<std::string>& items, std::string_view folded_under) {
  if (items.empty()) return *this;
  const bool folded = !folded_under.empty();
  if (folded) body_ += "<details><summary>" + escaped(folded_under) + "</summary>\n";
  body_ += "<ul>\n";
  for (const std::string& item : items) body_ += "<li>" + escaped(item) + "</li>\n";
  body_ += folded ? "</ul></details>\n" : "</ul>\n";
  return *this;
}

Page& Page::canvas(const std::string& title, std::string configuration, const std::string& note,
                   std::size_t lying_bars) {
  const std::string height =
      lying_bars > 0 ? str(" style=\"height: ", 7 + 1.15 * static_cast<double>(lying_bars), "rem\"")
                     : "";
  body_ += str("<figure><figcaption>", escaped(title), "</figcaption><div class=\"chart\"", height,
               "><canvas id=\"chart-", charts_.size(), "\" role=\"img\" aria-label=\"",
               escaped(title), "; a table below holds its figures\"></canvas></div>",
               note.empty() ? "" : "<p class=\"warning\">" + escaped(note) + "</p>", "</figure>\n");
  charts_.push_back(std::move(configuration));
  return *this;
}

Page& Page::svg(const std::string& title, std::string_view file) {
  body_ += str("<figure><figcaption>", escaped(title), "</figcaption>", file, "</figure>\n");
  return *this;
}

Page& Page::add(const LineChart& chart) {
  ordered_json lines = ordered_json::array(), ticks = ordered_json::array(), reference;
  Drawable drawable;
  for (const Line& line : chart.lines) lines.push_back(described(chart, line, drawable));
  for (const auto& [at, text] : chart.x_ticks) {
    if (drawable(at, chart.log_x)) ticks.push_back({at, text});
  }
  if (chart.reference && drawable(*chart.reference, chart.log_y)) reference = *chart.reference;
  return canvas(chart.title,
                in_script({{"kind", "lines"},
                           {"x_title", chart.x_title},
                           {"y_title", chart.y_title},
                           {"log_x", chart.log_x},
                           {"log_y", chart.log_y},
                           {"falling_x", chart.falling_x},
                           {"zero_y", chart.zero_y},
                           {"x_ticks", ticks},
                           {"reference", reference},
                           {"lines", lines}}),
                drawable.note());
}

Page& Page::add(const BarChart& chart) {
  check(chart);
  ordered_json groups = ordered_json::array();
  Drawable drawable;
  for (const BarGroup& group : chart.groups) groups.push_back(described(group, drawable));
  const std::size_t side_by_side = chart.stacked ? 1 : chart.groups.size();
  return canvas(chart.title,
                in_script({{"kind", "bars"},
                           {"value_title", chart.value_title},
                           {"category_title", chart.category_title},
                           {"lying", chart.lying},
                           {"stacked", chart.stacked},
                           {"categories", chart.categories},
                           {"groups", groups}}),
                drawable.note(), chart.lying ? chart.categories.size() * side_by_side : 0);
}

Page& Page::add(const RadarChart& chart) {
  check(chart);
  ordered_json things = ordered_json::array();
  for (const RadarChart::Thing& thing : chart.things) {
    things.push_back({{"name", thing.name}, {"shares", thing.shares}});
  }
  return canvas(
      chart.title,
      in_script({{"kind", "radar"}, {"directions", chart.directions}, {"things", things}}), "");
}

template <class Chart>
Page& Page::beside(const std::vector<Chart>& charts) {
  if (charts.empty()) return *this;
  body_ += "<div class=\"beside\">\n";
  for (const Chart& chart : charts) add(chart);
  body_ += "</div>\n";
  return *this;
}

Page& Page::add(const std::vector<BarChart>& charts) { return beside(charts); }
Page& Page::add(const std::vector<LineChart>& charts) { return beside(charts); }

Page& Page::add(const std::vector<Card>& cards) {
  if (cards.empty()) return *this;
  body_ += "<dl class=\"cards\">\n";
  for (const Card& card : cards) {
    body_ +=
        "<div><dt>" + escaped(card.name) + "</dt><dd><strong>" + escaped(card.value) + "</strong>";
    if (!card.badge.empty()) {
      const std::string badge = escaped(card.badge);
      body_ += "<span class=\"badge\" data-badge=\"" + badge + "\">" + badge + "</span>";
    }
    if (!card.note.empty()) body_ += "<small>" + escaped(card.note) + "</small>";
    body_ += "</dd></div>\n";
  }
  body_ += "</dl>\n";
  return *this;
}

Page& Page::add(const Table& table) {
  const auto row = [&](const std::vector<std::string>& cells, const char* tag) {
    require(cells.size() == table.head.size(), "page: '", table.caption, "' has ",
            table.head.size(), " columns, a row has ", cells.size(), " cells");
    std::string html = "<tr>";
    for (const std::string& cell : cells) html += str("<", tag, ">", escaped(cell), "</", tag, ">");
    return html + "</tr>\n";
  };
  const std::string caption = escaped(table.caption);
  body_ += table.folded ? "<details><summary>" + caption + "</summary>"
                        : "<figure><figcaption>" + caption + "</figcaption>";
  body_ += table.prose ? "<div class=\"scroll\" tabindex=\"0\"><table class=\"prose\">\n<thead>"
                       : "<div class=\"scroll\" tabindex=\"0\"><table>\n<thead>";
  body_ += row(table.head, "th") + "</thead>\n<tbody>\n";
  for (const auto& cells : table.rows) body_ += row(cells, "td");
  body_ += "</tbody></table></div>";
  body_ += table.folded ? "</details>\n" : "</figure>\n";
  return *this;
}

Page& Page::data(const ordered_json& value) {
  data_ = in_script(value);
  return *this;
}

/// Links to the headings, where there are so many that one has to look for them.
std::string Page::contents() const {
  constexpr std::size_t kMany = 3;
  if (headings_.size() < kMany) return {};
  std::string links;
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    links += str("<li><a href=\"#section-", i + 1, "\">", escaped(headings_[i]), "</a></li>\n");
  }
  return "<nav class=\"contents\" aria-label=\"Contents\"><ul>\n" + links + "</ul></nav>\n";
}

std::string Page::html() const {
  std::string charts;
  for (const std::string& chart : charts_) charts += (charts.empty() ? "" : ",\n") + chart;
  std::string html =
      str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
          "script-src 'unsafe-inline'; style-src 'unsafe-inline'\">\n",
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          escaped(title_), "</title>\n<style>\n", kStyle, "</style>\n</head>\n<body>\n<h1>",
          escaped(title_), "</h1>\n<p class=\"lead\">", escaped(lead_), "</p>\n", contents(), body_,
          "<script type=\"application/json\" id=\"data\">", data_, "</script>\n");
  if (!charts_.empty()) {
    html += str("<noscript><p>The charts need JavaScript; the tables hold their figures.</p>",
                "</noscript>\n<script type=\"application/json\" id=\"charts\">[", charts,
                "]</script>\n");
  }
  html += str("<script>\n", kTables, "</script>\n");
  if (!charts_.empty()) {
    html += str("<script>", kChartLibrary, kChartLicence, "</script>\n<script>\n", kScript,
                "</script>\n");
  }
  return html + "</body>\n</html>\n";
}

}  // namespace joule::report

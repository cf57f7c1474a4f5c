// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "joule/report/page.h"
#include "joule/report/svg/graph_picture.h"

// The results of a study, written once in reading order: as a page for a browser
// (report/page.h), and as Markdown with pictures beside it.
namespace joule::report {

struct Heading {
  std::string text;
};
struct Paragraph {
  std::string text;
};
/// What a reader must not miss.
struct Warning {
  std::string text;
};
struct Items {
  std::vector<std::string> texts;
};
/// `file` is the picture's name without its suffix; `caption` describes it in a sentence.
template <class Chart>
struct Picture {
  std::string file, caption;
  Chart chart;
};

using Part =
    std::variant<Heading, Paragraph, Warning, Items, Table, Picture<LineChart>, Picture<BarChart>,
                 Picture<HeatMap>, Picture<RadarChart>, Picture<GraphPicture>>;

struct Document {
  std::string title, lead;
  std::vector<Part> parts;
};

/// `data` is what the page was made from.
std::string to_html(const Document& document, const nlohmann::ordered_json& data);

/// A text and its pictures: file name in the folder of pictures, and contents.
struct Markdown {
  std::string text;
  std::vector<std::pair<std::string, std::string>> pictures;
};

/// `pictures` is the folder of the pictures, relative to the text: "pictures", or empty for the
/// text's own folder.  Text is plain text: Markdown's special characters are escaped.
Markdown to_markdown(const Document& document, const std::string& pictures);

/// Its tables with their captions, warnings and lists, for a terminal with `width` columns.
std::string terminal_text(const Document& document, std::size_t width);

}  // namespace joule::report

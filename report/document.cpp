// SPDX-License-Identifier: MIT
#include "joule/report/document.h"

#include <nlohmann/json.hpp>
#include <set>

#include "joule/core/error.h"
#include "joule/report/svg.h"
#include "joule/report/text_layout.h"

namespace joule::report {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;  // which Clang before 17 does not deduce

std::string as_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_[]<>|#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

constexpr std::size_t kLineLength = 120;  // of a line of Markdown

std::string paragraph(std::string_view text) { return wrapped(as_text(text), kLineLength) + "\n"; }

std::string table_row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + as_text(cell) + " |";
  return line + "\n";
}

std::string markdown_of(const Table& table) {
  std::string text = table.caption.empty() ? "" : "**" + as_text(table.caption) + "**\n\n";
  text += table_row(table.head) + "|";
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    text += i == 0 || table.prose ? " --- |" : " ---: |";
  }
  text += "\n";
  for (const auto& row : table.rows) {
    require(row.size() == table.head.size(), "table '", table.caption, "': a row has ", row.size(),
            " cells, the head has ", table.head.size());
    text += table_row(row);
  }
  return text;
}

}  // namespace

std::string to_html(const Document& document, const nlohmann::ordered_json& data) {
  Page page(document.title, document.lead);
  for (const Part& part : document.parts) {
    std::visit(Overloaded{[&](const Heading& p) { page.heading(p.text); },
                          [&](const Paragraph& p) { page.paragraph(p.text); },
                          [&](const Warning& p) { page.warning(p.text); },
                          [&](const Items& p) { page.list(p.texts); },
                          [&](const Table& p) { page.add(p); },
                          [&](const Picture<GraphPicture>& p) {
                            page.paragraph(p.caption).svg(p.chart.title, to_svg(p.chart));
                          },
                          [&](const auto& p) { page.paragraph(p.caption).add(p.chart); }},
               part);
  }
  return page.data(data).html();
}

Markdown to_markdown(const Document& document, const std::string& pictures) {
  Markdown result{.text = "# " + as_text(document.title) + "\n\n" + paragraph(document.lead)};
  std::set<std::string> names;
  const auto picture = [&](const auto& p) {
    require(names.insert(p.file).second, "the document has two pictures named ", p.file);
    const std::string file = p.file + ".svg";
    result.pictures.emplace_back(file, to_svg(p.chart));
    const std::string path = pictures.empty() ? file : pictures + "/" + file;
    return str("![", as_text(p.chart.title), "](", path, ")\n\n", paragraph(p.caption));
  };
  for (const Part& part : document.parts) {
    result.text += "\n";
    result.text += std::visit(
        Overloaded{[](const Heading& p) { return "## " + as_text(p.text) + "\n"; },
                   [](const Paragraph& p) { return paragraph(p.text); },
                   [](const Warning& p) {
                     return wrapped("> **Note.** " + as_text(p.text), kLineLength, 0) + "\n";
                   },
                   [](const Items& p) {
                     std::string text;
                     for (const std::string& item : p.texts)
                       text += wrapped("* " + as_text(item), kLineLength, 2) + "\n";
                     return text;
                   },
                   [](const Table& p) { return markdown_of(p); }, picture},
        part);
  }
  return result;
}

std::string terminal_text(const Document& document, std::size_t width) {
  std::string text = wrapped(document.title + "\n\n" + document.lead, width) + "\n";
  for (const Part& part : document.parts) {
    text += std::visit(
        Overloaded{
            [&](const Warning& p) { return "\n" + wrapped("Note: " + p.text, width) + "\n"; },
            [&](const Items& p) {
              std::string lines = "\n";
              for (const std::string& item : p.texts) {
                lines += wrapped("- " + item, width, 2) + "\n";
              }
              return lines;
            },
            [&](const Table& p) {
              if (p.prose) return std::string();
              const std::string caption = p.caption.empty() ? "" : wrapped(p.caption, width) + "\n";
              return "\n" + caption +
                     text_of({.head = p.head, .rows = p.rows, .rule = true}, width);
            },
            [](const auto&) { return std::string(); }},
        part);
  }
  return text;
}

}  // namespace joule::report

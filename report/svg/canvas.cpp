// SPDX-License-Identifier: MIT
#include "joule/report/svg/canvas.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "joule/core/error.h"
#include "joule/report/assets.h"
#include "joule/report/markup.h"
#include "joule/report/text_layout.h"

namespace joule::report::svg {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

/// How many bytes the character of XML 1.0 takes that `text` begins with; 0 if it begins with none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const int ones =
      std::countl_one(static_cast<std::uint8_t>(first));  // 0 of ASCII, else the length
  if (ones == 1 || ones > 4) return 0;
  const auto length = static_cast<std::size_t>(std::max(ones, 1));
  if (length > text.size()) return 0;
  unsigned code = ones == 0 ? first : first & (0x7fu >> ones);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr unsigned kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  const bool too_long = code < kSmallest[length];
  if (control || surrogate || too_long || code > 0x10ffff || code == 0xfffe || code == 0xffff) {
    return 0;
  }
  return length;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

constexpr double kSymbol = 28, kLineHeight = 20;

/// The symbol of an entry, from x on, around y.
void draw_symbol(Canvas& canvas, const LegendEntry& entry, double x, double y) {
  const std::string fill = entry.faint ? color("faint") : series(entry.color);
  if (entry.bar) {
    canvas.rectangle(x + 8, y - 6, 12, 12, fill);
    return;
  }
  canvas.path(fmt::format("M{} {}h24", number(x), number(y)),
              fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}", fill,
                          entry.dashed ? " stroke-dasharray=\"6 4\"" : ""));
  if (entry.marks) canvas.path(mark(entry.shape, x + 12, y), "fill=\"" + fill + "\"");
}

/// Lines of about kWidth; words are not broken.
std::vector<std::string> lines_of(const std::string& text, double font) {
  const auto columns = static_cast<std::size_t>((kWidth - 2 * kMargin) / width_of("x", font));
  std::vector<std::string> lines;
  std::string rest = wrapped(text, columns);
  for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
    lines.push_back(rest.substr(0, end));
  }
  lines.push_back(rest);
  return lines;
}

}  // namespace

std::string color(std::string_view name) {
  const std::string key = str("--", name, ": ");
  const std::size_t at = kStyle.find(key);  // the first is the light one
  require(at != std::string_view::npos, "svg: page.css has no colour ", name);
  const std::size_t from = at + key.size();
  return std::string(kStyle.substr(from, kStyle.find(';', from) - from));
}

std::string series(std::size_t index) { return color(str("series-", index % 8)); }

std::string number(double pixels) {
  std::string text = fmt::format("{:.2f}", pixels);
  text.resize(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string xml(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::size_t length = character(text);
    valid += length > 0 ? text.substr(0, length) : kReplacement;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return escaped(valid);
}

double width_of(std::string_view text, double font) {
  constexpr double kMeanWidth = 0.6;  // of a character, of the font's size: DejaVu Sans
  return kMeanWidth * font * static_cast<double>(characters(text));
}

std::string shortened(const std::string& text, double width) {
  if (width_of(text) <= width) return text;
  std::string cut;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t next = at + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0) == 0x80) ++next;
    if (width_of(cut) + 2 * width_of("x") > width) break;
    cut += text.substr(at, next - at);
    at = next;
  }
  return cut + "…";
}

std::string mark(std::size_t index, double x, double y) {
  const auto from = [&](double dx, double dy) {
    return fmt::format("M{} {}", number(x + dx), number(y + dy));
  };
  switch (index % 4) {
    case 0:
      return from(-3.5, 0) + "a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z";
    case 1:
      return from(0, -4.5) + "l4.5 7.5h-9z";
    case 2:
      return from(-3.25, -3.25) + "h6.5v6.5h-6.5z";
    default:
      return from(0, -4.75) + "l4.75 4.75-4.75 4.75-4.75-4.75z";
  }
}

void Canvas::text(double x, double y, std::string_view text, const TextStyle& how) {
  constexpr const char* kAnchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  body_ += fmt::format("<text x=\"{}\" y=\"{}\"{}", number(x), number(y),
                       kAnchors[static_cast<int>(how.anchor)]);
  if (!how.fill.empty()) body_ += " fill=\"" + how.fill + "\"";
  if (how.title) body_ += fmt::format(" font-size=\"{}\" font-weight=\"600\"", number(kTitleFont));
  if (how.turned != 0) {
    body_ +=
        fmt::format(" transform=\"rotate({} {} {})\"", number(how.turned), number(x), number(y));
  }
  body_ += ">" + xml(text);
  if (!how.whole.empty() && how.whole != text) body_ += "<title>" + xml(how.whole) + "</title>";
  body_ += "</text>\n";
}

void Canvas::path(const std::string& d, const std::string& attributes) {
  if (!d.empty()) body_ += fmt::format("<path d=\"{}\" {}/>\n", d, attributes);
}

void Canvas::line(double x1, double y1, double x2, double y2, const std::string& stroke,
                  double width) {
  path(fmt::format("M{} {}L{} {}", number(x1), number(y1), number(x2), number(y2)),
       fmt::format("stroke=\"{}\" stroke-width=\"{}\"", stroke, number(width)));
}

void Canvas::rectangle(double x, double y, double width, double height, const std::string& fill) {
  body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                       number(x), number(y), number(width), number(height), fill);
}

std::string Canvas::file(double height, std::string_view title,
                         std::string_view description) const {
  const std::string w = number(kWidth), h = number(std::ceil(height));
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" font-family=\"system-ui, 'Segoe UI', Roboto, 'Liberation "
      "Sans', Arial, sans-serif\" font-size=\"{2}\" fill=\"{3}\">\n<title>{4}</title>\n"
      "<desc>{5}</desc>\n<rect width=\"{0}\" height=\"{1}\" fill=\"{6}\"/>\n{7}</svg>\n",
      w, h, number(kFont), color("text"), xml(title), xml(description), color("back"), body_);
}

double draw_head(Canvas& canvas, const std::string& title, const std::vector<LegendEntry>& legend) {
  double y = 8;
  for (const std::string& line : lines_of(title, kTitleFont)) {
    y += kLineHeight;
    canvas.text(kMargin, y, line, {.title = true});
  }
  double x = kMargin;
  y += kLineHeight + 6;
  for (const LegendEntry& entry : legend) {
    constexpr double kRight = kWidth - kMargin;
    const std::string name = shortened(entry.name, kRight - kMargin - kSymbol);
    const double width = kSymbol + width_of(name);
    if (x > kMargin && x + width > kRight) {
      x = kMargin;
      y += kLineHeight;
    }
    draw_symbol(canvas, entry, x, y - 5);
    canvas.text(x + kSymbol, y, name, {.whole = entry.name});
    x += width + 12;
  }
  return y + 16;
}

double draw_note(Canvas& canvas, const std::string& text, double top) {
  if (text.empty()) return top;
  for (const std::string& line : lines_of(text, kFont)) {
    top += kLineHeight;
    canvas.text(kMargin, top, line, {.fill = color("faint")});
  }
  return top + 4;
}

}  // namespace joule::report::svg

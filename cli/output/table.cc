#include "cli/output/table.h"

#include <algorithm>

namespace fleetcast::cli {
namespace {

constexpr std::size_t kGap = 2;
// A column narrower than this is not worth cutting to: the line wraps instead. One before the last
// is read with those beside it, and keeps more.
constexpr std::size_t kNarrowest = 12, kNarrowestWithin = 24;

std::string Padded(const std::string& text, Style style, Column::Align align, std::size_t width,
                   bool color) {
  const std::size_t used = DisplayWidth(text);
  const std::string padding(width > used ? width - used : 0, ' ');
  const std::string styled = Styled(text, style, color);
  return align == Column::Align::kRight ? padding + styled : styled + padding;
}

void EndLine(std::string& line, std::string& text) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
  line.clear();
}

}  // namespace

void Table::AddContinuation(const std::string& text, Style style) {
  Cell blank("");
  blank.continued = true;
  std::vector<Cell> cells(columns_.size(), blank);
  cells.back() = Cell(text, style);
  AddRow(std::move(cells));
}

bool Table::IsProse(std::size_t column) const {
  return columns_[column].align == Column::Align::kLeft &&
         std::any_of(rows_.begin(), rows_.end(), [&](const auto& row) {
           return row[column].text.find(' ') != std::string::npos;
         });
}

void Table::Fit(std::size_t excess, std::vector<std::size_t>& widths) const {
  std::vector<std::size_t> fitted = widths;
  for (std::size_t left = widths.size(); left > 0 && excess > 0; --left) {
    const std::size_t column = left - 1;
    const bool last = left == widths.size();
    const std::size_t least = last ? kNarrowest : kNarrowestWithin;
    if (fitted[column] <= least || (!last && !IsProse(column))) continue;
    const std::size_t cut = std::min(excess, fitted[column] - least);
    fitted[column] -= cut;
    excess -= cut;
  }
  if (excess == 0) widths = fitted;
}

std::string Table::Render(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  std::size_t total = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = DisplayWidth(columns_[i].heading);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i].text));
    widths.push_back(width);
    total += width + (i == 0 ? 0 : kGap);
  }
  if (terminal.width > 0 && total > terminal.width) Fit(total - terminal.width, widths);

  std::string text;
  std::string line;
  const auto add = [&](std::size_t i, const std::string& cell, Style style) {
    if (i > 0) line += std::string(kGap, ' ');
    line += Padded(Shorten(cell, widths[i]), style, columns_[i].align, widths[i], terminal.color);
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) add(i, columns_[i].heading, Style::kBold);
  EndLine(line, text);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool absent = row[i].text.empty() && !row[i].continued;
      add(i, absent ? "-" : row[i].text, row[i].style);
    }
    EndLine(line, text);
  }
  return text;
}

std::string Properties::Render(const Terminal& terminal) const {
  std::size_t width = 0;
  for (const auto& [label, value] : rows_) width = std::max(width, DisplayWidth(label));
  std::string text;
  for (const auto& [label, value] : rows_) {
    std::string line =
        Padded(label, Style::kDim, Column::Align::kLeft, width + kGap, terminal.color);
    line += value.text.empty() ? "-" : Styled(value.text, value.style, terminal.color);
    EndLine(line, text);
  }
  return text;
}

}  // namespace fleetcast::cli

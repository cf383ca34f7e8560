// A table for people: aligned columns under capital headings, two spaces between.
#pragma once

#include <string>
#include <vector>

#include "cli/output/terminal.h"
#include "cli/output/text.h"

namespace fleetcast::cli {

struct Column {
  std::string heading;
  enum class Align { kLeft, kRight } align = Align::kLeft;
};

struct Cell {
  std::string text;
  Style style = Style::kPlain;
  Cell(const std::string& text, Style style = Style::kPlain) : text(OneLine(text)), style(style) {}
  Cell(const char* text) : Cell(std::string(text)) {}
  bool continued = false;  // left blank, not shown as "-"
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns; an empty one is shown as "-".
  void AddRow(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  // Another line of the last column, under the row added last.
  void AddContinuation(const std::string& text, Style style = Style::kPlain);
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

  // Every line ends with a newline and none with spaces. On a terminal the last column is cut to
  // the width, and where that does not do those before it that hold prose; in a pipe nothing is.
  [[nodiscard]] std::string Render(const Terminal& terminal) const;

 private:
  // Whether some cell has more than one word: an id that is cut is of no use.
  [[nodiscard]] bool IsProse(std::size_t column) const;
  // Takes `excess` columns of the terminal from `widths`, or leaves them if that cannot be.
  void Fit(std::size_t excess, std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Labelled values, one a line, for `show` commands:
//   name     trainingRuns/01h…
//   state    SUCCEEDED
class Properties {
 public:
  void Add(const std::string& label, Cell value) { rows_.emplace_back(label, std::move(value)); }
  // Only if the text is not empty.
  void AddGiven(const std::string& label, Cell value) {
    if (!value.text.empty()) Add(label, std::move(value));
  }
  [[nodiscard]] std::string Render(const Terminal& terminal) const;

 private:
  std::vector<std::pair<std::string, Cell>> rows_;
};

}  // namespace fleetcast::cli

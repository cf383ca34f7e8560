#include "cli/output/table.h"

#include <gtest/gtest.h>

namespace fleetcast::cli {
namespace {

Table Fleet() {
  Table table({{"CIRCUIT"}, {"MAE", Column::Align::kRight}, {"WHY"}});
  table.AddRow({"P001/C001", "0.12", Cell("fine", Style::kGood)});
  table.AddRow({"P002/C1", "12.35", ""});
  return table;
}

TEST(Table, AlignsColumnsAndLeavesNoTrailingSpaces) {
  EXPECT_EQ(Fleet().Render({}),
            "CIRCUIT      MAE  WHY\n"
            "P001/C001   0.12  fine\n"
            "P002/C1    12.35  -\n");
}

TEST(Table, ColoursOnlyWhereAskedTo) {
  EXPECT_EQ(Fleet().Render({}).find('\x1b'), std::string::npos);
  EXPECT_NE(Fleet()
                .Render({.interactive = true, .color = true, .width = 80, .height = 24})
                .find("\x1b[32mfine\x1b[0m"),
            std::string::npos);
}

TEST(Table, CutsTheLastColumnToTheTerminalAndNothingInAPipe) {
  Table table({{"ID"}, {"MESSAGE"}});
  table.AddRow({"1", "a message that is longer than the terminal is wide"});
  EXPECT_EQ(table.Render({.interactive = true, .color = false, .width = 20, .height = 24}),
            "ID  MESSAGE\n1   a message that …\n");
  EXPECT_NE(table.Render({}).find("is wide"), std::string::npos);
}

TEST(Table, CutsProseWithinToTheTerminalAndNoIds) {
  Table table({{"ID"}, {"WHY"}, {"EVIDENCE"}});
  const std::string id(30, 'x');
  table.AddRow({id, "a reason that somebody has written at some length", "none"});
  const std::string text =
      table.Render({.interactive = true, .color = false, .width = 72, .height = 24});
  EXPECT_EQ(text.substr(text.find('\n') + 1), id + "  a reason that somebody has wr…  none\n");
  EXPECT_NE(table.Render({.interactive = true, .color = false, .width = 40, .height = 24})
                .find("at some length"),
            std::string::npos)
      << "where that would not do, nothing is cut";
}

TEST(Table, PutsFurtherLinesUnderTheLastColumn) {
  Table table({{"CIRCUIT"}, {"CHANGED"}});
  table.AddRow({"P001/C001", "training.seed: 0 -> 7"});
  table.AddContinuation("training.hyperparameters.epochs: 50 -> 80");
  EXPECT_EQ(table.Render({}),
            "CIRCUIT    CHANGED\n"
            "P001/C001  training.seed: 0 -> 7\n"
            "           training.hyperparameters.epochs: 50 -> 80\n");
}

TEST(Table, MakesCellsHarmlessToTheTerminal) {
  Table table({{"NAME"}});
  table.AddRow({std::string("evil\x1b]0;title\a\nname")});
  EXPECT_EQ(table.Render({}), "NAME\nevil\\x1B]0;title\\x07 name\n");
}

TEST(Properties, LinesUpTheValues) {
  Properties text;
  text.Add("state", "RUNNING");
  text.Add("pull request", "#12");
  text.AddGiven("retry of", "");
  EXPECT_EQ(text.Render({}), "state         RUNNING\npull request  #12\n");
}

}  // namespace
}  // namespace fleetcast::cli

// Which programs may start on which schema while a release rolls out.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/db/migrator.h"

namespace fleetcast::db {
namespace {

std::string SqlOf(int version) { return absl::StrCat("-- migration ", version); }

// From 2 on `first` is a baseline.
std::vector<Migration> Known(int most, int first = 1) {
  std::vector<Migration> migrations;
  for (int version = first; version <= most; ++version)
    migrations.push_back({version, absl::StrCat("step_", version), SqlOf(version)});
  return migrations;
}

// `serves_from[i]` is of migration i + `first`.
std::map<int, AppliedMigration> Applied(const std::vector<int>& serves_from, int first = 1) {
  std::map<int, AppliedMigration> applied;
  for (const int from : serves_from) {
    const int version = static_cast<int>(applied.size()) + first;
    applied[version] = {absl::StrCat("step_", version), Sha256Hex(SqlOf(version)), from};
  }
  return applied;
}

struct Case {
  const char* what;
  std::vector<int> serves_from;  // of the migrations applied
  int least, most;               // of the program
  const char* reason;            // "" where it starts
};

TEST(MigrationWindowTest, AProgramStartsWhereBothSidesSaySo) {
  const Case cases[] = {
      {"the schema is as new as the program", {1, 2, 3}, 3, 3, ""},
      {"nothing was applied", {}, 1, 1, "SCHEMA_TOO_OLD"},
      {"new program, schema not yet migrated, not needed yet", {1, 2}, 2, 3, ""},
      {"new program, schema not yet migrated, needed", {1, 2}, 3, 3, "SCHEMA_TOO_OLD"},
      {"old program, the schema has expanded", {1, 2, 1}, 1, 2, ""},
      {"old program, the schema has expanded twice", {1, 2, 1, 2}, 1, 2, ""},
      {"old program, the schema has contracted", {1, 2, 3}, 1, 2, "SCHEMA_NEWER_THAN_PROGRAM"},
      {"a contraction is not made good by a later expansion",
       {1, 2, 3, 1},
       1,
       2,
       "SCHEMA_NEWER_THAN_PROGRAM"},
      {"the program knows the contraction, not the expansion after it", {1, 2, 3, 1}, 1, 3, ""},
      {"older than the expansion serves", {1, 2, 3, 3}, 1, 2, "SCHEMA_NEWER_THAN_PROGRAM"},
      {"served, but the program needs more than there is", {1}, 2, 3, "SCHEMA_TOO_OLD"},
  };
  for (const Case& test : cases)
    EXPECT_EQ(ReasonOf(CheckWindow("zoo", Applied(test.serves_from), Known(test.most), test.least)),
              test.reason)
        << test.what;
}

TEST(MigrationWindowTest, AProgramWithABaselineStartsFromItsVersionOn) {
  const auto reason = [](const std::map<int, AppliedMigration>& applied, int least, int most) {
    return ReasonOf(CheckWindow("zoo", applied, Known(most, 3), least));
  };
  for (const int first : {1, 2, 3}) {  // of the steps that made the schema
    const std::vector<int> steps = {1, 2, 3, 1, 5};
    const auto applied = [&](int version) {
      return Applied({steps.begin() + first - 1, steps.begin() + version}, first);
    };
    EXPECT_EQ(reason(applied(3), 3, 3), "") << first;
    EXPECT_EQ(reason(applied(3), 3, 4), "") << first;
    EXPECT_EQ(reason(applied(3), 4, 4), "SCHEMA_TOO_OLD") << first;
    EXPECT_EQ(reason(applied(4), 3, 3), "") << first;
    EXPECT_EQ(reason(applied(5), 3, 4), "SCHEMA_NEWER_THAN_PROGRAM") << first;
  }
  EXPECT_EQ(reason({}, 1, 4), "SCHEMA_TOO_OLD");
  EXPECT_EQ(reason(Applied({1, 2}), 1, 4), "SCHEMA_TOO_OLD");
}

TEST(MigrationWindowTest, ABaselineIsComparedWithABaselineAlone) {
  auto known = Known(4, 3);
  known[0].sql = "-- migrations 1 to 3";
  EXPECT_EQ(ReasonOf(CheckWindow("zoo", Applied({1, 2, 3, 4}), known, 3)), "");
  EXPECT_EQ(ReasonOf(CheckWindow("zoo", Applied({3, 4}, 3), known, 3)), "MIGRATION_CHANGED");
  known[1].sql += " ";
  EXPECT_EQ(ReasonOf(CheckWindow("zoo", Applied({1, 2, 3, 4}), known, 3)), "MIGRATION_CHANGED");
}

TEST(MigrationWindowTest, TheMessageNamesTheVersionThatIsNeededAndTheCommand) {
  const absl::Status old = CheckWindow("zoo", Applied({1}), Known(3), 2);
  EXPECT_NE(std::string(old.message()).find("needs 2 at least; run: fleetcast db migrate"),
            std::string::npos)
      << old;
  const absl::Status below = CheckWindow("zoo", Applied({1}), Known(4, 3), 4);
  EXPECT_NE(
      std::string(below.message())
          .find("needs 4 at least; this program has no migrations from there to 3; first run, "
                "of an earlier release that has them: fleetcast db migrate"),
      std::string::npos)
      << below;
  const absl::Status young = CheckWindow("zoo", Applied({1, 2, 2, 3, 3}), Known(2), 1);
  EXPECT_NE(std::string(young.message()).find("knows version 3 at least"), std::string::npos)
      << young;
}

TEST(MigrationWindowTest, AnEditedMigrationIsRefusedWhateverTheVersions) {
  auto edited = Known(3);
  edited[0].sql += " ";
  EXPECT_EQ(ReasonOf(CheckWindow("zoo", Applied({1, 2, 1, 1}), edited, 1)), "MIGRATION_CHANGED");
}

}  // namespace
}  // namespace fleetcast::db

#include "common/db/migrator.h"

#include <gtest/gtest.h>

#include <thread>

#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

class MigratorTest : public ::testing::Test {
 protected:
  MigratorTest() : pool_({.dsn = testing::NewDatabase(), .size = 8}) {}

  std::string Query(const std::string& sql) {
    const auto text = RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
      return work.exec1(sql)[0].as<std::string>();
    });
    return text.ok() ? *text : text.status().ToString();
  }

  ConnectionPool pool_;
  const Migration first_{1, "first",
                         "CREATE TABLE zoo.animals (id int); INSERT INTO zoo.animals VALUES (1)"};
  const Migration second_{2, "second", "ALTER TABLE zoo.animals ADD COLUMN name text"};
};

TEST_F(MigratorTest, MigrationsAreAppliedOnceAndInOrder) {
  EXPECT_EQ(ReasonOf(CheckSchemaVersion(pool_, "zoo", {first_}, 1)), "SCHEMA_TOO_OLD");
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_}).ok());
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_}).ok());
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_}).ok());
  EXPECT_EQ(Query("SELECT count(*) FROM zoo.animals WHERE name IS NULL"), "1");
  EXPECT_EQ(Query("SELECT string_agg(name, ',' ORDER BY version) FROM zoo.schema_migrations"),
            "first,second");
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {first_, second_}, 2).ok());
}

TEST_F(MigratorTest, AServiceRefusesAnOlderDatabaseAndNamesTheCommand) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_}).ok());
  const absl::Status status = CheckSchemaVersion(pool_, "zoo", {first_, second_}, 2);
  EXPECT_EQ(ReasonOf(status), "SCHEMA_TOO_OLD");
  EXPECT_NE(std::string(status.message()).find("fleetcast db migrate"), std::string::npos);
}

TEST_F(MigratorTest, AChangedMigrationIsRefused) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_}).ok());
  Migration changed = first_;
  changed.sql += " -- edited";
  EXPECT_EQ(ReasonOf(Migrate(pool_, "zoo", {changed, second_})), "MIGRATION_CHANGED");
  EXPECT_EQ(ReasonOf(CheckSchemaVersion(pool_, "zoo", {changed, second_}, 2)), "MIGRATION_CHANGED");
}

TEST_F(MigratorTest, ADatabaseNewerThanTheProgramIsRefused) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_}).ok());
  EXPECT_EQ(ReasonOf(Migrate(pool_, "zoo", {first_})), "SCHEMA_NEWER_THAN_PROGRAM");
  EXPECT_EQ(ReasonOf(CheckSchemaVersion(pool_, "zoo", {first_}, 1)), "SCHEMA_NEWER_THAN_PROGRAM");
}

TEST_F(MigratorTest, AnOldProgramStartsOnASchemaThatHasOnlyExpanded) {
  const Migration expanding{2, "expanding", "-- serves programs from version 1\n" + second_.sql};
  const Migration contracting{3, "contracting", "ALTER TABLE zoo.animals DROP COLUMN id"};
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, expanding}).ok());
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {first_}, 1).ok());
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, expanding, contracting}).ok());
  EXPECT_EQ(ReasonOf(CheckSchemaVersion(pool_, "zoo", {first_}, 1)), "SCHEMA_NEWER_THAN_PROGRAM");
  EXPECT_EQ(ReasonOf(CheckSchemaVersion(pool_, "zoo", {first_, expanding}, 1)),
            "SCHEMA_NEWER_THAN_PROGRAM");
}

TEST_F(MigratorTest, ADatabaseThatWasMigratedBeforeThereWereWindowsIsTakenOn) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_}).ok());
  ASSERT_TRUE(RunInTransaction(pool_, [](pqxx::work& work) {
                work.exec("ALTER TABLE zoo.schema_migrations DROP COLUMN serves_from");
                return absl::OkStatus();
              }).ok());
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {first_, second_}, 1).ok());
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_}).ok());
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {first_, second_}, 2).ok());
}

class OutsideATransactionTest : public MigratorTest {
 protected:
  // Fails until no animal has a double: like a build of an index that was killed, it leaves an
  // invalid one.
  const Migration indexing_{2, "indexing",
                            "-- outside a transaction\n"
                            "-- serves programs from version 1\n"
                            "CREATE TABLE IF NOT EXISTS zoo.keepers (id int);\n"
                            "-- One animal, one row.\n"
                            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS animals_by_id\n"
                            "  ON zoo.animals (id);\n"
                            "CREATE INDEX CONCURRENTLY IF NOT EXISTS keepers_by_id"
                            " ON zoo.keepers (id);\n"};
};

TEST_F(OutsideATransactionTest, AnIndexIsBuiltWithoutStoppingWriters) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, indexing_}).ok());
  EXPECT_EQ(Query("SELECT string_agg(c.relname, ',' ORDER BY c.relname) FROM pg_index i JOIN"
                  " pg_class c ON c.oid = indexrelid WHERE indisvalid AND relname LIKE '%_by_id'"),
            "animals_by_id,keepers_by_id");
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {first_}, 1).ok());
}

TEST_F(OutsideATransactionTest, OneThatFailedIsTakenUpAgainAndItsInvalidIndexReplaced) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_}).ok());
  const auto execute = [&](const std::string& sql) {
    ASSERT_TRUE(RunInTransaction(pool_, [&](pqxx::work& work) {
                  work.exec(sql);
                  return absl::OkStatus();
                }).ok());
  };
  execute("INSERT INTO zoo.animals VALUES (1)");
  EXPECT_EQ(Migrate(pool_, "zoo", {first_, indexing_}).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(
      Query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'zoo.animals_by_id'::regclass"),
      "f");
  EXPECT_EQ(Query("SELECT max(version) FROM zoo.schema_migrations"), "1");
  execute("DELETE FROM zoo.animals WHERE ctid IN (SELECT ctid FROM zoo.animals LIMIT 1)");
  const absl::Status again = Migrate(pool_, "zoo", {first_, indexing_});
  EXPECT_TRUE(again.ok()) << again;
  EXPECT_EQ(
      Query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'zoo.animals_by_id'::regclass"),
      "t");
  EXPECT_EQ(Query("SELECT max(version) FROM zoo.schema_migrations"), "2");
}

TEST_F(OutsideATransactionTest, SeveralAtOnceBuildOnce) {
  std::vector<std::thread> programs;
  std::vector<absl::Status> results(3);
  for (absl::Status& result : results)
    programs.emplace_back([&] { result = Migrate(pool_, "zoo", {first_, indexing_}); });
  for (std::thread& program : programs) program.join();
  for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
}

TEST_F(MigratorTest, AFailingMigrationLeavesNothingOfItself) {
  const Migration broken{2, "broken", "CREATE TABLE zoo.half (id int); SELECT nonsense"};
  EXPECT_FALSE(Migrate(pool_, "zoo", {first_, broken}).ok());
  EXPECT_EQ(Query("SELECT to_regclass('zoo.half') IS NULL"), "t");
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {first_}, 1).ok());
}

TEST_F(MigratorTest, SeveralAtOnceMigrateOnce) {
  std::vector<std::thread> programs;
  std::vector<absl::Status> results(6);
  for (absl::Status& result : results)
    programs.emplace_back([&] { result = Migrate(pool_, "zoo", {first_, second_}); });
  for (std::thread& program : programs) program.join();
  for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
  EXPECT_EQ(Query("SELECT count(*) FROM zoo.animals"), "1");
}

TEST_F(MigratorTest, SchemasAreMigratedIndependently) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_}).ok());
  ASSERT_TRUE(Migrate(pool_, "farm", {{1, "first", "CREATE TABLE animals (id int)"}}).ok());
  EXPECT_EQ(Query("SELECT to_regclass('farm.animals') IS NOT NULL"), "t");
}

TEST_F(MigratorTest, AGapInTheNumbersIsRefused) {
  const Migration none{0, "none", "SELECT"}, third{3, "third", "SELECT"};
  EXPECT_EQ(ReasonOf(Migrate(pool_, "zoo", {first_, third})), "MIGRATION_SEQUENCE_BROKEN");
  EXPECT_EQ(ReasonOf(Migrate(pool_, "zoo", {second_, first_})), "MIGRATION_SEQUENCE_BROKEN");
  EXPECT_EQ(ReasonOf(Migrate(pool_, "zoo", {none, first_})), "MIGRATION_SEQUENCE_BROKEN");
  EXPECT_EQ(Query("SELECT to_regclass('zoo.schema_migrations') IS NULL"), "t");
}

// Steps 1 and 2 are one.
class BaselineTest : public MigratorTest {
 protected:
  std::string Versions() {
    return Query(
        "SELECT string_agg(version || ' ' || name, ',' ORDER BY version)"
        " FROM zoo.schema_migrations");
  }

  const Migration baseline_{2, "baseline",
                            "CREATE TABLE zoo.animals (id int, name text);"
                            "INSERT INTO zoo.animals VALUES (2)"};
  const Migration third_{3, "third", "ALTER TABLE zoo.animals ADD COLUMN age int"};
};

TEST_F(BaselineTest, AnEmptySchemaIsBroughtToItsVersionAndGoesOnFromThere) {
  EXPECT_EQ(ReasonOf(CheckSchemaVersion(pool_, "zoo", {baseline_}, 2)), "SCHEMA_TOO_OLD");
  ASSERT_TRUE(Migrate(pool_, "zoo", {baseline_}).ok());
  EXPECT_EQ(Versions(), "2 baseline");
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {baseline_}, 2).ok());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(Migrate(pool_, "zoo", {baseline_, third_}).ok());
  EXPECT_EQ(Versions(), "2 baseline,3 third");
  EXPECT_EQ(Query("SELECT count(*) FROM zoo.animals WHERE age IS NULL"), "1");
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {baseline_, third_}, 3).ok());
}

TEST_F(BaselineTest, ASchemaThatCameThereByStepsIsLeftAsItIsAndGoesOnFromThere) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_}).ok());
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {baseline_}, 2).ok());
  ASSERT_TRUE(Migrate(pool_, "zoo", {baseline_}).ok());
  EXPECT_EQ(Versions(), "1 first,2 second");
  EXPECT_EQ(Query("SELECT string_agg(id::text, ',') FROM zoo.animals"), "1");
  ASSERT_TRUE(Migrate(pool_, "zoo", {baseline_, third_}).ok());
  EXPECT_EQ(Versions(), "1 first,2 second,3 third");
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {baseline_, third_}, 3).ok());
}

TEST_F(BaselineTest, ASchemaThatIsPastItIsLeftAsItIs) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_, third_}).ok());
  ASSERT_TRUE(Migrate(pool_, "zoo", {baseline_, third_}).ok());
  EXPECT_EQ(Versions(), "1 first,2 second,3 third");
  Migration changed = third_;
  changed.sql += " -- edited";
  EXPECT_EQ(ReasonOf(Migrate(pool_, "zoo", {baseline_, changed})), "MIGRATION_CHANGED");
}

TEST_F(BaselineTest, ASchemaBelowItIsForAnEarlierReleaseToMigrate) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_}).ok());
  for (const absl::Status& status : {Migrate(pool_, "zoo", {baseline_, third_}),
                                     CheckSchemaVersion(pool_, "zoo", {baseline_, third_}, 1)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(status), "SCHEMA_TOO_OLD");
    EXPECT_NE(std::string(status.message())
                  .find("is at version 1, this program needs 2 at least; this program has no "
                        "migrations from there to 2; first run, of an earlier release that has "
                        "them: fleetcast db migrate"),
              std::string::npos)
        << status;
  }
  EXPECT_EQ(Versions(), "1 first");
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_}).ok());
  EXPECT_TRUE(Migrate(pool_, "zoo", {baseline_, third_}).ok());
}

TEST_F(BaselineTest, OneThatMadeTheSchemaAndHasChangedIsRefused) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {baseline_}).ok());
  Migration changed = baseline_;
  changed.sql += " -- edited";
  EXPECT_EQ(ReasonOf(Migrate(pool_, "zoo", {changed, third_})), "MIGRATION_CHANGED");
  EXPECT_EQ(ReasonOf(CheckSchemaVersion(pool_, "zoo", {changed}, 2)), "MIGRATION_CHANGED");
  EXPECT_EQ(Versions(), "2 baseline");
}

TEST_F(BaselineTest, ProgramsThatHaveTheStepsRunOnASchemaThatItMade) {
  ASSERT_TRUE(Migrate(pool_, "zoo", {baseline_}).ok());
  EXPECT_TRUE(CheckSchemaVersion(pool_, "zoo", {first_, second_}, 2).ok());
  ASSERT_TRUE(Migrate(pool_, "zoo", {first_, second_, third_}).ok());
  EXPECT_EQ(Versions(), "2 baseline,3 third");
}

}  // namespace
}  // namespace fleetcast::db

#include "common/base/id.h"

#include <gtest/gtest.h>

#include <set>

#include "common/base/status.h"

namespace fleetcast {
namespace {

TEST(IdTest, OnlyIdsOfTheDocumentedFormAreTaken) {
  for (const char* id : {"P001", "a", "0", "a-b_c",
                         "x23456789012345678901234567890123456789012345678901234567890123"})
    EXPECT_TRUE(ValidateId("plant_id", id).ok()) << id;
  for (const std::string& id :
       {std::string(), std::string("-a"), std::string("_a"), std::string("a b"), std::string("a/b"),
        std::string(".."), std::string("a.b"), std::string("ä"), std::string("a\0b", 3),
        std::string("a\n"), std::string("a'"), std::string(64, 'a')})
    EXPECT_EQ(ReasonOf(ValidateId("plant_id", id)), "INVALID_ID") << id;
}

TEST(IdTest, ARefusedIdIsShownHarmlesslyAndNotInFull) {
  const absl::Status status = ValidateId("id", "\x1b[31m" + std::string(10'000, 'x'));
  EXPECT_EQ(std::string(status.message()).find('\x1b'), std::string::npos);
  EXPECT_LT(status.message().size(), 400u);
}

TEST(IdTest, ARequestIdIsAUuidOfEitherCase) {
  EXPECT_TRUE(ValidateRequestId("7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e90").ok());
  EXPECT_TRUE(ValidateRequestId("7D3F1C52-0A4E-4B6C-9A53-2F6F0C1D8E90").ok());
  EXPECT_EQ(ReasonOf(ValidateRequestId("")), "REQUEST_ID_MISSING");
  for (const char* id :
       {"7d3f1c52", "7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e9", "7d3f1c5200a4e-4b6c-9a53-2f6f0c1d8e90",
        "7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e9g", "{7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e}"})
    EXPECT_EQ(ReasonOf(ValidateRequestId(id)), "REQUEST_ID_MALFORMED") << id;
}

TEST(IdTest, OnlyRealCalendarDatesAreTaken) {
  for (const char* date : {"2025-12-09", "2024-02-29", "2000-02-29", "0001-01-01"})
    EXPECT_TRUE(ValidateDate("cutoff_date", date).ok()) << date;
  for (const char* date :
       {"", "2025-02-29", "1900-02-29", "2025-13-01", "2025-00-10", "2025-04-31", "2025-1-1",
        "2025/12/09", "20251209", "2025-12-09T00", "0000-01-01", "-025-12-09"})
    EXPECT_EQ(ReasonOf(ValidateDate("cutoff_date", date)), "INVALID_DATE") << date;
}

TEST(RandomIdSourceTest, NewIdsAreDistinctAndFitNames) {
  RandomIdSource ids;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = ids.NewId();
    EXPECT_EQ(id.size(), 26u);
    EXPECT_TRUE(ValidateId("id", id).ok()) << id;
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(RandomIdSourceTest, IdsSortByTheirTime) {
  RandomIdSource ids;
  const std::string earlier = ids.NewId();
  std::string later;
  do later = ids.NewId();
  while (later.substr(0, 10) == earlier.substr(0, 10));
  EXPECT_LT(earlier, later);
}

TEST(RandomIdSourceTest, NewUuidsAreRequestIds) {
  RandomIdSource ids;
  const std::string uuid = ids.NewUuid();
  EXPECT_TRUE(ValidateRequestId(uuid).ok()) << uuid;
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(uuid, ids.NewUuid());
}

}  // namespace
}  // namespace fleetcast

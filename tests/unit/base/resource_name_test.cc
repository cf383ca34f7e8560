#include "common/base/resource_name.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast {
namespace {

using Ids = std::vector<std::string>;

const ResourceNamePattern& Circuits() {
  static const ResourceNamePattern pattern("plants/{plant}/circuits/{circuit}");
  return pattern;
}

TEST(ResourceNameTest, FormatAndParseAreInverse) {
  const std::string name = Circuits().Format({"P001", "C002"});
  EXPECT_EQ(name, "plants/P001/circuits/C002");
  EXPECT_EQ(Circuits().Parse("name", name).value(), (Ids{"P001", "C002"}));
}

TEST(ResourceNameTest, WhatIsNoSuchNameIsRefused) {
  for (const char* name :
       {"", "plants", "plants/P001", "plants/P001/circuits", "plants/P001/circuits/",
        "plants//circuits/C1", "plants/P001/circuit/C1", "/plants/P001/circuits/C1",
        "plants/P001/circuits/C1/", "plants/P001/circuits/../C1", "plants/P 1/circuits/C1",
        "plants/-/circuits/C1"}) {
    const absl::Status status = Circuits().Parse("name", name).status();
    EXPECT_EQ(ReasonOf(status), "INVALID_RESOURCE_NAME") << name;
    EXPECT_EQ(DetailsOf(status)->field_violations[0].field, "name");
  }
}

TEST(ResourceNameTest, AWildcardStandsForAllWhereAllowed) {
  EXPECT_EQ(Circuits().ParseWithWildcards("parent", "plants/-/circuits/-").value(),
            (Ids{"-", "-"}));
}

}  // namespace
}  // namespace fleetcast

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

TEST(ResourceNameTest, AnIdMayStandAmongLiterals) {
  const ResourceNamePattern pattern("sweeps/{sweep}/invocations/{plant}.{circuit}");
  EXPECT_EQ(pattern.Format({"s", "P-1", "C-1"}), "sweeps/s/invocations/P-1.C-1");
  EXPECT_EQ(pattern.Parse("name", "sweeps/s/invocations/P-1.C-1").value(),
            (Ids{"s", "P-1", "C-1"}));
  EXPECT_EQ(pattern.ParseWithWildcards("name", "sweeps/s/invocations/-").value(),
            (Ids{"s", "-", "-"}));
  for (const char* name : {"sweeps/s/invocations/P-1-C-1", "sweeps/s/invocations/P1.",
                           "sweeps/s/invocations/.C1", "sweeps/s/invocations/P1.C1.C2"}) {
    EXPECT_EQ(ReasonOf(pattern.Parse("name", name).status()), "INVALID_RESOURCE_NAME") << name;
  }
}

TEST(ResourceNameTest, TheLongestIdFitsBehindALiteral) {
  const ResourceNamePattern pattern("batchEndpoints/batch-endpoint-plant-{plant}");
  const std::string longest(63, 'p');
  EXPECT_EQ(pattern.Parse("name", pattern.Format({longest})).value(), Ids{longest});
  EXPECT_FALSE(pattern.Parse("name", pattern.Format({longest + "p"})).ok());
  EXPECT_EQ(pattern.ParseWithWildcards("parent", "batchEndpoints/-").value(), Ids{"-"});
}

}  // namespace
}  // namespace fleetcast

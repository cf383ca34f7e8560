#include "common/rpc/request.h"

#include <gtest/gtest.h>

#include "fleetcast/test/v1/echo.pb.h"

namespace fleetcast::rpc {
namespace {

test::v1::EchoRequest Request(const std::string& text) {
  test::v1::EchoRequest request;
  request.set_request_id("7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e90");
  request.set_text(text);
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) (*request.mutable_labels())[key] = key;
  return request;
}

TEST(RequestTest, TheFingerprintIsOfEverythingButTheId) {
  const auto first = IdentifyRequest("Echo", Request("x"));
  ASSERT_TRUE(first.ok());
  auto other_id = Request("x");
  other_id.set_request_id("00000000-0a4e-4b6c-9a53-2f6f0c1d8e90");
  EXPECT_EQ(IdentifyRequest("Echo", other_id)->fingerprint, first->fingerprint);
  EXPECT_NE(IdentifyRequest("Echo", Request("y"))->fingerprint, first->fingerprint);
}

TEST(RequestTest, TheOrderInWhichAMapWasFilledDoesNotMatter) {
  test::v1::EchoRequest backwards = Request("x");
  backwards.clear_labels();
  for (const char* key : {"f", "e", "d", "c", "b", "a"}) (*backwards.mutable_labels())[key] = key;
  EXPECT_EQ(CanonicalBytes(backwards), CanonicalBytes(Request("x")));
}

TEST(RequestTest, AMissingIdIsRefused) {
  EXPECT_EQ(ReasonOf(IdentifyRequest("Echo", test::v1::EchoRequest()).status()),
            "REQUEST_ID_MISSING");
}

TEST(RequestTest, APageTokenIsBoundToAllButThePage) {
  auto second_page = Request("x");
  second_page.set_page_size(5);
  second_page.set_page_token("t");
  EXPECT_EQ(PageBinding("Echo", second_page), PageBinding("Echo", Request("x")));
  EXPECT_NE(PageBinding("Echo", Request("y")), PageBinding("Echo", Request("x")));
  EXPECT_NE(PageBinding("Other", Request("x")), PageBinding("Echo", Request("x")));
}

}  // namespace
}  // namespace fleetcast::rpc

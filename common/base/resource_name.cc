#include "common/base/resource_name.h"

#include <cassert>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast {
namespace {

bool IsVariable(const std::string& segment) { return !segment.empty() && segment[0] == '{'; }

absl::StatusOr<std::vector<std::string>> ParseName(const std::string& pattern,
                                                   const std::vector<std::string>& segments,
                                                   const std::string& field,
                                                   const std::string& name, bool wildcards) {
  if (name.empty())
    return InvalidField(field, absl::StrCat("is required, a name like ", pattern),
                        "INVALID_RESOURCE_NAME");
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  const auto mismatch = [&](const std::string& what) {
    return InvalidField(
        field, absl::StrCat(QuotedUtf8(name, 200), " is not a name like ", pattern, ": ", what),
        "INVALID_RESOURCE_NAME");
  };
  if (parts.size() != segments.size())
    return mismatch(absl::StrCat("it has ", parts.size(), " parts instead of ", segments.size()));
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!IsVariable(segments[i])) {
      if (parts[i] != segments[i])
        return mismatch(absl::StrCat(QuotedUtf8(parts[i], 80), " should be \"", segments[i], "\""));
      continue;
    }
    if (!(wildcards && parts[i] == "-"))
      if (const absl::Status valid = ValidateId(segments[i], parts[i]); !valid.ok())
        return mismatch(std::string(valid.message()));
    ids.push_back(parts[i]);
  }
  return ids;
}

}  // namespace

ResourceNamePattern::ResourceNamePattern(const std::string& pattern)
    : pattern_(pattern), segments_(absl::StrSplit(pattern, '/')) {}

absl::StatusOr<std::vector<std::string>> ResourceNamePattern::Parse(const std::string& field,
                                                                    const std::string& name) const {
  return ParseName(pattern_, segments_, field, name, false);
}

absl::StatusOr<std::vector<std::string>> ResourceNamePattern::ParseWithWildcards(
    const std::string& field, const std::string& name) const {
  return ParseName(pattern_, segments_, field, name, true);
}

std::string ResourceNamePattern::Format(std::initializer_list<std::string> ids) const {
  std::vector<std::string> parts = segments_;
  auto id = ids.begin();
  for (std::string& part : parts) {
    if (!IsVariable(part)) continue;
    assert(id != ids.end());
    part = *id++;
  }
  assert(id == ids.end());
  return absl::StrJoin(parts, "/");
}

}  // namespace fleetcast

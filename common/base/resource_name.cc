#include "common/base/resource_name.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast {
namespace {

// The ids that `part` gives to the variables of `segment` ("deployment-circuit-{circuit}"), each
// checked. INVALID_ARGUMENT says what does not fit.
absl::Status ParseSegment(const std::string& segment, const std::string& part,
                          std::vector<std::string>* ids) {
  const auto mismatch = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat(QuotedUtf8(part, 80), " should be \"", segment, "\""));
  };
  std::size_t at = 0;  // in the part
  for (std::size_t i = 0; i < segment.size();) {
    if (segment[i] != '{') {
      if (at >= part.size() || part[at++] != segment[i++]) return mismatch();
      continue;
    }
    const std::size_t close = segment.find('}', i);
    const std::string variable = segment.substr(i, close + 1 - i);
    i = close + 1;
    // No id holds the character that stands after a variable.
    const std::size_t end = i < segment.size() ? part.find(segment[i], at) : part.size();
    if (end == std::string::npos) return mismatch();
    ids->push_back(part.substr(at, end - at));
    at = end;
    FLEETCAST_RETURN_IF_ERROR(ValidateId(variable, ids->back()));
  }
  return at == part.size() ? absl::OkStatus() : mismatch();
}

absl::StatusOr<std::vector<std::string>> ParseName(const std::string& pattern,
                                                   const std::vector<std::string>& segments,
                                                   const std::string& field,
                                                   const std::string& name, bool wildcards) {
  if (name.empty())
    return InvalidField(field, absl::StrCat("is required, a name like ", pattern),
                        "INVALID_RESOURCE_NAME");
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  const auto mismatch = [&](absl::string_view what) {
    return InvalidField(
        field, absl::StrCat(QuotedUtf8(name, 200), " is not a name like ", pattern, ": ", what),
        "INVALID_RESOURCE_NAME");
  };
  if (parts.size() != segments.size())
    return mismatch(absl::StrCat("it has ", parts.size(), " parts instead of ", segments.size()));
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (wildcards && parts[i] == "-" && segments[i].find('{') != std::string::npos) {
      ids.insert(ids.end(),
                 static_cast<std::size_t>(std::count(segments[i].begin(), segments[i].end(), '{')),
                 "-");
      continue;
    }
    if (const absl::Status parsed = ParseSegment(segments[i], parts[i], &ids); !parsed.ok())
      return mismatch(parsed.message());
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
  std::string name;
  auto id = ids.begin();
  for (std::size_t i = 0; i < pattern_.size(); ++i) {
    if (pattern_[i] != '{') {
      name += pattern_[i];
      continue;
    }
    assert(id != ids.end());
    name += *id++;
    i = pattern_.find('}', i);
  }
  assert(id == ids.end());
  return name;
}

}  // namespace fleetcast

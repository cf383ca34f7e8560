#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/config/domain/config_repository.h"
#include "services/config/domain/scalar.h"

namespace fleetcast::config {
namespace {

constexpr std::size_t kLongestRevision = 256;

// Why `revision` cannot name a commit; empty if it can.
std::string Complaint(const std::string& revision) {
  if (revision.empty()) return "is empty";
  if (revision == kNoCommit) return "is what git tells of a branch that is gone, or is new";
  if (revision.size() > kLongestRevision)
    return absl::StrCat("is longer than ", kLongestRevision, " bytes");
  if (revision.front() == '-') return "begins with a dash";
  const bool control = std::any_of(revision.begin(), revision.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
  });
  if (control) return "holds a space or control character";
  // What git has for ranges, searches, reflogs and paths, and what no ref name may hold.
  for (const char* part : {"..", ":", "?", "*", "[", "\\", "{", "//"})
    if (revision.find(part) != std::string::npos) return absl::StrCat("holds `", part, "`");
  if (revision.front() == '/' || revision.back() == '/') return "begins or ends with a slash";
  return "";
}

}  // namespace

absl::Status ValidateRevisionText(const std::string& field, const std::string& revision) {
  const std::string complaint = Complaint(revision);
  if (complaint.empty()) return absl::OkStatus();
  return InvalidField(field,
                      absl::StrCat("\"", Excerpt(revision), "\" ", complaint,
                                   "; name a branch, a tag, a commit, or an ancestor as HEAD~2"),
                      "REVISION_INVALID");
}

}  // namespace fleetcast::config

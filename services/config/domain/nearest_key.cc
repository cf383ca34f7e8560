#include "services/config/domain/nearest_key.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/nearest_word.h"
#include "services/config/domain/key_table.h"

namespace fleetcast::config {
std::string UnknownKeyRemedy(const std::string& section, const std::string& name) {
  const std::vector<std::string> siblings = ChildrenOf(section);
  if (const auto sibling = NearestWord(name, siblings))
    return absl::StrCat("did you mean `", *sibling, "`?");
  for (const Key& key : CircuitKeys())
    if (key.path.ends_with("." + name)) return absl::StrCat("it belongs at `", key.path, "`");
  return absl::StrCat("leave it out; the keys here are ", absl::StrJoin(siblings, ", "));
}

}  // namespace fleetcast::config

#include "services/config/domain/reference.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/config/domain/key_table.h"

namespace fleetcast::config {
namespace {

constexpr char kBegin[] =
    "<!-- keys: made of services/config/domain/key_table.cc by `./dev generate` -->\n";
constexpr char kEnd[] = "<!-- end of keys -->";

std::string FormText(const Key& key) {
  switch (key.type) {
    case KeyType::kInteger:
    case KeyType::kNumber:
      return absl::StrCat(TypeText(key.type), ", ", key.range.Text());
    case KeyType::kChoice:
      return absl::StrCat("`", absl::StrJoin(key.choices, "` or `"), "`");
    case KeyType::kNameList:
      return absl::StrCat(TypeText(key.type), ", at most ", key.max_items);
    case KeyType::kLevelList:
      return absl::StrCat(TypeText(key.type), " ", key.range.Text(), ", at most ", key.max_items);
    case KeyType::kToken:
    case KeyType::kName:
      return absl::StrCat(TypeText(key.type), ", at most ", NumberText(key.range.maximum),
                          " bytes");
    default:
      return TypeText(key.type);
  }
}

std::string DefaultText(const Key& key) {
  if (key.fallback == Value()) return "none";
  if (key.fallback) return absl::StrCat("`", ValueText(*key.fallback), "`");
  return key.required() ? "required" : key.derived_text;
}

}  // namespace

std::string KeyReference() {
  std::string text = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Key& key : CircuitKeys())
    absl::StrAppend(&text, "| `", key.path, "` | ", FormText(key), " | ", DefaultText(key), " | ",
                    key.help, " |\n");
  return text;
}

absl::StatusOr<std::string> WithKeyReference(const std::string& document) {
  const std::size_t mark = document.find(kBegin);
  const std::size_t end = document.find(kEnd);
  if (mark == std::string::npos || end == std::string::npos || end < mark)
    return absl::NotFoundError(
        absl::StrCat("the document has no line ", kBegin, "followed by a line ", kEnd));
  return absl::StrCat(document.substr(0, mark), kBegin, KeyReference(), document.substr(end));
}

}  // namespace fleetcast::config

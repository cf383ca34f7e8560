#include "cli/views/annotations.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/output/text.h"

namespace fleetcast::cli {
namespace {

using config::v1::Diagnostic;

const char* TypeOf(const Diagnostic& diagnostic) {
  return diagnostic.severity() == Diagnostic::SEVERITY_ERROR ? "error" : "warning";
}

// A file decides what its diagnostics quote: the line breaks that could begin another command go
// in OneLine, before anything is escaped.
std::string MessageOf(const Diagnostic& diagnostic) {
  std::string message = diagnostic.message();
  if (!diagnostic.remedy().empty()) absl::StrAppend(&message, "; ", diagnostic.remedy());
  return OneLine(message);
}

std::string GithubMessage(const std::string& text) {
  return absl::StrReplaceAll(text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
}

std::string GithubValue(const std::string& text) {
  return absl::StrReplaceAll(GithubMessage(text), {{":", "%3A"}, {",", "%2C"}});
}

// The agent reads %AZP25 as a percent sign.
std::string AzureMessage(const std::string& text) {
  return absl::StrReplaceAll(text, {{"%", "%AZP25"}, {"\r", "%0D"}, {"\n", "%0A"}});
}

std::string AzureValue(const std::string& text) {
  return absl::StrReplaceAll(AzureMessage(text), {{";", "%3B"}, {"]", "%5D"}});
}

}  // namespace

std::string GithubAnnotation(const Diagnostic& diagnostic) {
  std::string text =
      absl::StrCat("::", TypeOf(diagnostic), " file=", GithubValue(diagnostic.path()));
  if (diagnostic.line() > 0)
    absl::StrAppend(&text, ",line=", diagnostic.line(), ",col=", diagnostic.column());
  return absl::StrCat(text, ",title=", GithubValue(diagnostic.reason()),
                      "::", GithubMessage(MessageOf(diagnostic)), "\n");
}

std::string AzureAnnotation(const Diagnostic& diagnostic) {
  std::string text = absl::StrCat("##vso[task.logissue type=", TypeOf(diagnostic),
                                  ";sourcepath=", AzureValue(diagnostic.path()));
  if (diagnostic.line() > 0)
    absl::StrAppend(&text, ";linenumber=", diagnostic.line(),
                    ";columnnumber=", diagnostic.column());
  return absl::StrCat(text, ";code=", AzureValue(diagnostic.reason()), "]",
                      AzureMessage(MessageOf(diagnostic)), "\n");
}

}  // namespace fleetcast::cli

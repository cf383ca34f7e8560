#include "cli/views/annotations.h"

#include <gtest/gtest.h>

namespace fleetcast::cli {
namespace {

config::v1::Diagnostic Awkward() {
  config::v1::Diagnostic diagnostic;
  diagnostic.set_severity(config::v1::Diagnostic::SEVERITY_WARNING);
  diagnostic.set_path("a,b:c;d]e%f\r\ng.yml");
  diagnostic.set_line(3);
  diagnostic.set_column(7);
  diagnostic.set_reason("WRONG_TYPE");
  diagnostic.set_message("50% of `x`:\n::error::no");
  diagnostic.set_remedy("##vso[task.complete]");
  return diagnostic;
}

TEST(Annotations, GithubsSpecialCharactersAreEscapedAndAMessageIsOneLine) {
  EXPECT_EQ(GithubAnnotation(Awkward()),
            "::warning file=a%2Cb%3Ac;d]e%25f%0D%0Ag.yml,line=3,col=7,title=WRONG_TYPE::"
            "50%25 of `x`: ::error::no; ##vso[task.complete]\n");
}

TEST(Annotations, AzuresSpecialCharactersAreEscapedAndAMessageIsOneLine) {
  EXPECT_EQ(AzureAnnotation(Awkward()),
            "##vso[task.logissue type=warning;sourcepath=a,b:c%3Bd%5De%AZP25f%0D%0Ag.yml;"
            "linenumber=3;columnnumber=7;code=WRONG_TYPE]50%AZP25 of `x`: ::error::no; "
            "##vso[task.complete]\n");
}

TEST(Annotations, FileAsAWholeHasNoLine) {
  config::v1::Diagnostic diagnostic;
  diagnostic.set_severity(config::v1::Diagnostic::SEVERITY_ERROR);
  diagnostic.set_path("config/plants");
  diagnostic.set_reason("SYMLINK");
  diagnostic.set_message("this is a symbolic link");
  EXPECT_EQ(GithubAnnotation(diagnostic),
            "::error file=config/plants,title=SYMLINK::this is a symbolic link\n");
  EXPECT_EQ(AzureAnnotation(diagnostic),
            "##vso[task.logissue type=error;sourcepath=config/plants;code=SYMLINK]"
            "this is a symbolic link\n");
}

}  // namespace
}  // namespace fleetcast::cli

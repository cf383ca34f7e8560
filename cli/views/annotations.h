// Diagnostics as the commands that a CI system reads from a step's output and shows on the pull
// request, at the file and line.
#pragma once

#include <string>

#include "fleetcast/config/v1/diagnostic.pb.h"

namespace fleetcast::cli {

// `::error file=…,line=…,col=…,title=REASON::message`, one line. GitHub Actions' workflow
// commands: in values %, CR, LF, `:` and `,` are escaped, in the message %, CR and LF.
[[nodiscard]] std::string GithubAnnotation(const config::v1::Diagnostic& diagnostic);

// `##vso[task.logissue type=error;sourcepath=…;linenumber=…;columnnumber=…;code=REASON]message`,
// one line. Azure Pipelines' logging commands: in values %, CR, LF, `;` and `]` are escaped, in
// the message %, CR and LF.
[[nodiscard]] std::string AzureAnnotation(const config::v1::Diagnostic& diagnostic);

}  // namespace fleetcast::cli

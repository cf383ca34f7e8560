#include "absl/strings/str_cat.h"
#include "cli/names.h"
#include "cli/views/inference_view.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {

using inference::v1::Deployment;
using Align = Column::Align;

Table DeploymentsTable(const std::vector<Deployment>& deployments, absl::Time now) {
  Table table({{"CIRCUIT"},
               {"MODEL", Align::kRight},
               {"ENVIRONMENT"},
               {"SENSOR"},
               {"COMPUTE"},
               {"INSTANCES", Align::kRight},
               {"UPDATED"},
               {"NAME"}});
  for (const auto& deployment : deployments) {
    table.AddRow({deployment.plant_id() + "/" + deployment.circuit_id(),
                  ShortVersion(deployment.model()), LastPart(deployment.environment()),
                  deployment.sensor_id(), deployment.compute(),
                  absl::StrCat(deployment.instance_count()), AgoCell(deployment.update_time(), now),
                  deployment.display_name()});
  }
  return table;
}

std::string DeploymentText(const Deployment& deployment, const Terminal& terminal) {
  Properties text;
  text.Add("circuit", {deployment.plant_id() + "/" + deployment.circuit_id(), Style::kBold});
  text.Add("name", deployment.name());
  text.AddGiven("for people", deployment.display_name());
  text.Add("model", deployment.model());
  text.Add("environment", deployment.environment());
  text.Add("sensor", deployment.sensor_id());
  text.Add("compute", absl::StrCat(deployment.instance_count(), " × ", deployment.compute(), ", ",
                                   deployment.max_concurrency_per_instance(), " at once each"));
  text.Add("batches", absl::StrCat("of ", Count(deployment.mini_batch_size(), "row")));
  text.Add("timeout", DurationText(absl::Seconds(deployment.timeout().seconds())));
  text.Add("retries", absl::StrCat(deployment.retry_settings().max_retries()));
  text.Add("error threshold", deployment.error_threshold() < 0
                                  ? std::string("any number")
                                  : absl::StrCat(deployment.error_threshold()));
  text.Add("fallback",
           deployment.fallback() == Deployment::FALLBACK_NONE ? "none"
           : deployment.earlier_model().empty()
               ? "a naive forecast"
               : absl::StrCat(ShortVersion(deployment.earlier_model()), ", else a naive forecast"));
  text.Add("artifact", "sha256:" + deployment.artifact_sha256());
  text.Add("configuration", "commit " + ShortCommit(deployment.config_commit()));
  text.Add("deployed", MinuteText(TimeOf(deployment.update_time())));
  return text.Render(terminal);
}

}  // namespace fleetcast::cli

// fleetcast-inference: deployments, schedules, sweeps, forecasts.
#include "common/service/run.h"
#include "services/inference/inference.h"

int main(int argc, char** argv) {
  return fleetcast::service::Run({.name = "inference",
                                  .about = "Deploys models and forecasts the fleet on a schedule.",
                                  .port = 7004},
                                 argc, argv, fleetcast::inference::ReadInferenceSettings,
                                 fleetcast::inference::MakeInference);
}

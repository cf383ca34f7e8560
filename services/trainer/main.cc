// fleetcast-trainer: training runs and their jobs; trains in this process.
#include "common/service/run.h"
#include "services/trainer/trainer.h"

int main(int argc, char** argv) {
  return fleetcast::service::Run(
      {.name = "trainer", .about = "Trains one forecasting model per circuit.", .port = 7002}, argc,
      argv, fleetcast::trainer::ReadTrainerSettings, fleetcast::trainer::MakeTrainer);
}

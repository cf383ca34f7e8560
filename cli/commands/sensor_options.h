// The flags that say where sensor data lies and how it is written.
#pragma once

#include "common/sensordata/source_settings.h"

namespace CLI {
class App;
}

namespace fleetcast::cli {

// --sensor-data, --sensor-source, --sensor-table …; `settings` must outlive parsing.
void AddSourceFlags(CLI::App& verb, sensordata::SourceSettings& settings);

// --sensor-csv-separator …, --sensor-quality-column …: named as the services' settings.
void AddFormatFlags(CLI::App& verb, sensordata::FormatSettings& settings);

}  // namespace fleetcast::cli

// Domain values as messages of fleetcast.config.v1.
#pragma once

#include <string>

#include "fleetcast/config/v1/config_service.pb.h"
#include "services/config/domain/fleet_reader.h"

namespace fleetcast::config {

void ToMessage(const PlantOutline& plant, v1::Plant* message);
// `circuit` must be sound.
void ToMessage(const ResolvedCircuit& circuit, const std::string& commit, v1::Circuit* message);
// `circuit` must not be sound.
void ToMessage(const ResolvedCircuit& circuit, v1::UnsoundCircuit* message);
void ToMessage(const Diagnostic& diagnostic, v1::Diagnostic* message);
// All but the values that changed, which stand in the answer.
void ToMessage(const CircuitChange& change, v1::CircuitChange* message);
void ToMessage(const FieldChange& field, v1::FieldChange* message);
void ToMessage(const Freshness& freshness, v1::Freshness* message);

}  // namespace fleetcast::config

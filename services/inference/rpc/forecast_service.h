// fleetcast.inference.v1.ForecastService over the domain.
#pragma once

#include "common/base/notification.h"
#include "fleetcast/inference/v1/forecast_service.grpc.pb.h"
#include "services/inference/domain/forecast_store.h"

namespace fleetcast::inference {

class ForecastService final : public v1::ForecastService::Service {
 public:
  // `draining`: notified when the server stops; streams then end. References must outlive it.
  ForecastService(ForecastStore& store, const Notification& draining)
      : store_(store), draining_(draining) {}

  grpc::Status GetForecast(grpc::ServerContext* context, const v1::GetForecastRequest* request,
                           v1::Forecast* reply) override;
  grpc::Status WithdrawForecast(grpc::ServerContext* context,
                                const v1::WithdrawForecastRequest* request,
                                v1::Forecast* reply) override;
  grpc::Status ListForecasts(grpc::ServerContext* context, const v1::ListForecastsRequest* request,
                             v1::ListForecastsResponse* reply) override;
  grpc::Status StreamForecasts(grpc::ServerContext* context,
                               const v1::StreamForecastsRequest* request,
                               grpc::ServerWriter<v1::StreamForecastsResponse>* writer) override;

 private:
  ForecastStore& store_;
  const Notification& draining_;
};

}  // namespace fleetcast::inference

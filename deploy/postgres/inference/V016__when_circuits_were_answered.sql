-- serves programs from version 8
-- When a circuit was forecast last, where that did not replace its newest forecast.
ALTER TABLE inference.latest_forecasts ADD COLUMN answer_time timestamptz;

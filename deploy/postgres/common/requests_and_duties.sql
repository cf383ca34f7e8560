-- What every service has. All time is the database's.

-- The first answers of requests, by which a repeated one is known.
CREATE TABLE requests (
  request_id  uuid PRIMARY KEY,
  method      text NOT NULL,
  fingerprint text NOT NULL,
  answer      text,
  create_time timestamptz NOT NULL DEFAULT now()
);
-- A duty removes those that are old.
CREATE INDEX requests_by_age ON requests (create_time);

-- Periodic work that one process at a time does: when each is due next, who did it last and how that
-- ended.
CREATE TABLE duties (
  name            text PRIMARY KEY,
  next_time       timestamptz NOT NULL DEFAULT statement_timestamp(),
  last_start_time timestamptz,
  last_end_time   timestamptz,  -- NULL while somebody is at it, or if he died of it
  holder          text NOT NULL DEFAULT '',
  last_error      text NOT NULL DEFAULT ''
);

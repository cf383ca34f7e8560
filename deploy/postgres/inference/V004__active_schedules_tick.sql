-- serves programs from version 3
-- An active schedule has a next tick. Those that lost theirs, on a replica without their time zone,
-- tick again: the next look finds out when.
UPDATE inference.schedules SET next_tick = now() WHERE NOT paused AND next_tick IS NULL;
ALTER TABLE inference.schedules ADD CONSTRAINT active_schedules_tick
  CHECK (paused OR next_tick IS NOT NULL);

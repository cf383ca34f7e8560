-- serves programs from version 1
-- A version says from what configuration it was trained, so that a release finds it. Of versions that
-- do not say so, their runs do.
UPDATE registry.model_versions v
SET tags = v.tags || jsonb_build_object('training_hash', r.params ->> 'training_hash')
FROM registry.runs r
WHERE r.position = v.run_position AND r.params ->> 'training_hash' <> ''
  AND NOT v.tags ? 'training_hash';

-- A champion may be taken away, with its circuit.
ALTER TABLE registry.champion_events DROP CONSTRAINT champion_events_kind_check;
ALTER TABLE registry.champion_events ADD CONSTRAINT champion_events_kind_check
  CHECK (kind IN ('PROMOTED', 'ROLLED_BACK', 'REMOVED'));

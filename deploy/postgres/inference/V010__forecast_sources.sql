-- serves programs from version 8
-- Every forecast says from what it is, and a deployment what may stand in for its version. A naive
-- forecast has model_version 0.
ALTER TABLE inference.forecasts
  ADD COLUMN source text NOT NULL DEFAULT 'DEPLOYED_VERSION',
  ADD COLUMN source_reason text NOT NULL DEFAULT '';
ALTER TABLE inference.latest_forecasts
  ADD COLUMN source text NOT NULL DEFAULT 'DEPLOYED_VERSION',
  ADD COLUMN source_reason text NOT NULL DEFAULT '',
  -- When the first was stored of those in a row that the deployed version did not make; NULL: it
  -- made this one.
  ADD COLUMN fallback_since timestamptz;

ALTER TABLE inference.deployments
  ADD COLUMN fallback text NOT NULL DEFAULT 'earlier_version_or_naive',
  -- What a forecast looks like, for one that no model makes; {}: deployed before this was kept.
  ADD COLUMN shape jsonb NOT NULL DEFAULT '{}',
  -- That served before this one and was not taken out by a rollback; NULL: none is known.
  ADD COLUMN earlier_version bigint CHECK (earlier_version > 0),
  ADD COLUMN earlier_sha256 text NOT NULL DEFAULT '';

-- How many invocations of a sweep something else stood in for.
CREATE INDEX tasks_on_fallback ON inference.tasks (group_id)
  WHERE (result ->> 'source') IS NOT NULL;

-- serves programs from version 16
-- A branch that some replica is to keep in force while another one is, and when it last asked.
ALTER TABLE inference.followed_branch
  ADD COLUMN rival text NOT NULL DEFAULT '',
  ADD COLUMN rival_time timestamptz NOT NULL DEFAULT '-infinity';

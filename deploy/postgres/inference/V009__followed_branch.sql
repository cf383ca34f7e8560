-- serves programs from version 8
-- The branch whose head is kept in force, if one is, and how the last look at it went.
CREATE TABLE inference.followed_branch (
  only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  branch      text NOT NULL,
  head_commit text NOT NULL DEFAULT '',
  reason      text NOT NULL DEFAULT '',  -- why the head is not in force; empty: it is
  message     text NOT NULL DEFAULT '',
  check_time  timestamptz NOT NULL
);

-- serves programs from version 1
-- A cutoff date may be read several times with different outcome; a later version says how it
-- differs from which earlier one.
ALTER TABLE registry.data_asset_versions
  ADD COLUMN compared_with text NOT NULL DEFAULT '',
  ADD COLUMN differences   jsonb NOT NULL DEFAULT '[]';

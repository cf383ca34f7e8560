-- From what models were made of to the models made of it. The expressions are those that the
-- filters of ListModelVersions compare.
CREATE INDEX model_versions_of_data_asset_version
  ON registry.model_versions (('dataAssets/' || data_asset_id || '/versions/' || data_asset_version));
CREATE INDEX model_versions_of_environment_version
  ON registry.model_versions (('environments/' || environment_id || '/versions/' || environment_version));
CREATE INDEX model_versions_of_artifact ON registry.model_versions (artifact_sha256);

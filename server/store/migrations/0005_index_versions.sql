-- Versions of indexes that agents may hold: what is sent of a newer one are its differences from one of
-- these. kind: 0 client registries, 1 collections of documents.
CREATE TABLE index_versions (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  PRIMARY KEY (kind, name, version)
);

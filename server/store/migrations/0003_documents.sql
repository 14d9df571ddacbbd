-- Collections of registered documents. head_base64 holds a serialised DocumentCollection of the
-- contract, its key included.
CREATE TABLE collections (
  name TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  imported_us BIGINT NOT NULL,
  author TEXT NOT NULL,
  head_base64 TEXT NOT NULL
);

-- What the documents of each version are called. Incidents name a version and a number; those of
-- versions that are no longer in force are kept for them.
CREATE TABLE documents (
  collection TEXT NOT NULL,
  version BIGINT NOT NULL,
  number BIGINT NOT NULL,
  title TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  units BIGINT NOT NULL,
  PRIMARY KEY (collection, version, number)
);

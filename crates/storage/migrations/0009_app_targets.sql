-- The push credentials of an app as JSON, their secrets sealed one by one; not in its configuration.
ALTER TABLE apps ADD COLUMN targets {text} NOT NULL DEFAULT '[]';

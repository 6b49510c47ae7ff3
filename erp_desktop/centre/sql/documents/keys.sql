CREATE OR REPLACE FUNCTION sync.cle_contenu(a bigint, s text) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
  SELECT CASE WHEN s ~ '^[0-9a-f]{64}$' THEN coalesce(a, 0) || ':' || rtrim(encode(decode(s, 'hex'), 'base64'),
    '=') END;
END;

CREATE OR REPLACE FUNCTION sync.sha256_contenu(c text) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
  SELECT CASE WHEN c ~ '^[0-9]+:[A-Za-z0-9+/]{43}$'
    THEN encode(decode(split_part(c, ':', 2) || '=', 'base64'), 'hex') END;
END;

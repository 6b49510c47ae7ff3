CREATE OR REPLACE FUNCTION sync.instantane() RETURNS jsonb :HEAD AS $f$
  SELECT jsonb_build_object('n', count(*), 'revision', max(revision), 'epoque', max(epoque), 'x', max(xid::text),
    'lignes', max(lignes), 'a', max(a)) FROM sync.instantanes WHERE scope = sync.agence() HAVING count(*) > 0
$f$;

DROP FUNCTION IF EXISTS sync.instantane_morceau(integer);

-- From a byte on, in slices small enough that a bad line finishes some between two cuts.
CREATE OR REPLACE FUNCTION sync.instantane_suite(octets bigint) RETURNS SETOF bytea :HEAD AS $f$
  SELECT substring(i.contenu FROM d FOR :SLICE) FROM sync.instantanes i, generate_series(1, length(i.contenu),
    :SLICE) d
   WHERE i.scope = sync.agence() AND i.morceau::bigint * :PIECE + d > octets ORDER BY i.morceau, d
$f$;

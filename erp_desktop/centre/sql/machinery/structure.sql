SELECT concat_ws('|', 'T', c.oid::regclass, c.relkind, c.relpersistence, c.relowner::regrole)
    FROM pg_class c JOIN lieux l ON l.oid = c.relnamespace WHERE c.relkind NOT IN ('i', 'I')
  UNION ALL SELECT concat_ws('|', 'C', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
      a.attidentity, a.attgenerated, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN lieux l ON l.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind NOT IN ('i', 'I') AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT concat_ws('|', 'K', k.conrelid::regclass, k.conname, k.contype, k.convalidated, k.condeferrable,
      k.condeferred, pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN lieux l ON l.oid = k.connamespace
  UNION ALL SELECT concat_ws('|', 'I', x.indexrelid::regclass, x.indrelid::regclass, x.indisvalid, x.indisready,
      x.indislive, x.indisunique, x.indisprimary, pg_get_indexdef(x.indexrelid))
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN lieux l ON l.oid = c.relnamespace

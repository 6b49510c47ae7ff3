NOT :DESCRIBED
      AND NOT EXISTS (SELECT 1 FROM sync.row_state e WHERE e.nom_table = 'documents' AND e.etat = 'deleted'
        AND e.contenu->>'sha256' = sync.sha256_contenu(c.sha256))
      AND NOT EXISTS (SELECT 1 FROM sync.quarantaine q WHERE q.repris_a IS NULL
        AND q.contenu->'i' ? 'documents' AND strpos(q.contenu::text, sync.sha256_contenu(c.sha256)) > 0)
      AND NOT EXISTS (SELECT 1 FROM sync.gares g WHERE g.contenu->'i' ? 'documents'
        AND strpos(g.contenu::text, sync.sha256_contenu(c.sha256)) > 0)

-- grain: one row: the published generation
-- key:   generation_id
-- reads: generations
-- units: none
select
    generation_id,
    run_id,
    published_at,
    content_hash
from generations

-- grain: one row if a publication before this one can be compared with it
-- key:   generation_id
-- reads: previous.generations
-- units: instants are UTC
select
    generation_id,
    published_at
from previous.generations

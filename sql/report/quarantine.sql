-- grain: one row per source, rule and symbol with rows in quarantine
-- key:   source, rule_id, symbol
-- reads: quarantine
-- units: rows
select
    source,
    rule_id,
    symbol,
    count(*) as n_rows,
    min(session_date) as first_date,
    max(session_date) as last_date,
    min(reason) as reason
from quarantine
group by source, rule_id, symbol
order by source, rule_id, symbol

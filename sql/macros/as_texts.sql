-- value: as_texts(given)
-- help:  one value or a list of values as a list of texts; a null is a list of one null
-- grain: one list of texts
-- key:   none
-- reads: none
-- units: none
select
    case
        when ends_with(typeof(given), ']') then try_cast(given::varchar as varchar [])
        else [given::varchar]
    end

-- value: as_texts(given)
-- help:  one value or a list of values as a list of texts; a null or an empty list is a list of one null
-- grain: one list of texts
-- key:   none
-- reads: none
-- units: none
select
    case
        when typeof(given) like '%]' and given::varchar != '[]' then try_cast(given::varchar as varchar[])
        else [nullif(given::varchar, '[]')]
    end

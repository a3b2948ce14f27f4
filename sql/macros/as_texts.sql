-- value: as_texts(given)
-- help:  one value or a list of values as a list of texts; a null or an empty list is a list of one null
-- grain: one list of texts; the argument is named once, because DuckDB plans a prepared statement anew at each run if
-- grain: a parameter of it stands in two places
-- key:   none
-- reads: none
-- units: none
select
    list_transform(
        [given],
        lambda one: case
            when typeof(one) like '%]' and one::varchar != '[]' then try_cast(one::varchar as varchar[])
            else [nullif(one::varchar, '[]')]
        end
    )[1]

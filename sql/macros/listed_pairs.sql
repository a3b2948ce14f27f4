-- value: listed_pairs(events)
-- help:  the rows of a table of events as the list that study_pairs takes
-- grain: one list of structs; events is the table's name, with columns symbol and event_date (DATE, TIMESTAMPTZ or
-- grain: text) and, if it likes, event_id, group and expected_sign
-- key:   none
-- reads: none
-- units: dates as text
select
    (
        select
            coalesce(
                list(
                    struct_pack(
                        event_id := coalesce(event_id, event_date::varchar),
                        symbol := symbol::varchar,
                        event_at := event_date::varchar,
                        group_value := coalesce("group", 'all'),
                        expected_sign := expected_sign
                    )
                ),
                [
                    struct_pack(
                        event_id := null::varchar,
                        symbol := null::varchar,
                        event_at := null::varchar,
                        group_value := 'all',
                        expected_sign := null::varchar
                    )
                ]
            )
        from (
            select * from query_table(events)
            union all by name
            select
                null::varchar as event_id,
                null::varchar as "group",
                null::varchar as expected_sign
            where false
        ) as listed
    )

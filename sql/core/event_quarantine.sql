-- grain: one row per row of an event list that no pair can be made of, and rule
-- key:   batch_id, row_number, rule_id
-- reads: core.listed_pairs
-- units: none
with

rows_of_lists as (
    select *
    from core.listed_pairs
),

broken_rows as (
    select
        *,
        unnest([
            case when event_id is null then 'no_event_id: the row names no event' end,
            case when symbol is null then 'no_symbol: the row names no symbol' end,
            case
                when event_id is not null and symbol is not null and nth > 1
                    then 'repeated_pair: the list names ' || event_id || ' x ' || symbol || ' in an earlier row'
            end
        ]) as broken
    from rows_of_lists
),

final as (
    select
        batch_id,
        row_number,
        split_part(broken, ': ', 1) as rule_id,
        substr(broken, strpos(broken, ': ') + 2) as reason,
        'event list' as source,
        symbol,
        event_date as session_date,
        json_object(
            'event_id', event_id, 'symbol', named_symbol, 'title', title, 'attributes', attributes
        )::varchar as content
    from broken_rows
    where broken is not null
)

select * from final

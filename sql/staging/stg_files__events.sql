-- grain: one row per row of the newest version of each event list
-- key:   batch_id, row_number
-- reads: raw.files_events, staging.stg_batches
-- units: instants in UTC
with

files_events as (
    select *
    from raw.files_events
    where batch_id in (select batch_id from staging.stg_batches)
),

cast_rows as (
    select
        *,
        try_strptime(event_date, ['%Y-%m-%d', '%Y%m%d'])::date as readable_date,
        -- An instant without a zone could be any of 24 hours. Releases of DuckDB differ on instants without seconds.
        case
            when regexp_matches(occurred_at, '^.{10}[T ][0-9]{2}:[0-9]{2}(:[0-9.]+)?(Z|[+-][0-9]{2}:?[0-9]{2})$')
                then
                    try_cast(
                        regexp_replace(occurred_at, '^(.{10}[T ][0-9]{2}:[0-9]{2})(Z|[+-])', '\1:00\2') as timestamptz
                    )
        end as readable_instant,
        expected_sign is null or expected_sign in ('+', '-', '?') as is_sign
    from files_events
),

final as (
    select
        batch_id,
        row_number,
        event_id,
        symbol,
        readable_date as event_date,
        readable_instant as occurred_at,
        title,
        case when is_sign then expected_sign end as expected_sign,
        attributes,
        case
            when event_id is null then 'the row has no event_id'
            when symbol is null then 'the row has no symbol'
            when event_date is not null and readable_date is null
                then 'event_date ''' || event_date || ''' is not a date of the calendar; expected YYYY-MM-DD'
            when occurred_at is not null and readable_instant is null
                then
                    'occurred_at ''' || occurred_at || ''' is not an instant with a zone; '
                    || 'expected such as 2025-01-20T12:19:44Z'
            when event_date is null and occurred_at is null then 'neither event_date nor occurred_at is given'
            when not is_sign then 'expected_sign ''' || expected_sign || ''' is none of +, - and ?'
        end as problem
    from cast_rows
)

select * from final

-- grain: one row per event and security that the event names, by its symbol of that day
-- key:   event_id, symbol
-- reads: staging.stg_catalogue__events, core.listed_pairs, core.symbol_holders
-- units: instants in UTC
with

catalogue_tickers as (
    select
        *,
        unnest(from_json(tickers, '["JSON"]')) as ticker
    from staging.stg_catalogue__events
),

named_pairs as (
    select
        event_id,
        ticker ->> '$.ticker' as named_symbol,
        kind,
        available_at,
        available_by,
        event_date,
        ticker ->> '$.sign' as expected_sign,
        null::varchar as problem,
        '{}' as attributes
    from catalogue_tickers
),

-- Of two symbols of one security the one that it is published under counts.
catalogue_pairs as (
    select
        pairs.event_id,
        coalesce(holders.published_symbol, pairs.named_symbol) as symbol,
        pairs.* exclude (event_id)
    from named_pairs as pairs
    left join core.symbol_holders as holders
        on
            pairs.named_symbol = holders.symbol
            and coalesce(pairs.event_date, pairs.available_at::date) >= holders.valid_from
            and coalesce(pairs.event_date, pairs.available_at::date) < holders.valid_until
    qualify row_number() over (
        partition by pairs.event_id, coalesce(holders.published_symbol, pairs.named_symbol)
        order by pairs.named_symbol = holders.published_symbol desc, pairs.named_symbol asc
    ) = 1
),

-- Of rows that repeat a pair the first counts, unless they differ in time: nobody can say which is meant.
listed_pairs as (
    select
        event_id,
        symbol,
        named_symbol,
        'news' as kind,
        occurred_at as available_at,
        occurred_at as available_by,
        case when occurred_at is null then event_date end as event_date,
        expected_sign,
        case
            when count(distinct coalesce(occurred_at::varchar, event_date::varchar)) over pair > 1
                then 'the list gives the pair more than one time; give each event an event_id of its own'
            else problem
        end as problem,
        attributes
    from core.listed_pairs
    where event_id is not null and symbol is not null
    window pair as (partition by event_id, symbol)
    qualify nth = 1
),

-- A pair of the catalogue that a list names again has the list's clocks.
final as (
    select * from catalogue_pairs
    anti join listed_pairs using (event_id, symbol)
    union all
    select * from listed_pairs
)

select * from final

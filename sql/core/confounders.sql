-- grain: one row per event, security of its ledger and other thing whose day lies in one of its windows
-- key:   event_id, symbol, confounder_id
-- reads: core.ledger_windows, core.occurrences, core.related_events, core.event_pairs, core.events
-- units: sessions; of the estimation window the nearest `confounders_listed` of a kind
with

own as (
    select
        pairs.*,
        occurrences.occurrence_id as confounder_id,
        occurrences.kind as confounder_kind,
        occurrences.title,
        occurrences.session_date as confounder_session,
        occurrences.session_index as confounder_index,
        occurrences.is_named
    from (
        select
            *,
            unnest(range(
                (event_index + least(estimation_start, event_start)) // 64,
                (event_index + greatest(estimation_end, event_end)) // 64 + 1
            )) as bucket
        from core.ledger_windows
    ) as pairs
    inner join core.occurrences
        on
            pairs.symbol = occurrences.symbol
            and pairs.bucket = occurrences.session_index // 64
            and pairs.event_id != occurrences.occurrence_id
),

-- An event that names the security itself is its own.
related as (
    select
        pairs.*,
        related_events.other_id as confounder_id,
        if(related_events.is_macro, 'macro', 'peer') as confounder_kind,
        events.title,
        related_events.other_session as confounder_session,
        related_events.other_index as confounder_index,
        false as is_named
    from core.ledger_windows as pairs
    inner join core.related_events
        on pairs.event_id = related_events.event_id and pairs.calendar = related_events.calendar
    inner join core.events on related_events.other_id = events.event_id
    anti join core.event_pairs
        on related_events.other_id = event_pairs.event_id and pairs.symbol = event_pairs.symbol
),

found as (
    select * exclude (bucket) from own
    union all by name
    select * from related
),

placed as (
    select
        *,
        confounder_index - event_index as relative_day,
        case
            when confounder_index - event_index between event_start and event_end then 'event'
            when confounder_index - event_index between estimation_start and estimation_end then 'estimation'
        end as in_window
    from found
),

final as (
    select
        event_id,
        symbol,
        confounder_kind,
        confounder_id,
        title,
        confounder_session,
        relative_day,
        in_window,
        abs(relative_day) as distance,
        is_named
    from placed
    where in_window is not null
    qualify in_window = 'event' or row_number() over (
        partition by event_id, symbol, confounder_kind, in_window
        order by distance, confounder_id
    ) <= getvariable('confounders_listed')::bigint
)

select * from final

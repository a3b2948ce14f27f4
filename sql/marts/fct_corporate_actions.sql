-- grain: one row per source, symbol, day and kind of corporate action
-- key:   source, symbol, action_date, kind
-- reads: core.price_actions
-- units: dividends and capital gains in currency per share, splits as new shares per old one
with

final as (
    select
        source,
        symbol,
        action_date,
        kind,
        value
    from core.price_actions
)

select * from final

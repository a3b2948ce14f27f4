-- grain: one row per row of the newest version of a bundled dataset
-- key:   batch_id, row_number
-- reads: raw.sample_prices, staging.stg_batches
-- units: prices in the currency of the listing, volume in shares or units
with

sample_prices as (
    select *
    from raw.sample_prices
    where batch_id in (select batch_id from staging.stg_batches)
),

cast_rows as (
    select
        *,
        try_strptime(date, ['%Y-%m-%d', '%m/%d/%Y %H:%M:%S'])::date as session_date,
        try_cast(open as double) as open_price,
        try_cast(high as double) as high_price,
        try_cast(low as double) as low_price,
        try_cast(close as double) as close_price,
        try_cast(adj_close as double) as adj_close_price,
        try_cast(volume as double) as volume_units
    from sample_prices
),

final as (
    select
        batch_id,
        row_number,
        dataset,
        session_date,
        open_price as open,
        high_price as high,
        low_price as low,
        close_price as close,
        adj_close_price as adj_close,
        volume_units as volume,
        nullif(concat_ws(
            ', ',
            case when session_date is null then 'date=' || coalesce(date, '') end,
            case when open is not null and open_price is null then 'open=' || open end,
            case when high is not null and high_price is null then 'high=' || high end,
            case when low is not null and low_price is null then 'low=' || low end,
            case when close is not null and close_price is null then 'close=' || close end,
            case when adj_close is not null and adj_close_price is null then 'adj_close=' || adj_close end,
            case when volume is not null and volume_units is null then 'volume=' || volume end
        ), '') as unreadable
    from cast_rows
)

select * from final

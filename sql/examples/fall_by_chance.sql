-- question: How often did these stocks move as far as on 2025-01-27, if the same study is made of each of the
--           thousand sessions before?
-- look at:  p_value, the share of such sessions; 0.002 is none of a thousand but the day itself. It needs no normal
--           distribution, which a t of minus five does.
-- needs:    an index (^GSPC); on the bundled sample add model := 'constant_mean'
with

final as (
    select
        symbol,
        event_session,
        car,
        statistic,
        p_value,
        is_valid
    from placebo_test(['NVDA', 'AVGO', 'TSM', 'VRT', 'AAPL', 'MSFT'], '2025-01-27')
    order by p_value, symbol
)

select * from final

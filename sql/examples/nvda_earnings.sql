-- question: How did Nvidia take its twelve earnings reports from fiscal 2023 to 2026, and what was it in money?
-- look at:  the sizes of 2023 and early 2024 against those after: the surprise was spent. value_change_usd is
--           null where no share count is known.
with

days as (
    select *
    from fct_abnormal_returns
    where study_id like 'catalogue-%' and symbol = 'NVDA' and relative_day = 0
),

final as (
    select
        days.event_id,
        days.session_date,
        days.actual_return,
        days.abnormal_return,
        days.std_abnormal_return,
        days.p_value,
        fct_value_impact.value_change_usd,
        fct_value_impact.abnormal_value_usd
    from days
    left join fct_value_impact on days.event_id = fct_value_impact.event_id and days.symbol = fct_value_impact.symbol
    where days.event_id like 'nvda-fy%-results'
    order by days.session_date
)

select * from final

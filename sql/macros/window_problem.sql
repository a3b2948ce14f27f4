-- value: window_problem(from_day, to_day, day_from, day_to)
-- help:  what contradicts itself in the days a sum is over, null if nothing does; day_from and day_to may be null
-- grain: one text
-- key:   none
-- reads: none
-- units: windows in sessions from day 0
select
    case
        when from_day is null or to_day is null
            then 'from_day and to_day are whole numbers; one of them is null'
        when from_day > to_day
            then format('the window [{},{}] ends before it starts', from_day, to_day)
        when from_day < day_from or to_day > day_to
            then
                format(
                    'the window [{},{}] must lie within the event window [{},{}]',
                    from_day, to_day, coalesce(day_from, least(from_day, 0)), coalesce(day_to, greatest(to_day, 0))
                )
    end

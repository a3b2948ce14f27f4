-- value: study_problem(model, est_from, est_to, day_from, day_to, min_obs, return_type)
-- help:  what contradicts itself in the arguments of a study, null if nothing does; min_obs is never null here
-- grain: one text
-- key:   none
-- reads: study_parameters
-- units: windows in sessions from day 0
select
    case
        when coalesce(model not in ('market', 'market_adjusted', 'constant_mean'), true)
            then concat('model is ', coalesce(model, 'null'), '; expected market, market_adjusted or constant_mean')
        when coalesce(return_type not in ('simple', 'log'), true)
            then concat('return_type is ', coalesce(return_type, 'null'), '; expected simple or log')
        when est_from + est_to + day_from + day_to is null
            then 'est_from, est_to, day_from and day_to are whole numbers; one of them is null'
        when abs(est_from % 1) + abs(est_to % 1) + abs(day_from % 1) + abs(day_to % 1) > 0
            then
                format(
                    'est_from, est_to, day_from and day_to are whole numbers; got {}, {}, {} and {}',
                    est_from, est_to, day_from, day_to
                )
        when est_from > est_to
            then format('the estimation window [{},{}] ends before it starts', est_from, est_to)
        when day_from > 0 or day_to < 0
            then format('the event window [{},{}] must contain day 0', day_from, day_to)
        when est_to >= day_from
            then
                format(
                    'the estimation window [{},{}] must end before the event window [{},{}] starts',
                    est_from, est_to, day_from, day_to
                )
        when min_obs <= study_parameters(model) or min_obs > est_to - est_from + 1
            then
                format(
                    'min_obs is {}; model ''{}'' with estimation window [{},{}] needs a number from {} to {}',
                    min_obs, model, est_from, est_to, study_parameters(model) + 1, est_to - est_from + 1
                )
    end

-- value: study_problem(model, est_from, est_to, day_from, day_to, min_obs, return_type)
-- help:  what contradicts itself in the arguments of a study, null if nothing does
-- grain: one text
-- key:   none
-- reads: study_parameters, study_min_obs
-- units: windows in sessions from day 0
select
    case
        when model is null or model not in ('market', 'market_adjusted', 'constant_mean')
            then
                'model is ' || coalesce('''' || model || '''', 'null')
                || '; expected market, market_adjusted or constant_mean'
        when return_type is null or return_type not in ('simple', 'log')
            then 'return_type is ' || coalesce('''' || return_type || '''', 'null') || '; expected simple or log'
        when est_from is null or est_to is null or day_from is null or day_to is null
            then 'est_from, est_to, day_from and day_to are whole numbers; one of them is null'
        when est_from > est_to
            then 'the estimation window [' || est_from || ',' || est_to || '] ends before it starts'
        when not (day_from <= 0 and day_to >= 0)
            then 'the event window [' || day_from || ',' || day_to || '] must contain day 0'
        when est_to >= day_from
            then
                'the estimation window [' || est_from || ',' || est_to || '] must end before the event window ['
                || day_from || ',' || day_to || '] starts'
        when
            study_min_obs(model, est_from, est_to, min_obs) not between
            study_parameters(model) + 1 and est_to - est_from + 1
            then
                'min_obs is ' || study_min_obs(model, est_from, est_to, min_obs) || '; model ''' || model
                || ''' with estimation window [' || est_from || ',' || est_to || '] needs a number from '
                || (study_parameters(model) + 1) || ' to ' || (est_to - est_from + 1)
    end

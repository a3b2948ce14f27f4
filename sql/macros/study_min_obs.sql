-- value: study_min_obs(model, est_from, est_to, min_obs)
-- help:  usable estimation sessions a pair needs: min_obs, or half of the estimation window and at most 120
-- grain: one value
-- key:   none
-- reads: study_parameters
-- units: sessions
select coalesce(min_obs, greatest(study_parameters(model) + 1, least(120, (est_to - est_from + 2) // 2)))

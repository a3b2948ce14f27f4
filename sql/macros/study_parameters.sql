-- value: study_parameters(model)
-- help:  parameters that the model estimates (k)
-- grain: one value
-- key:   none
-- reads: none
-- units: number of parameters
select case model when 'market' then 2 when 'constant_mean' then 1 else 0 end

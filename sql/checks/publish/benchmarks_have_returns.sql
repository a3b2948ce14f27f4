-- check: benchmarks_have_returns
-- table: mart.dim_studies
-- severity: fail
-- limit: 0
-- why: A study's normal returns rest on its benchmark, so the benchmark's returns are published with it.
with used as (
    select distinct study_id
    from mart.fct_study_securities
    where status = 'used'
),

benchmarks as (
    select
        study_id,
        benchmark_symbol
    from mart.dim_studies
    semi join used using (study_id)
    where benchmark_symbol is not null
),

returned as (
    select distinct symbol
    from mart.fct_returns
    where simple_return is not null
)

select benchmarks.*
from benchmarks
anti join returned on benchmarks.benchmark_symbol = returned.symbol

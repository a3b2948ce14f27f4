-- check: benchmarks_have_returns
-- table: mart.dim_studies
-- severity: fail
-- limit: 0
-- why: A study's normal returns rest on its benchmark, so the benchmark's returns are published with it.
with benchmarks as (
    select
        study_id,
        benchmark_symbol
    from mart.dim_studies
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

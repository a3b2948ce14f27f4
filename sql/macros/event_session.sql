-- value: event_session(ts, mic)
-- help:  first session of an exchange whose close can hold what became known at ts, an instant or a DATE
-- grain: one date; null where ts names no zone or lies outside of the sessions of dim_sessions
-- key:   none
-- reads: dim_sessions
-- units: exchange-local date
select
    (
        select
            case
                when
                    bool_or(
                        case typeof(ts)
                            when 'DATE' then sessions.session_date <= ts::date
                            when 'TIMESTAMP WITH TIME ZONE' then sessions.open_at <= ts::timestamptz
                        end
                    )
                    then
                        min(sessions.session_date) filter (
                            case typeof(ts)
                                when 'DATE' then sessions.session_date >= ts::date
                                else sessions.close_at > ts::timestamptz
                            end
                        )
            end
        from dim_sessions as sessions
        where sessions.exchange_mic = mic
    )

-- value: asked_pairs(symbols, event_dates)
-- help:  every symbol with every date, as the list that study_pairs takes; one value or a list of them each
-- grain: one list of structs
-- key:   none
-- reads: as_texts
-- units: dates as text
select
    list_transform(
        -- Outside of the lambda, where a query may stand in their places.
        [struct_pack(dates := as_texts(event_dates), names := as_texts(symbols))],
        lambda asked:
        flatten(
            list_transform(
                asked.dates,
                lambda event_at:
                list_transform(
                    asked.names,
                    lambda symbol:
                    struct_pack(
                        event_id := event_at,
                        symbol := symbol,
                        event_at := event_at,
                        group_value := 'all',
                        expected_sign := null::varchar
                    )
                )
            )
        )
    )[1]

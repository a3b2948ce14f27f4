-- value: asked_pairs(symbols, event_dates)
-- help:  every symbol with every date, as the list that study_pairs takes; one text or a list of them each
-- grain: one list of structs
-- key:   none
-- reads: none
-- units: dates as text
select
    list_transform(
        range(0, greatest(len(as_texts(symbols)), 1) * greatest(len(as_texts(event_dates)), 1)),
        lambda place: struct_pack(
            event_id := as_texts(event_dates)[place // greatest(len(as_texts(symbols)), 1) + 1],
            symbol := as_texts(symbols)[place % greatest(len(as_texts(symbols)), 1) + 1],
            event_at := as_texts(event_dates)[place // greatest(len(as_texts(symbols)), 1) + 1],
            group_value := 'all'
        )
    )

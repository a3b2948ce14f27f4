"""From raw news items to what they are about: one item, its versions, its cluster, its securities, its themes."""

"""Which users Mixpanel has, after what is sent there: one table, which rules, doctor and screen all read.

`requests` reads the ids that requests name, `table` joins them as Mixpanel does, `store` keeps them in little
memory. `notes` has the sentence for each reason why ids are not joined, and `model` what viewers are given.
"""

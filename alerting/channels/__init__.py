"""Ways to reach a receiver, one file each: signed webhook, e-mail, Apprise, Alertmanager, PagerDuty.

Do not keep or repeat messages: `alerting.deliver` does.
"""

"""One POST as channels need it: the target looked up, checked and asked, and the answer as an outcome.

Does not know what is posted.
"""

import asyncio
from collections.abc import Mapping

from alerting.channels.channel import Delivered, Outcome, Retry
from alerting.post import Answer, PostFailed, post
from alerting.targets import UnsafeTarget, resolve


async def asked(
    url: str, allow_private: bool, headers: Mapping[str, str], content: bytes, timeout_seconds: float
) -> Answer | Retry:
    """The answer, or why there was none; the look-up of the host counts to the time."""
    try:
        async with asyncio.timeout(timeout_seconds):
            target = await resolve(url, allow_private)
            return await post(target, headers, content, timeout_seconds)
    except TimeoutError:
        return Retry(f"no answer within {timeout_seconds:g} s")
    except (PostFailed, UnsafeTarget) as failure:
        return Retry(str(failure))
    except OSError:
        return Retry("the host's name cannot be looked up")


def answered(answer: Answer, now_ms: int) -> Outcome:
    """2xx is delivered; all else is tried again, when the receiver says."""
    if 200 <= answer.status < 300:
        return Delivered(f"HTTP {answer.status}")
    if 300 <= answer.status < 400:
        return Retry(f"HTTP {answer.status}: redirects are not followed", answer.wait_seconds(now_ms))
    return Retry(f"HTTP {answer.status}", answer.wait_seconds(now_ms))

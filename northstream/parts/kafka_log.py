"""Opens the log on Kafka for roles, and sorts what may be wrong with it: to be waited for, or to be mended.

Does not read or write records: see `stream.kafka`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from northstream.failures import UserError
from northstream.instance import instance_of
from northstream.settings import Settings
from northstream.waiting import NotThere
from stream.kafka.log import KafkaLog
from stream.kafka.reading import KafkaLogReader
from stream.kafka.topics import TopicsMissing, TopicsWrong, check_topics


def open_appender(settings: Settings) -> KafkaLog:
    """The writing end. See `open_reader` for its errors."""
    with named_errors():
        partitions = check_topics(settings.kafka, settings.kafka_prefix)
    return KafkaLog(settings.kafka, settings.kafka_prefix, instance_of(settings), partitions)


def open_reader(settings: Settings) -> KafkaLogReader:
    """The reading end.

    Raises:
        NotThere: topics are missing.
        LogUnavailable: no broker answers.
        UserError: topics are other ones than ours.
    """
    with named_errors():
        check_topics(settings.kafka, settings.kafka_prefix)
    return KafkaLogReader(settings.kafka, settings.kafka_prefix)


@contextmanager
def named_errors() -> Iterator[None]:
    """What the checks of topics raise, as what a start does about it."""
    try:
        yield
    except TopicsMissing as error:
        raise NotThere(str(error)) from error
    except TopicsWrong as error:
        raise UserError(str(error)) from error

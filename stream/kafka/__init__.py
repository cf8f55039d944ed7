"""The log on Apache Kafka: topics, appender, reader and Faust transport."""

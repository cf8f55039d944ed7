# The image of every role. The first stage has pip and setuptools; what runs has neither, nor a compiler.
#   docker build --build-arg EMBEDDED_ENGINE=yes .      also fit for `up`, `demo` and `run warehouse`: 0.9 GB more
FROM python:3.11.17-slim AS build
WORKDIR /build
RUN python -m venv --without-pip /opt/northstream
COPY requirements.lock ./
# Exactly the files that the lock names, and ready-made wheels only: nothing is compiled, no foreign setup.py runs.
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/northstream/bin/python install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY northstream northstream
COPY schemas schemas
COPY ingest ingest
COPY stream stream
COPY warehouse warehouse
COPY alerting alerting
COPY dashboard dashboard
COPY simulate simulate
COPY metrics metrics
RUN pip --python /opt/northstream/bin/python install --no-deps --no-index --no-build-isolation . \
    && pip --python /opt/northstream/bin/python uninstall --yes setuptools
# Roles that talk to a ClickHouse server have no use for the engine inside the process, seven eighths of everything.
ARG EMBEDDED_ENGINE=no
RUN if [ "$EMBEDDED_ENGINE" != yes ]; then \
        pip --python /opt/northstream/bin/python uninstall --yes chdb chdb-core pyarrow pandas numpy; \
    fi \
    && /opt/northstream/bin/python -m compileall -q /opt/northstream/lib

FROM python:3.11.17-slim
LABEL org.opencontainers.image.title="NorthStream" \
      org.opencontainers.image.description="Event tracking pipeline: acknowledged means kept, numbers are exact" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11.17-slim"
# A fixed number, so that files in volumes keep their owner over new images.
RUN groupadd --gid 10001 northstream \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin northstream \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /opt/northstream /opt/northstream
# Byte code is in the image already, and its file system may be read-only.
ENV PATH=/opt/northstream/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NORTHSTREAM_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["northstream"]
CMD ["--help"]

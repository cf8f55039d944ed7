#!/bin/sh
# Prints a .env for docker-compose.yml with fresh random keys and passwords.
#   sh deploy/make-env.sh ALERTS_URL [HEARTBEAT_URL] > .env && chmod 600 .env
set -eu

if [ $# -lt 1 ]; then
    echo "say where alerts shall be posted: sh deploy/make-env.sh https://alerts.example.org/hook > .env" >&2
    exit 2
fi

random_hex() { od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n'; }

sha256_of() {
    if command -v sha256sum >/dev/null; then printf %s "$1" | sha256sum; else printf %s "$1" | shasum -a 256; fi | cut -d ' ' -f 1
}

# A leading dash would be taken for an option by Kafka's tools.
cluster_id() {
    while id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'); do
        case $id in -*) ;; *) printf %s "$id"; return ;; esac
    done
}

writer=$(random_hex)
reader=$(random_hex)
cat <<END
NORTHSTREAM_WRITE_KEY=wk_$(random_hex)
NORTHSTREAM_SECRET_KEY=sk_$(random_hex)
KAFKA_CLUSTER_ID=$(cluster_id)
CLICKHOUSE_WRITER_PASSWORD=$writer
CLICKHOUSE_WRITER_PASSWORD_SHA256=$(sha256_of "$writer")
CLICKHOUSE_READER_PASSWORD=$reader
CLICKHOUSE_READER_PASSWORD_SHA256=$(sha256_of "$reader")
GRAFANA_ADMIN_PASSWORD=$(random_hex)
ALERTMANAGER_WEBHOOK_URL=$1
HEARTBEAT_WEBHOOK_URL=${2:-$1}
END

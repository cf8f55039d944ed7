// Uses the official Node client as a product's back end would; prints what it saw as one line of JSON.
import { createRequire } from 'node:module'

const [folder, url, username, password] = process.argv.slice(2)
const { createClient, ClickHouseLogLevel } = createRequire(folder + '/')('@clickhouse/client')
const log = { level: ClickHouseLogLevel.OFF }

const compression = { request: true, response: true }
const reader = createClient({ url, database: 'northstream', compression: { response: true }, log })
const writer = createClient({ url, username, password, database: 'northstream', compression, log })
const seen = {}

seen.ping = (await reader.ping()).success && (await reader.ping({ select: true })).success
await writer.command({ query: 'CREATE TABLE from_node (id Int64, text String) ENGINE = MergeTree ORDER BY id' })
const inserted = await writer.insert({
  table: 'from_node',
  values: [{ id: 1, text: "it's" }, { id: 2, text: 'été' }],
  format: 'JSONEachRow',
})
seen.written_rows = inserted.summary.written_rows
const found = await reader.query({
  query: 'SELECT id, text FROM from_node WHERE text = {text:String} AND id IN {ids:Array(Int64)}',
  query_params: { text: "it's", ids: [1, 2] },
  format: 'JSONEachRow',
  clickhouse_settings: { max_result_rows: '10' },
})
seen.rows = await found.json()
seen.query_id = found.query_id.length > 0
const whole = await reader.query({ query: 'SELECT count() AS n FROM from_node', format: 'JSON' })
seen.count = Number((await whole.json()).data[0].n)
const many = await reader.query({ query: 'SELECT number FROM numbers(100000)', format: 'JSONEachRow' })
seen.streamed = 0
for await (const rows of many.stream()) seen.streamed += rows.length
const failure = (promise) => promise.then(() => null, (error) => [error.code, error.type])
seen.unknown_table = await failure(reader.query({ query: 'SELECT * FROM nowhere' }))
seen.read_only = await failure(reader.insert({ table: 'from_node', values: [{ id: 3 }], format: 'JSONEachRow' }))
const stranger = createClient({ url, username, password: 'wrong', log })
seen.wrong_password = await failure(stranger.query({ query: 'SELECT 1' }))
await writer.command({ query: 'DROP TABLE from_node' })
await Promise.all([reader.close(), writer.close(), stranger.close()])
console.log(JSON.stringify(seen))

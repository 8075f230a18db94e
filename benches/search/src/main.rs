//! Measures search indexes beside plain tantivy, SQLite's FTS5 and PostgreSQL's tsvector, on the same documents in one run. In: PostgreSQL's
//! server programs; a number of documents (200,000 where none is said). Out: figures, and whether they keep within the bars.

mod corpus;
mod shop;

use std::time::{Duration, Instant};

use cell::prelude::*;
use cell_migrate::throwaway::{Cluster, sqlite};
use rusqlite::Connection;
use sqlx::{PgPool, Row as _};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::QueryParser;
use tantivy::schema::{FAST, INDEXED, Schema, TEXT};
use tantivy::{Index, ReloadPolicy, doc};

use shop::{NewDocument, NewPlainDocument, Plain, Shelf};

const QUESTIONS: u64 = 300;
const ROUNDS: usize = 6;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let documents: u64 = std::env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(200_000);
    let file = sqlite()?;
    let url = file.url();
    shop::migrate(url.as_str()).await?;
    let plain = Plain::open_at(url.as_str()).await?;
    for from in (0..documents).step_by(20_000) {
        let rows = (from..documents.min(from + 20_000)).map(|at| {
            let (name, body) = corpus::document(at);
            NewPlainDocument { id: at as i64, name, body }
        });
        plain.documents.insert_many(rows.collect::<Vec<_>>()).await?;
    }
    let (index, tantivy_rate) = by_tantivy(documents)?;
    let begun = Instant::now();
    let shelf = Shelf::open_at(url.as_str()).await?;
    shelf.documents.search("").limit(0).within(Duration::from_secs(900)).await?;
    let cell_rate = documents as f64 / begun.elapsed().as_secs_f64();
    println!(
        "| bulk: rows a second | {tantivy_rate:.0} (tantivy alone) | {cell_rate:.0} (rebuild) | {:.2} (bar: at least 0.8) |",
        cell_rate / tantivy_rate
    );
    let begun = Instant::now();
    let more = (0..20_000).map(|at| {
        let (name, body) = corpus::document(documents + at);
        NewDocument { id: (documents + at) as i64, name, body }
    });
    shelf.documents.insert_many(more.collect::<Vec<_>>()).await?;
    let written = begun.elapsed();
    shelf.documents.search("").limit(0).after(shelf.last_write()).within(Duration::from_secs(900)).await?;
    println!("| 20,000 rows by the feed: written, searchable | {written:.2?} | {:.2?} | |", begun.elapsed());
    shelf.documents.filter(|d| d.id.ge(documents as i64)).delete().await?;
    shelf.documents.search("").limit(0).after(shelf.last_write()).within(Duration::from_secs(900)).await?;

    questions(&shelf, &plain, &index, &by_fts5(documents)?, &by_postgres(documents).await?).await?;
    freshness(&shelf, &plain, documents).await
}

/// The documents in an index of tantivy's own, with one thread and as much memory as Cell gives it.
fn by_tantivy(documents: u64) -> Result<(Index, f64)> {
    let folder = tempfile::tempdir()?.keep();
    let mut schema = Schema::builder();
    let id = schema.add_i64_field("id", INDEXED | FAST);
    let (name, body) = (schema.add_text_field("name", TEXT), schema.add_text_field("body", TEXT));
    let index = Index::create_in_dir(folder, schema.build())?;
    let texts: Vec<_> = (0..documents).map(corpus::document).collect();
    let begun = Instant::now();
    let mut writer = index.writer_with_num_threads(1, 64 << 20)?;
    for (at, (n, b)) in texts.into_iter().enumerate() {
        writer.add_document(doc!(id => at as i64, name => n, body => b))?;
    }
    writer.commit()?;
    let rate = documents as f64 / begun.elapsed().as_secs_f64();
    writer.wait_merging_threads()?;
    Ok((index, rate))
}

fn by_fts5(documents: u64) -> Result<Connection> {
    let folder = tempfile::tempdir()?.keep();
    let mut connection = Connection::open(folder.join("fts.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; CREATE TABLE documents (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL); \
         CREATE VIRTUAL TABLE words USING fts5(name, body, content = 'documents', content_rowid = 'id')",
    )?;
    let begun = Instant::now();
    let transaction = connection.transaction()?;
    {
        let mut row = transaction.prepare("INSERT INTO documents VALUES (?1, ?2, ?3)")?;
        let mut words = transaction.prepare("INSERT INTO words (rowid, name, body) VALUES (?1, ?2, ?3)")?;
        for at in 0..documents {
            let (name, body) = corpus::document(at);
            row.execute((at as i64, &name, &body))?;
            words.execute((at as i64, &name, &body))?;
        }
    }
    transaction.commit()?;
    println!("| FTS5: rows a second, with the rows | {:.0} | | |", documents as f64 / begun.elapsed().as_secs_f64());
    Ok(connection)
}

async fn by_postgres(documents: u64) -> Result<PgPool> {
    let url = Cluster::shared().await?.create_database("words").await?;
    let pool = PgPool::connect(url.as_str()).await?;
    sqlx::raw_sql(
        "CREATE TABLE documents (id bigint PRIMARY KEY, name text NOT NULL, body text NOT NULL, words tsvector GENERATED ALWAYS AS \
         (setweight(to_tsvector('simple', name), 'A') || to_tsvector('simple', body)) STORED)",
    )
    .execute(&pool)
    .await?;
    let begun = Instant::now();
    for from in (0..documents).step_by(5_000) {
        let all: Vec<_> = (from..documents.min(from + 5_000)).map(|at| (at as i64, corpus::document(at))).collect();
        let ids: Vec<i64> = all.iter().map(|(id, _)| *id).collect();
        let names: Vec<&str> = all.iter().map(|(_, (name, _))| name.as_str()).collect();
        let bodies: Vec<&str> = all.iter().map(|(_, (_, body))| body.as_str()).collect();
        sqlx::query(
            "INSERT INTO documents (id, name, body) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])",
        )
        .bind(ids)
        .bind(names)
        .bind(bodies)
        .execute(&pool)
        .await?;
    }
    sqlx::raw_sql("CREATE INDEX ON documents USING gin (words)").execute(&pool).await?;
    println!(
        "| tsvector with GIN: rows a second, with the rows | {:.0} | | |",
        documents as f64 / begun.elapsed().as_secs_f64()
    );
    sqlx::raw_sql("VACUUM ANALYZE documents").execute(&pool).await?;
    Ok(pool)
}

/// Who answers how fast: the ten best rows for two words, both of which have to be there.
async fn questions(shelf: &Shelf, plain: &Plain, index: &Index, fts5: &Connection, postgres: &PgPool) -> Result<()> {
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    let schema = index.schema();
    let (name, body) = (schema.get_field("name")?, schema.get_field("body")?);
    let mut parser = QueryParser::for_index(index, vec![name, body]);
    parser.set_conjunction_by_default();
    parser.set_field_boost(name, 2.0);
    let mut best = [Duration::MAX; 4];
    let (mut alike, mut asked) = (0, 0);
    for round in 0..ROUNDS {
        let mut took = [Duration::ZERO; 4];
        for question in (0..QUESTIONS).map(corpus::question) {
            // Whoever comes second finds the processor's caches warm.
            let mut found = None;
            if round % 2 == 0 {
                let begun = Instant::now();
                found = Some(shelf.documents.search(question.as_str()).limit(10).await?);
                took[0] += begun.elapsed();
            }

            let begun = Instant::now();
            let searcher = reader.searcher();
            let query = parser.parse_query(&question)?;
            let (top, _) = searcher.search(&query, &(TopDocs::with_limit(10).order_by_score(), Count))?;
            let mut keys = Vec::new();
            for (_, address) in &top {
                let keys_of = searcher.segment_reader(address.segment_ord).fast_fields().i64("id")?;
                keys.extend(keys_of.first(address.doc_id));
            }
            let rows = plain.documents.filter(|d| d.id.in_(keys.iter().copied())).all().await?;
            took[1] += begun.elapsed();

            let found = match found {
                Some(found) => found,
                None => {
                    let begun = Instant::now();
                    let found = shelf.documents.search(question.as_str()).limit(10).await?;
                    took[0] += begun.elapsed();
                    found
                }
            };
            assert_eq!(rows.len(), found.hits.len(), "{question}");
            if round == 0 {
                asked += keys.len();
                alike += found.hits.iter().filter(|hit| keys.contains(&hit.row.id)).count();
            }

            let begun = Instant::now();
            let mut words = fts5.prepare_cached(
                "SELECT d.id, d.name, d.body FROM words JOIN documents AS d ON d.id = words.rowid WHERE words MATCH ?1 \
                 ORDER BY bm25(words, 2.0, 1.0) LIMIT 10",
            )?;
            let rows = words.query_map([&question], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })?;
            let _rows = rows.collect::<std::result::Result<Vec<_>, _>>()?;
            took[2] += begun.elapsed();

            let begun = Instant::now();
            let rows = sqlx::query(
                "SELECT id, name, body FROM documents, plainto_tsquery('simple', $1) AS query WHERE words @@ query \
                 ORDER BY ts_rank(words, query) DESC LIMIT 10",
            )
            .bind(&question)
            .fetch_all(postgres)
            .await?;
            let _rows: Vec<(i64, String, String)> =
                rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
            took[3] += begun.elapsed();
        }
        for (best, took) in best.iter_mut().zip(took) {
            *best = (*best).min(took / QUESTIONS as u32);
        }
    }
    let [cell, tantivy, fts5, tsvector] = best.map(|time| time.as_secs_f64() * 1e6);
    println!(
        "| top 10 with rows | {cell:.0} µs | of tantivy and rows by key ({tantivy:.0} µs): {:.2} (bar: at most 1.2) | of FTS5 ({fts5:.0} µs): {:.2}, of tsvector ({tsvector:.0} µs): {:.2} (bar: ahead of both) |",
        cell / tantivy,
        cell / fts5,
        cell / tsvector
    );
    println!("| the same rows as tantivy among the ten best | {alike} of {asked} | | |");
    Ok(())
}

/// How long it takes from a commit until a search finds it, while a thousand rows a second are written.
async fn freshness(shelf: &Shelf, plain: &Plain, documents: u64) -> Result<()> {
    let mut delays = Vec::new();
    let begun = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut at = documents + 100_000;
    while begun.elapsed() < Duration::from_secs(15) {
        tick.tick().await;
        let rows: Vec<_> = (0..100)
            .map(|row| {
                let (_, body) = corpus::document(at + row);
                NewPlainDocument { id: (at + row) as i64, name: format!("fresh{}", at + row), body }
            })
            .collect();
        at += 100;
        plain.documents.insert_many(rows).await?;
        if at % 500 == 0 {
            let (word, shelf, written) = (format!("fresh{}", at - 1), shelf.clone(), Instant::now());
            delays.push(tokio::spawn(async move {
                while shelf.documents.search(word.as_str()).limit(1).await?.count == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Ok::<_, cell::search::SearchError>(written.elapsed())
            }));
        }
    }
    let mut all = Vec::new();
    for delay in delays {
        all.push(delay.await??);
    }
    all.sort();
    let middle = all.get(all.len() / 2).copied().unwrap_or_default();
    let last = all.last().copied().unwrap_or_default();
    println!(
        "| from commit to searchable, at 1,000 rows a second | middle {middle:.0?}, longest {last:.0?} (bar: under 500 ms) | | |"
    );
    Ok(())
}

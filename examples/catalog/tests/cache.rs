//! What is held is checked against the database, while somebody writes at random.
#![expect(clippy::print_stdout, reason = "the counts are what the test shows")]

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use catalog::browse::Catalog;
use catalog::registry::{DependencyKind, NewDependency, Registry};
use cell::cache;
use cell::prelude::*;
use world::{World, unpack};

/// For so long they read and write.
const LASTS: Duration = Duration::from_secs(3);
/// So many read at once.
const READERS: usize = 4;
/// So many crates there are.
const CRATES: u64 = 20;

/// What was written, as its writer knows.
#[derive(Default)]
struct Written {
    begun: AtomicU64,
    acknowledged: AtomicU64,
    /// How many dependencies there are in all.
    dependencies: AtomicU64,
    /// The number in the description of each crate.
    crates: [AtomicU64; CRATES as usize],
}

/// What was compared.
#[derive(Default)]
struct Compared {
    answers: AtomicU64,
    /// Those during which nothing was written: they are exactly what the database says.
    exact: AtomicU64,
    stale: AtomicU64,
}

/// Numbers that look random, and are the same each time.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

async fn filled() -> Result<World> {
    let world = World::empty().await?;
    for at in 0..CRATES {
        unpack(world.sources.path(), &format!("crate-{at}"), "1.0.0", "description = \"0\"\n");
    }
    world.importer().import().await?;
    Ok(world)
}

/// Numbers only go up: so each answer tells how many writes it has seen.
async fn write(registry: &Registry, written: &Written, random: &mut u64) -> Result<()> {
    let at = next(random) % CRATES;
    let name = format!("crate-{at}");
    written.begun.fetch_add(1, Ordering::SeqCst);
    let number = if next(random).is_multiple_of(2) {
        let dependency = NewDependency {
            version_id: 1 + i64::try_from(next(random) % CRATES)?,
            name,
            requirement: "1".to_owned(),
            kind: DependencyKind::Normal,
            optional: false,
        };
        registry.dependencies.insert(dependency).await?;
        &written.dependencies
    } else {
        let number = &written.crates[usize::try_from(at)?];
        let description = (number.load(Ordering::SeqCst) + 1).to_string();
        let changed = registry.crates.filter(|c| c.name.eq(name.as_str()));
        match next(random) % 3 {
            0 => drop(changed.update(|c| c.description.set(description)).await?),
            1 => {
                let change = cell::sql!("update crates set description = {description} where name = {name}");
                change.execute(registry).await?;
            }
            _ => {
                let change = async |tx: &cell::db::Tx<Registry>| {
                    let crates = tx.crates.filter(|c| c.name.eq(name.as_str()));
                    Ok(crates.update(|c| c.description.set(description)).await?)
                };
                registry.transaction(change).await?;
            }
        }
        number
    };
    number.fetch_add(1, Ordering::SeqCst);
    written.acknowledged.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

async fn read(
    registry: Registry,
    written: Arc<Written>,
    compared: Arc<Compared>,
    goes_on: Arc<AtomicBool>,
    seed: u64,
) -> Result<()> {
    let catalog = Catalog::over(registry.clone());
    let mut random = seed;
    while goes_on.load(Ordering::Relaxed) {
        let at = next(&mut random) % CRATES;
        let (name, number) = (format!("crate-{at}"), &written.crates[usize::try_from(at)?]);

        let (quiet, known) = (written.acknowledged.load(Ordering::SeqCst), number.load(Ordering::SeqCst));
        let answer = registry.crates.get(name.as_str()).await?;
        let database = cache::bypass(registry.crates.get(name.as_str())).await?;
        let is_quiet = written.begun.load(Ordering::SeqCst) == quiet;
        let seen = answer.as_ref().map(|answer| answer.description.parse()).transpose()?.unwrap_or(0);
        compared.compare(&answer, &database, seen, known, is_quiet);

        let quiet = written.acknowledged.load(Ordering::SeqCst);
        let known = written.dependencies.load(Ordering::SeqCst);
        let answer = catalog.most_depended_on(Some(100)).await?;
        let database = cache::bypass(catalog.most_depended_on(Some(100))).await?;
        let is_quiet = written.begun.load(Ordering::SeqCst) == quiet;
        let seen = answer.iter().map(|popular| popular.dependents.unsigned_abs()).sum();
        compared.compare(&answer, &database, seen, known, is_quiet);
    }
    Ok(())
}

impl Compared {
    /// Compares an answer, which has `seen` so many writes, with the database, and with how many were acknowledged before it was asked for.
    fn compare<T: PartialEq + std::fmt::Debug>(&self, answer: &T, database: &T, seen: u64, known: u64, is_quiet: bool) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        if is_quiet {
            self.exact.fetch_add(1, Ordering::Relaxed);
        }
        if seen < known || (is_quiet && answer != database) {
            self.stale.fetch_add(1, Ordering::Relaxed);
            println!("stale: {answer:?}; {known} writes were acknowledged, and the database says {database:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_given_what_the_database_has_no_more() -> Result<()> {
    let world = filled().await?;
    let (written, compared) = (Arc::new(Written::default()), Arc::new(Compared::default()));
    let goes_on = Arc::new(AtomicBool::new(true));
    let readers: Vec<_> = (1..=READERS as u64)
        .map(|seed| {
            let (written, compared) = (Arc::clone(&written), Arc::clone(&compared));
            tokio::spawn(read(world.registry.clone(), written, compared, Arc::clone(&goes_on), seed))
        })
        .collect();
    let (begun, mut random) = (Instant::now(), 88_172_645_463_325_252_u64);
    while begun.elapsed() < LASTS {
        write(&world.registry, &written, &mut random).await?;
        tokio::time::sleep(Duration::from_micros(next(&mut random) % 4_000)).await;
    }
    goes_on.store(false, Ordering::Relaxed);
    for reader in readers {
        reader.await??;
    }
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "{} answers, {} of them compared exactly, {} stale; {} writes",
        of(&compared.answers),
        of(&compared.exact),
        of(&compared.stale),
        of(&written.acknowledged)
    );
    let hits: u64 = cache::status().iter().map(|status| status.hits).sum();
    assert_eq!(of(&compared.stale), 0);
    assert!(
        of(&compared.exact) > 200 && of(&written.acknowledged) > 100 && hits > 500,
        "it did too little: {hits} hits"
    );
    Ok(())
}

/// What is really read is what the compiler has found: otherwise nobody would follow it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_what_the_build_has_written_down() -> Result<()> {
    let world = filled().await?;
    let catalog = Catalog::over(world.registry.clone());
    catalog.most_depended_on(None).await?;
    world.registry.crates.get("crate-1").await?;
    let written = include_str!("../cell/caches.json");
    let used = cache::status();
    assert_eq!(used.len(), written.matches("\"name\": ").count(), "each is used: {used:?}");
    for cache in used {
        let (_, of) = written.split_once(&format!("\"name\": \"{}\"", cache.name)).expect("it is written down");
        let of = of.split("\"name\": ").next().unwrap_or_default();
        let is_known = |read: &String| of.contains(&format!("\"on\": \"{read}\""));
        assert!(!cache.reads.is_empty() && cache.reads.iter().all(is_known), "{cache:?}: {of}");
    }
    Ok(())
}

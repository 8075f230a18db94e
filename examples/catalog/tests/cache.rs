//! What is held is checked against the database, while somebody writes at random.

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use catalog::browse::{Catalog, Popular};
use catalog::registry::{Crate, DependencyKind, NewDependency, Registry};
use cell::cache;
use cell::prelude::*;
use world::{World, unpack};

/// For so long they read and write.
const LASTS: Duration = Duration::from_secs(3);
/// So many read at once.
const READERS: usize = 4;
/// So many crates there are.
const CRATES: u64 = 20;

/// What was compared.
#[derive(Default)]
struct Compared {
    answers: AtomicU64,
    /// Those that the database changed during, so that nobody knows which answer is the one.
    in_between: AtomicU64,
    stale: AtomicU64,
    writes: AtomicU64,
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

/// Counts only go up, so the database is never as it was before.
async fn write(registry: &Registry, random: &mut u64) -> Result<()> {
    let name = format!("crate-{}", next(random) % CRATES);
    if next(random).is_multiple_of(2) {
        let dependency = NewDependency {
            version_id: 1 + i64::try_from(next(random) % CRATES)?,
            name,
            requirement: "1".to_owned(),
            kind: DependencyKind::Normal,
            optional: false,
        };
        registry.dependencies.insert(dependency).await?;
        return Ok(());
    }
    let Some(mut known) = cache::bypass(registry.crates.get(name)).await? else { return Ok(()) };
    known.description = (known.description.parse::<u64>()? + 1).to_string();
    match next(random) % 3 {
        0 => registry.crates.update(&known).await?,
        1 => {
            let (description, name) = (&known.description, &known.name);
            cell::sql!("update crates set description = {description} where name = {name}").execute(registry).await?;
        }
        _ => registry.transaction(async |tx| Ok(tx.crates.update(&known).await?)).await?,
    }
    Ok(())
}

/// Compares an answer with what the database says before and after it.
async fn compare<T: PartialEq + std::fmt::Debug>(compared: &Compared, ask: impl AsyncFn() -> Result<T>) -> Result<()> {
    let before = cache::bypass(ask()).await?;
    let answer = ask().await?;
    let after = cache::bypass(ask()).await?;
    compared.answers.fetch_add(1, Ordering::Relaxed);
    if before != after {
        compared.in_between.fetch_add(1, Ordering::Relaxed);
    } else if answer != before {
        compared.stale.fetch_add(1, Ordering::Relaxed);
        println!("stale: {answer:?}, and the database says {before:?}");
    }
    Ok(())
}

async fn read(registry: Registry, compared: Arc<Compared>, goes_on: Arc<AtomicBool>, seed: u64) -> Result<()> {
    let catalog = Catalog::over(registry.clone());
    let mut random = seed;
    while goes_on.load(Ordering::Relaxed) {
        let limit = Some(1 + u32::try_from(next(&mut random) % 5)?);
        compare::<Vec<Popular>>(&compared, async || catalog.most_depended_on(limit).await).await?;
        let name = format!("crate-{}", next(&mut random) % CRATES);
        compare::<Option<Crate>>(&compared, async || Ok(registry.crates.get(name.as_str()).await?)).await?;
        // Others are to be let in between.
        for _ in 0..20 {
            catalog.most_depended_on(limit).await?;
            registry.crates.get(name.as_str()).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_given_what_the_database_has_no_more() -> Result<()> {
    let world = filled().await?;
    let (compared, goes_on) = (Arc::new(Compared::default()), Arc::new(AtomicBool::new(true)));
    let readers: Vec<_> = (1..=READERS as u64)
        .map(|seed| tokio::spawn(read(world.registry.clone(), Arc::clone(&compared), Arc::clone(&goes_on), seed)))
        .collect();
    let (begun, mut random) = (Instant::now(), 88_172_645_463_325_252_u64);
    while begun.elapsed() < LASTS {
        write(&world.registry, &mut random).await?;
        compared.writes.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_micros(next(&mut random) % 4_000)).await;
    }
    goes_on.store(false, Ordering::Relaxed);
    for reader in readers {
        reader.await??;
    }
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "{} answers, {} while the database changed, {} stale; {} writes",
        of(&compared.answers),
        of(&compared.in_between),
        of(&compared.stale),
        of(&compared.writes)
    );
    let hits: u64 = cache::status().iter().map(|status| status.hits).sum();
    assert_eq!(of(&compared.stale), 0);
    assert!(
        of(&compared.answers) > 200 && of(&compared.writes) > 100 && hits > 1_000,
        "it did too little: {hits} hits"
    );
    Ok(())
}

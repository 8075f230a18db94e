//! Asks all libraries in turn, in rounds, on one engine. In: Cell's database with all its rows, sqlx alone, the programs of the other
//! libraries. Out: the best time of each for each question, after all of them were seen to read and write the same. Absent: figures of
//! a library that did not.

use std::time::Duration;

use cell::db::Database as _;
use cell_bench_protocol::{ITEMS, Library, Question, Result, Row, changed, key, measure};

use crate::peers::Peer;
use crate::shop::{Item, Shop, item};

/// An engine.
pub struct Engine {
    pub name: &'static str,
    /// What it is told between two libraries, so that none pays for what the one before it left.
    pub tidy: &'static str,
}

/// The best time of each library for each question: Cell, sqlx alone, and the others in their order.
pub struct Times {
    pub engine: &'static str,
    pub rows: Vec<(Question, Vec<Duration>)>,
}

struct Rounds<P> {
    engine: Engine,
    shop: Shop,
    plain: P,
    peers: Vec<Peer>,
}

/// So many rounds.
pub async fn run<P: Library>(engine: Engine, shop: Shop, plain: P, peers: Vec<Peer>, rounds: usize) -> Result<Times> {
    let mut all = Rounds { engine, shop, plain, peers };
    for library in 0..all.libraries() {
        all.verify(library).await?;
    }
    let mut rows: Vec<_> =
        Question::ALL.into_iter().map(|question| (question, vec![Duration::MAX; all.libraries()])).collect();
    for round in 0..rounds {
        for (question, best) in &mut rows {
            for at in 0..best.len() {
                // Another is the first in each round.
                let library = (at + round) % best.len();
                let time = all.ask(library, *question, question.times()).await?;
                best[library] = best[library].min(time);
                all.remove(question.adds(question.times())).await?;
            }
        }
    }
    Ok(Times { engine: all.engine.name, rows })
}

impl<P: Library> Rounds<P> {
    fn libraries(&self) -> usize {
        2 + self.peers.len()
    }

    fn name(&self, library: usize) -> &str {
        match library {
            0 => "Cell",
            1 => "sqlx",
            other => self.peers[other - 2].name,
        }
    }

    async fn ask(&mut self, library: usize, question: Question, times: u32) -> Result<Duration> {
        match library {
            0 => measure(&mut self.shop, question, times).await,
            1 => measure(&mut self.plain, question, times).await,
            other => self.peers[other - 2].ask(question, times),
        }
    }

    /// Removes what was added, which has to be so many rows.
    async fn remove(&self, added: i64) -> Result<()> {
        if added == 0 {
            return Ok(());
        }
        let removed = self.shop.items.filter(|i| i.id.gt(ITEMS)).delete().await?;
        if i64::try_from(removed)? != added {
            return Err(format!("{removed} rows were added in place of {added}").into());
        }
        self.shop.handle().script(self.engine.tidy).await?;
        Ok(())
    }

    /// Whether a library reads all rows and writes what Cell reads as it should be.
    async fn verify(&mut self, library: usize) -> Result<()> {
        for question in Question::ALL {
            self.ask(library, question, 1).await?;
            let added = self.shop.items.filter(|i| i.id.gt(ITEMS)).order_by(|i| i.id.asc()).all().await?;
            let wanted = (0..question.adds(1)).map(|at| Shop::new(Row::new(at)));
            let wanted: Vec<Item> = added.iter().zip(wanted).map(|(added, new)| item(added.id, new)).collect();
            if added != wanted {
                return Err(format!("{} added other rows than it was given", self.name(library)).into());
            }
            self.remove(question.adds(1)).await?;
        }
        let key = key(0);
        if self.shop.items.get(key).await? != Some(item(key, Shop::new(changed(key)))) {
            return Err(format!("{} wrote another row than it was given", self.name(library)).into());
        }
        Ok(self.shop.items.update(&item(key, Shop::new(Row::new(key - 1)))).await?)
    }
}
